"""What two models predict of each row, one against the other."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from workbench.report.figures.drawing import DASHED, Drawing, Floats, Palette, add_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_POINTS = 1000
"""Rows that have a dot; of more, every n-th and those farthest from the line. Ours: more make pages large."""


def draw_side_by_side(first: Floats, second: Floats, names: tuple[str, str], unit: str) -> Drawing:
    """Draw what two models predict of each row, `(row,)` each, with the line on which they agree.

    `names` are short ones, and `unit` says what the numbers are.
    """
    return Drawing(partial(_paint, first, second, names, unit), (3.6, 3.1))


def _paint(
    first: Floats, second: Floats, names: tuple[str, str], unit: str, figure: Figure, palette: Palette
) -> None:
    axes = add_axes(figure, left=0.17, bottom=0.17)
    rows = _choose_rows(np.abs(first - second))
    low, high = min(first.min(), second.min()), max(first.max(), second.max())
    axes.plot([low, high], [low, high], color=palette.soft, linewidth=1.0, linestyle=DASHED)
    axes.plot(second[rows], first[rows], ".", color=palette.posterior, markersize=3.2)
    axes.set_xlabel(f"{unit}, {names[1]}")
    axes.set_ylabel(f"{unit}, {names[0]}")
    axes.locator_params(nbins=5)


def _choose_rows(distances: Floats) -> np.ndarray:
    """Return which rows have a dot: all, or half of them evenly and half the farthest from the line."""
    if len(distances) <= MOST_POINTS:
        return np.arange(len(distances))
    half = MOST_POINTS // 2
    farthest = np.argsort(-distances, kind="stable")[:half]
    return np.unique(np.concatenate([farthest, np.arange(0, len(distances), -(-len(distances) // half))]))
