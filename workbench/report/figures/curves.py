"""Curves: the range to draw, kernel densities of draws, and the places of the curves' names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workbench.late_imports import LateModule
from workbench.report.figures.drawing import Floats, Palette

if TYPE_CHECKING:
    from arviz_stats.base import array_stats
    from matplotlib.axes import Axes
else:
    array_stats = LateModule("arviz_stats.base", "array_stats")

_TAIL = 0.005
"""Share of the draws in each tail that the range to draw may leave out."""

GRID_POINTS = 160
"""Points at which a density is evaluated."""

_LOWEST_LABELLED = 0.04
"""The lowest height of a curve that can have its name beside it [share of the vertical axis]."""

_PLACES = 120
"""Places along a curve that are tried for its name."""

_LETTER_WIDTH, _LINE_HEIGHT = 4.7, 10.0
"""Mean width of a letter, and height of a line of text [points]."""

_MOST_KERNEL_DRAWS = 20_000
"""The most draws in a kernel density estimate; of more, every n-th."""

Window = tuple[float, float]
"""The lower and upper end of the range to draw."""


@dataclass(frozen=True)
class Curve:
    """A line with a name to be written beside it, in a colour of the palette that `role` names."""

    name: str
    x: Floats
    y: Floats
    role: str


def choose_window(draws: Floats, points: Sequence[float | None] = ()) -> Window:
    """Return the range to draw: the bulk of the draws, and those points that are not far from it."""
    low, high = np.quantile(draws, [_TAIL, 1 - _TAIL])
    width = (high - low) or 1.0
    low, high = max(draws.min(), low - 0.2 * width), min(draws.max(), high + 0.2 * width)
    near = [point for point in points if point is not None and low - width < point < high + width]
    low, high = float(min([low, *near])), float(max([high, *near]))
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def estimate_density(draws: Floats, window: Window) -> tuple[Floats, Floats]:
    """Return the points and heights of a kernel density estimate over the window, corrected at its ends."""
    flat = draws.ravel()
    inside = flat[(flat >= window[0]) & (flat <= window[1])]
    if len(inside) < 2 or np.ptp(inside) == 0:
        return np.array(window), np.zeros(2)
    share = len(inside) / len(flat)
    kept = inside[:: max(1, len(inside) // _MOST_KERNEL_DRAWS)]
    x, height, _ = array_stats.kde(kept, grid_len=GRID_POINTS, bound_correction=True)
    return x, height * share


def name_curves(axes: Axes, curves: Sequence[Curve], palette: Palette) -> None:
    """Write the name of each curve beside it, where it covers no curve and no other name."""
    (left, right), top = axes.get_xlim(), axes.get_ylim()[1]
    grid = np.linspace(0, 1, _PLACES)
    heights = np.array(
        [np.interp(left + grid * (right - left), curve.x, curve.y, left=0, right=0) / top for curve in curves]
    )
    box = axes.get_window_extent()
    points = axes.figure.dpi / 72
    taken: list[_Box] = []
    for place, curve in enumerate(curves):
        size = points * _LETTER_WIDTH * len(curve.name) / box.width, points * _LINE_HEIGHT / box.height
        label_box = _find_place(grid, heights, place, size, taken)
        taken.append(label_box)
        axes.text(
            left + label_box.x * (right - left),
            label_box.y * top,
            curve.name,
            color=getattr(palette, curve.role),
            fontsize=8.5,
            va="bottom",
        )


@dataclass(frozen=True)
class _Box:
    """A rectangle, by its lower left corner [share of the axes]."""

    x: float
    y: float
    width: float
    height: float


def _find_place(
    grid: Floats, heights: Floats, place: int, size: tuple[float, float], taken: Sequence[_Box]
) -> _Box:
    """Return the box beside a curve that covers least, preferably near the upper part of the curve."""
    best, lowest_cost = _Box(0, 0, *size), np.inf
    floor = min(_LOWEST_LABELLED, float(heights[place].max()))
    low = np.minimum(heights[:, 1:], heights[:, :-1])
    high = np.maximum(heights[:, 1:], heights[:, :-1])
    for x, y in zip(grid.tolist(), heights[place].tolist(), strict=True):
        if y < floor:
            continue
        for shift in (0.012, -size[0] - 0.012):
            box = _Box(x + shift, y + 0.012, *size)
            cost = _measure_overlap(box, taken) - 0.4 * min(y, 0.7)
            if cost < lowest_cost:  # the curves can only add to it
                cost += _count_crossed(box, grid, low, high)
            if cost < lowest_cost:
                best, lowest_cost = box, cost
    return best


def _measure_overlap(box: _Box, taken: Sequence[_Box]) -> float:
    """Return how much a box covers of other names, and of the space outside the axes."""
    overlapping = sum(
        abs(box.x - other.x) < max(box.width, other.width) and abs(box.y - other.y) < 1.1 * box.height
        for other in taken
    )
    outside = max(0.0, -box.x) + max(0.0, box.x + box.width - 1) + max(0.0, box.y + box.height - 1.08)
    return 10 * overlapping + 100 * outside


def _count_crossed(box: _Box, grid: Floats, low: Floats, high: Floats) -> float:
    """Return how many pieces of curves a box covers; `low` and `high` are their ends, `(curve, piece)`."""
    first = int(np.searchsorted(grid, box.x - 0.02))
    last = int(np.searchsorted(grid, box.x + box.width + 0.02, side="right"))
    if first >= last:
        return np.inf
    pieces = slice(first, last - 1)
    crossed = (low[:, pieces] < box.y + box.height) & (high[:, pieces] > box.y)
    return float(np.count_nonzero(crossed))
