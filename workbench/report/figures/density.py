"""Curves over a window: kernel densities of draws, and where to write their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from arviz_stats.base import array_stats
from matplotlib.axes import Axes

from workbench.report.reading import Draws

_TAIL = 0.005
_GRID = 160
_VISIBLE = 0.04  # of the axis: below it a name would stand on the ground, not on its curve
_PLACES = 120
_LETTER, _LINE = 4.7, 10.0  # the mean width of a letter and the height of a line [points]
_MOST_KERNEL_DRAWS = 20_000

Window = tuple[float, float]


@dataclass(frozen=True)
class Curve:
    """A line with a name to be written beside it."""

    name: str
    x: Draws
    y: Draws
    colour: str


def window_of(draws: Draws, points: Sequence[float | None] = ()) -> Window:
    """Return the range to draw: the bulk of the draws, and the points that are not too far from it."""
    low, high = np.quantile(draws, [_TAIL, 1 - _TAIL])
    width = (high - low) or 1.0
    low, high = max(draws.min(), low - 0.2 * width), min(draws.max(), high + 0.2 * width)
    near = [point for point in points if point is not None and low - width < point < high + width]
    low, high = float(min([low, *near])), float(max([high, *near]))
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def density(draws: Draws, window: Window) -> tuple[Draws, Draws]:
    """Return a kernel density estimate over the window, right at its edges too."""
    flat = draws.ravel()
    inside = flat[(flat >= window[0]) & (flat <= window[1])]
    if len(inside) < 2 or np.ptp(inside) == 0:
        return np.array(window), np.zeros(2)
    share = len(inside) / len(flat)
    kept = inside[:: max(1, len(inside) // _MOST_KERNEL_DRAWS)]
    x, height, _ = array_stats.kde(kept, grid_len=_GRID, bound_correction=True)
    return x, height * share


def name_curves(axes: Axes, curves: Sequence[Curve]) -> None:
    """Write each curve's name beside it, where it meets no curve and no other name."""
    (left, right), top = axes.get_xlim(), axes.get_ylim()[1]
    grid = np.linspace(0, 1, _PLACES)
    heights = np.array(
        [np.interp(left + grid * (right - left), one.x, one.y, left=0, right=0) / top for one in curves]
    )
    box = axes.get_window_extent()
    points = axes.figure.dpi / 72
    taken: list[_Box] = []
    for place, one in enumerate(curves):
        size = points * _LETTER * len(one.name) / box.width, points * _LINE / box.height
        spot = _free_place(grid, heights, place, size, taken)
        taken.append(spot)
        axes.text(
            left + spot.x * (right - left),
            spot.y * top,
            one.name,
            color=one.colour,
            fontsize=8.5,
            va="bottom",
        )


@dataclass(frozen=True)
class _Box:
    """A rectangle in shares of the axes, by its lower left corner."""

    x: float
    y: float
    width: float
    height: float


def _free_place(
    grid: Draws, heights: Draws, place: int, size: tuple[float, float], taken: Sequence[_Box]
) -> _Box:
    """Return the box beside a curve that covers the least, the nearest to the curve's upper part."""
    best, lowest = _Box(0, 0, *size), np.inf
    least = min(_VISIBLE, float(heights[place].max()))
    for x, y in zip(grid, heights[place], strict=True):
        if y < least:
            continue
        for shift in (0.012, -size[0] - 0.012):
            box = _Box(x + shift, y + 0.012, *size)
            cost = _covered(box, grid, heights, taken) - 0.4 * min(y, 0.7)
            if cost < lowest:
                best, lowest = box, cost
    return best


def _covered(box: _Box, grid: Draws, heights: Draws, taken: Sequence[_Box]) -> float:
    """Return how much a box covers: stretches of curves, other names, and what lies outside the axes."""
    inside = (grid >= box.x - 0.02) & (grid <= box.x + box.width + 0.02)
    under = heights[:, inside]
    if not under.size:
        return np.inf
    low = np.minimum(under, np.roll(under, 1, axis=1)) if under.shape[1] > 1 else under
    high = np.maximum(under, np.roll(under, 1, axis=1)) if under.shape[1] > 1 else under
    crossed = (low[:, 1:] < box.y + box.height) & (high[:, 1:] > box.y)
    overlapping = sum(
        abs(box.x - one.x) < max(box.width, one.width) and abs(box.y - one.y) < 1.1 * box.height
        for one in taken
    )
    outside = max(0.0, -box.x) + max(0.0, box.x + box.width - 1) + max(0.0, box.y + box.height - 1.08)
    return float(crossed.sum()) + 10 * overlapping + 100 * outside
