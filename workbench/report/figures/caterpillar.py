"""Effects of groups in order of size, with the mean of the population and estimates without pooling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from workbench.report.figures.drawing import DASHED, Drawing, Palette
from workbench.report.figures.labels import clean_label, fit_labels
from workbench.report.figures.segments import Interval, join_segments, paint_dots

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_LABELLED = 40
"""The most groups with a label; of more groups, only the largest and the smallest effect have one."""

MOST_GROUPS = 150
"""The most groups drawn: the lines of more would touch. Of more, some at equal distances in their order."""

_WIDTH = 4.6
"""Width of the drawing [inches]."""

_ROW_HEIGHT = 0.17
"""Height of a group with a label [inches]."""

_THIN_HEIGHT = 4.2
"""Height of a drawing of more groups than have labels [inches]."""

_BESIDE = 0.28
"""How far an estimate without pooling lies below the posterior [heights of a row]."""


@dataclass(frozen=True)
class GroupEffect:
    """A group: its label, posterior mean, intervals, and the estimate without pooling where it is known."""

    label: str
    mean: float
    outer: Interval
    inner: Interval
    unpooled: float | None = None
    unpooled_interval: Interval | None = None


@dataclass(frozen=True)
class Population:
    """The mean of the population of groups, and its interval where it is uncertain."""

    mean: float
    interval: Interval | None = None


def draw_caterpillar(effects: Sequence[GroupEffect], population: Population | None) -> Drawing:
    """Draw groups from the largest posterior mean at the top to the smallest."""
    ranked = sorted(effects, key=lambda effect: -effect.mean)
    places = np.linspace(0, len(ranked) - 1, min(len(ranked), MOST_GROUPS)).round().astype(int)
    shown = tuple(ranked[place] for place in places)
    is_labelled = len(shown) <= MOST_LABELLED
    height = 0.35 + (_ROW_HEIGHT * len(shown) if is_labelled else _THIN_HEIGHT)
    return Drawing(partial(_paint, shown, population, height), (_WIDTH, height))


def _paint(
    effects: tuple[GroupEffect, ...],
    population: Population | None,
    height: float,
    figure: Figure,
    palette: Palette,
) -> None:
    is_labelled = len(effects) <= MOST_LABELLED
    named = range(len(effects)) if is_labelled else (0, len(effects) - 1)
    labels = [clean_label(effects[place].label) for place in named]
    left, size = fit_labels(labels, _WIDTH)
    axes = figure.add_axes((left, 0.28 / height, 0.97 - left, 1 - 0.32 / height))
    if population is not None:
        _paint_population(axes, population, palette)
    _paint_effects(axes, effects, palette, scale=1.0 if is_labelled else 0.45)
    _paint_unpooled(axes, effects, palette, shift=_BESIDE if is_labelled else 0.0)
    axes.set_ylim(-len(effects) + 0.4, 0.6)
    axes.set_yticks([-place for place in named], labels, fontsize=size)
    axes.spines["left"].set_visible(False)
    axes.locator_params(axis="x", nbins=6)


def _paint_population(axes: Axes, population: Population, palette: Palette) -> None:
    if population.interval is not None:
        axes.axvspan(*population.interval, color=palette.soft, alpha=0.18, linewidth=0)
    axes.axvline(population.mean, color=palette.soft, linewidth=1.0, linestyle=DASHED)


def _paint_effects(axes: Axes, effects: Sequence[GroupEffect], palette: Palette, *, scale: float) -> None:
    heights = [-float(place) for place in range(len(effects))]
    for intervals, width in (
        ([effect.outer for effect in effects], 1.3),
        ([effect.inner for effect in effects], 3.4),
    ):
        x, y = join_segments(intervals, heights)
        axes.plot(x, y, color=palette.posterior, linewidth=width * scale, solid_capstyle="butt")
    means = [effect.mean for effect in effects]
    if scale < 1:  # one path is much smaller than a mark for each of many groups
        axes.plot(means, heights, color=palette.ink, linewidth=1.0)
    else:
        axes.plot(means, heights, "o", color=palette.posterior, markersize=4.2)


def _paint_unpooled(axes: Axes, effects: Sequence[GroupEffect], palette: Palette, *, shift: float) -> None:
    known = [
        (effect.unpooled, effect.unpooled_interval, -place - shift)
        for place, effect in enumerate(effects)
        if effect.unpooled is not None
    ]
    if not known:
        return
    spans = [(span, at) for _, span, at in known if span]
    if spans and shift:
        x, y = join_segments([span for span, _ in spans], [at for _, at in spans])
        axes.plot(x, y, color=palette.normal, linewidth=0.7)
    if not shift:
        paint_dots(axes, [(value, at) for value, _, at in known], palette.normal, 2.4)
        return
    axes.plot(
        [value for value, _, _ in known],
        [at for _, _, at in known],
        "o",
        color=palette.normal,
        markersize=3.4,
        markerfacecolor="none",
        markeredgewidth=0.9,
    )
