"""A quantity over two hyperparameters: one cell per point, shaded by its value and labelled with it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from workbench.report.figures.drawing import Drawing, Palette, add_axes
from workbench.report.numbers import format_number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LARGEST_LABELLED = 9
"""The most columns whose cells have labels; in more, a label is wider than its cell."""

_FAINTEST, _STRONGEST = 0.04, 0.6
"""Opacity of the cells of the smallest and of the largest value."""


def draw_heat_map(
    across: Sequence[float],
    up: Sequence[float],
    values: np.ndarray,
    is_full: np.ndarray,
    decimals: int | None,
) -> Drawing:
    """Draw a value for each pair of hyperparameters.

    Parameters
    ----------
    across, up
        The values of the two hyperparameters.
    values
        `(up, across)`; NaN where a pair has no value.
    is_full
        `(up, across)`: whether the pair has a full fit; its cell has a frame.
    decimals
        The decimals of the labels.
    """
    height = min(0.36 * len(up) + 0.7, 4.2)
    width = min(0.62 * len(across) + 0.9, 6.0)
    paint_cells = partial(_paint, tuple(across), tuple(up), values, is_full, decimals)
    return Drawing(paint_cells, (max(width, 3.2), max(height, 2.0)))


def _paint(
    across: tuple[float, ...],
    up: tuple[float, ...],
    values: np.ndarray,
    is_full: np.ndarray,
    decimals: int | None,
    figure: Figure,
    palette: Palette,
) -> None:
    from matplotlib.patches import Rectangle

    axes = add_axes(figure, left=0.15)
    low, high = np.nanmin(values), np.nanmax(values)
    for (row, column), value in np.ndenumerate(values):
        if np.isnan(value):
            continue
        share = (value - low) / (high - low) if high > low else 0.0
        shade = _FAINTEST + (_STRONGEST - _FAINTEST) * share
        corner = (column - 0.5, row - 0.5)
        axes.add_patch(Rectangle(corner, 1, 1, facecolor=palette.posterior, alpha=shade, linewidth=0))
        if is_full[row, column]:
            inner = (column - 0.46, row - 0.46)
            axes.add_patch(Rectangle(inner, 0.92, 0.92, fill=False, edgecolor=palette.ink, linewidth=0.9))
        if len(across) <= _LARGEST_LABELLED:
            axes.text(
                column, row, format_number(float(value), decimals), ha="center", va="center", fontsize=7.5
            )
    axes.set_xlim(-0.5, len(across) - 0.5)
    axes.set_ylim(-0.5, len(up) - 0.5)
    axes.set_xticks(range(len(across)), [_format_tick(value) for value in across])
    axes.set_yticks(range(len(up)), [_format_tick(value) for value in up])
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0)


def _format_tick(value: float) -> str:
    return format_number(float(f"{value:.2g}"))
