"""A quantity along an axis, such as time: the median, two bands, and what was observed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from workbench.report.figures.drawing import MEDIUM, Drawing, Floats, Palette, add_axes
from workbench.report.figures.segments import paint_dots

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_STEPS = 400
"""The most steps along the axis that are drawn; of a longer sequence each step covers several values."""

MOST_DOTS = 2000
"""The most observed values drawn; of more, every n-th."""

_DOTS = (2.6, 1.4, 300)
"""Diameters of a dot among few and among many observed values, and how many are many [points]."""


@dataclass(frozen=True)
class Ribbon:
    """A sequence of quantities, from left to right.

    Attributes
    ----------
    at
        Where each is on the horizontal axis `(n,)`; days since 1970-01-01 where `is_date`.
    median
        Posterior medians `(n,)`.
    outer, inner
        The ends of the wide and of the narrow intervals `(2, n)`.
    is_date
        Whether the horizontal axis shows dates.
    """

    at: Floats
    median: Floats
    outer: Floats
    inner: Floats
    is_date: bool = False


def draw_ribbon(ribbon: Ribbon, observed: Floats | None = None) -> Drawing:
    """Draw the median and both bands, and dots for observed values `(n,)` where they are given."""
    return Drawing(partial(_paint, ribbon, observed), MEDIUM)


def list_steps(count: int) -> list[slice]:
    """Return which values each step of the drawing covers.

    >>> list_steps(3)
    [slice(0, 1, None), slice(1, 2, None), slice(2, 3, None)]
    """
    size = -(-count // MOST_STEPS)
    return [slice(start, start + size) for start in range(0, count, size)]


def _paint(ribbon: Ribbon, observed: Floats | None, figure: Figure, palette: Palette) -> None:
    axes = add_axes(figure, left=0.13, bottom=0.15)
    at, lower, upper = _envelop(ribbon.at, *ribbon.outer)
    axes.fill_between(at, lower, upper, color=palette.posterior, alpha=0.2, linewidth=0)
    at, lower, upper = _envelop(ribbon.at, *ribbon.inner)
    axes.fill_between(at, lower, upper, color=palette.posterior, alpha=0.35, linewidth=0)
    axes.plot(*_trace_extremes(ribbon.at, ribbon.median), color=palette.posterior, linewidth=1.2)
    if observed is not None:
        step = -(-len(observed) // MOST_DOTS)
        dots = list(zip(ribbon.at[::step].tolist(), observed[::step].tolist(), strict=True))
        paint_dots(axes, dots, palette.ink, _choose_dot(len(dots)))
    axes.margins(x=0.01)
    axes.locator_params(axis="y", nbins=5)
    if ribbon.is_date:
        _show_dates(axes)
    else:
        axes.locator_params(axis="x", nbins=7)


def _choose_dot(count: int) -> float:
    large, small, many = _DOTS
    return large if count <= many else small


def _show_dates(axes: Axes) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(maxticks=7)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def _envelop(at: Floats, lower: Floats, upper: Floats) -> tuple[Floats, Floats, Floats]:
    """Return places and the band there: in each step the lowest lower and the highest upper end."""
    steps = list_steps(len(at))
    return (
        np.array([at[step].mean() for step in steps]),
        np.array([lower[step].min() for step in steps]),
        np.array([upper[step].max() for step in steps]),
    )


def _trace_extremes(at: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Return a line through the lowest and the highest value of each step, in their order."""
    chosen = sorted(
        {
            step.start + int(place)
            for step in list_steps(len(at))
            for place in (np.argmin(values[step]), np.argmax(values[step]))
        }
    )
    return at[chosen], values[chosen]
