"""A quantity along a hyperparameter: posterior mean and interval, with prior and likelihood as references."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from workbench.report.figures.drawing import DASHED, DOTTED, SMALL, Drawing, Palette, add_axes
from workbench.report.numbers import format_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_TICKS = 5
"""The most ticks on the axis of the hyperparameter."""

_SAME = 1e-9
"""Values that differ by less than this share are the same: they come from arithmetic, such as a grid."""

_MARGIN = 1.0
"""Room above and below the posterior intervals [half of their range]; the prior may lie outside."""

_BESIDE = 1.02
"""Horizontal place of the interval of the likelihood [width of the axes]."""


@dataclass(frozen=True)
class SweepPoint:
    """A quantity at one value of a hyperparameter.

    Attributes
    ----------
    at
        The value of the hyperparameter.
    mean, lower, upper
        Posterior mean and interval.
    is_full
        Whether the point is a full fit.
    prior
        The prior interval, where it is known.
    """

    at: float
    mean: float
    lower: float
    upper: float
    is_full: bool
    prior: tuple[float, float] | None = None


@dataclass(frozen=True)
class SweepReferences:
    """What the points are compared with; each may be unknown.

    Attributes
    ----------
    base
        The value of the hyperparameter in the base fit.
    likelihood, interval
        The maximum of the likelihood, and the interval around it.
    tipping
        Values of the hyperparameter at which a decision tips.
    """

    base: float | None = None
    likelihood: float | None = None
    interval: tuple[float, float] | None = None
    tipping: tuple[float, ...] = ()


def draw_sweep(points: Sequence[SweepPoint], references: SweepReferences, *, is_log: bool) -> Drawing:
    """Draw posterior mean and interval against a hyperparameter."""
    return Drawing(partial(_paint, tuple(points), references, is_log), SMALL)


def _paint(
    points: tuple[SweepPoint, ...],
    references: SweepReferences,
    is_log: bool,
    figure: Figure,
    palette: Palette,
) -> None:
    axes = add_axes(figure, left=0.16)
    at = [point.at for point in points]
    if is_log:
        axes.set_xscale("log")
    _paint_priors(axes, points, palette)
    axes.fill_between(
        at,
        [point.lower for point in points],
        [point.upper for point in points],
        color=palette.posterior,
        alpha=0.22,
        linewidth=0,
    )
    axes.plot(at, [point.mean for point in points], color=palette.posterior, linewidth=1.5)
    for is_full, face in ((True, palette.posterior), (False, "none")):
        own = [point for point in points if point.is_full == is_full]
        axes.plot(
            [point.at for point in own], [point.mean for point in own], "o", color=palette.posterior,
            markerfacecolor=face, markersize=4.5,
        )  # fmt: skip
    _paint_references(axes, references, palette)
    low, high = min(point.lower for point in points), max(point.upper for point in points)
    room = _MARGIN * 0.5 * ((high - low) or 1.0)
    axes.set_ylim(low - room, high + room)
    _paint_likelihood_interval(axes, references, palette, (low - room, high + room))
    set_value_ticks(axes, at, is_log)


def _paint_priors(axes: Axes, points: tuple[SweepPoint, ...], palette: Palette) -> None:
    known = [(point.at, *point.prior) for point in points if point.prior is not None]
    if not known:
        return
    at, lower, upper = zip(*known, strict=True)
    axes.fill_between(at, lower, upper, color=palette.prior, alpha=0.12, linewidth=0)
    for edge in (lower, upper):
        axes.plot(at, edge, color=palette.prior, linewidth=1.0, linestyle=DOTTED)


def _paint_references(axes: Axes, references: SweepReferences, palette: Palette) -> None:
    if references.likelihood is not None:
        axes.axhline(references.likelihood, color=palette.normal, linewidth=1.1, linestyle=DASHED)
    if references.base is not None:
        axes.axvline(references.base, color=palette.soft, linewidth=0.8)
    for value in references.tipping:
        axes.axvline(value, color=palette.ink, linewidth=1.0, linestyle=DOTTED)


def _paint_likelihood_interval(
    axes: Axes, references: SweepReferences, palette: Palette, ends: tuple[float, float]
) -> None:
    """Draw the interval of the likelihood at the right, as far as it lies within the axes."""
    if references.interval is None:
        return
    lower, upper = (min(max(end, ends[0]), ends[1]) for end in references.interval)
    if lower < upper:
        axes.plot(
            [_BESIDE] * 2, [lower, upper], color=palette.normal, linewidth=2.0, solid_capstyle="butt",
            transform=axes.get_yaxis_transform(), clip_on=False,
        )  # fmt: skip


def set_value_ticks(axes: Axes, at: Sequence[float], is_log: bool) -> None:
    """Put ticks at some of the values: a logarithmic axis may contain no power of ten."""
    from matplotlib.ticker import FixedLocator, NullLocator

    chosen = (
        list(at)
        if len(at) <= _MOST_TICKS
        else [at[round(i * (len(at) - 1) / (_MOST_TICKS - 1))] for i in range(_MOST_TICKS)]
    )
    if is_log:
        axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_locator(FixedLocator(chosen))
    axes.set_xticklabels([name_value(value) for value in chosen])
    axes.locator_params(axis="y", nbins=5)


def name_value(value: float) -> str:
    """Return a value with the fewest digits that are it, from two to four of them; of any other three.

    >>> name_value(0.125), name_value(1.25), name_value(0.5), name_value(0.0794328)
    ('0.125', '1.25', '0.5', '0.0794')
    """
    shown = [float(f"{value:.{digits}g}") for digits in (2, 3, 4)]
    exact = (short for short in shown if math.isclose(short, value, rel_tol=_SAME))
    return format_number(next(exact, shown[1]))
