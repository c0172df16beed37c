"""Leave-one-out side by side: how far runs are below the best, and which rows make the difference."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from workbench.report.figures.drawing import DASHED, Drawing, Floats, Palette, add_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure


MAX_ROWS = 1000
"""Rows that have a dot. Ours: more make the page large, and those left out differ least."""


def draw_elpd_differences(
    labels: Sequence[str], differences: Sequence[float], errors: Sequence[float]
) -> Drawing:
    """Draw the elpd of runs relative to the best, whose difference is 0, and two standard errors of each.

    Parameters
    ----------
    labels
        Short names, the best run first.
    differences, errors
        How far the elpd of each lies above that of the best (so at most 0), and its standard error [nats].
    """
    size = (3.6, min(0.95 + 0.27 * len(labels), 4.4))
    return Drawing(partial(_paint_differences, tuple(labels), tuple(differences), tuple(errors)), size)


def _paint_differences(
    labels: Sequence[str],
    differences: Sequence[float],
    errors: Sequence[float],
    figure: Figure,
    palette: Palette,
) -> None:
    axes = add_axes(figure, left=0.1, bottom=0.48 / figure.get_figheight())
    lines = np.arange(len(labels))[::-1]
    axes.axvline(0, color=palette.soft, linewidth=1.0, linestyle=DASHED)
    bars = [2 * error for error in errors]
    axes.errorbar(
        differences, lines, xerr=bars, fmt="o", color=palette.posterior, markersize=4.5, elinewidth=1.4
    )
    axes.set_yticks(lines, labels)
    axes.set_ylim(-0.6, len(labels) - 0.4)
    axes.set_xlabel("elpd, relative to the best [nats]")
    axes.spines["left"].set_visible(False)
    axes.locator_params(axis="x", nbins=5)


def draw_row_differences(differences: Floats, first: str, second: str, unit: str = "row") -> Drawing:
    """Draw how much better the first of two runs predicts each row `(row,)` than the second [nats].

    Of many rows, the `MAX_ROWS` with the largest differences are drawn.
    """
    return Drawing(partial(_paint_rows, differences, first, second, unit), (3.6, 2.1))


def _paint_rows(
    differences: Floats, first: str, second: str, unit: str, figure: Figure, palette: Palette
) -> None:
    axes = add_axes(figure, left=0.16, bottom=0.23)
    axes.axhline(0, color=palette.soft, linewidth=1.0, linestyle=DASHED)
    rows = np.sort(np.argsort(-np.abs(differences), kind="stable")[:MAX_ROWS])
    axes.plot(rows + 1, differences[rows], ".", color=palette.posterior, markersize=3.2)
    axes.set_xlim(0.5, len(differences) + 0.5)
    axes.set_xlabel(unit)
    axes.set_ylabel(f"elpd, {first} − {second}")
    axes.locator_params(axis="y", nbins=5)
