"""The posteriors of several quantities, one below the other, each on its own scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from workbench.report.figures.curves import choose_window, estimate_density
from workbench.report.figures.drawing import Drawing, Floats, Palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROW_HEIGHT = 0.62
"""Height of the row of one quantity [inches]."""

_LEVEL = 0.95
"""Probability of the intervals."""

_STEP = 3
"""Every n-th point of the density's grid is drawn: a small drawing needs no more."""

_WIDTH = 5.2
"""Width of the drawing [inches]."""

_LETTER_WIDTH = 0.073
"""Width of a letter of a label in the widest common typeface [inches]."""

_LABEL_SHARES = (0.3, 0.48)
"""Smallest and largest share of the width that labels take."""

_LABEL_SIZE = 9.0
"""Size of the letters of labels [points]."""


@dataclass(frozen=True)
class OverviewRow:
    """A row of the drawing: a label, and draws of the quantity in any shape."""

    label: str
    draws: Floats


def draw_overview(rows: Sequence[OverviewRow]) -> Drawing:
    """Draw the density, the median and the central 95% interval of each quantity."""
    summaries = tuple(_summarise(row) for row in rows)
    return Drawing(partial(_paint, summaries), (_WIDTH, 0.1 + _ROW_HEIGHT * len(rows)))


@dataclass(frozen=True)
class _DrawnRow:
    """What a row shows: its label, the density at points, and the interval with the median inside it."""

    label: str
    x: Floats
    height: Floats
    interval: Floats


def _summarise(row: OverviewRow) -> _DrawnRow:
    x, height = estimate_density(row.draws, choose_window(row.draws))
    interval = np.quantile(row.draws, [(1 - _LEVEL) / 2, 0.5, (1 + _LEVEL) / 2])
    return _DrawnRow(row.label, x[::_STEP], height[::_STEP], np.asarray(interval))


def _paint(rows: tuple[_DrawnRow, ...], figure: Figure, palette: Palette) -> None:
    grid = figure.add_gridspec(len(rows), 1, hspace=0.75)
    left, size = _fit_labels(rows)
    figure.subplots_adjust(left=left, right=0.97, top=0.98, bottom=0.3 / len(rows))
    for place, row in enumerate(rows):
        axes = figure.add_subplot(grid[place])
        _paint_row(axes, row, palette)
        axes.text(-0.03, 0.3, row.label, transform=axes.transAxes, ha="right", va="center", size=size)


def _fit_labels(rows: tuple[_DrawnRow, ...]) -> tuple[float, float]:
    """Return the share of the width that labels take, and the size at which the longest fits [points]."""
    needed = 0.03 + _LETTER_WIDTH * max(len(row.label) for row in rows) / _WIDTH
    share = min(max(needed, _LABEL_SHARES[0]), _LABEL_SHARES[1])
    return share, _LABEL_SIZE * min(1.0, share / needed)


def _paint_row(axes: Axes, row: _DrawnRow, palette: Palette) -> None:
    x, height = row.x, row.height
    axes.fill_between(x, height, color=palette.posterior, alpha=0.25, linewidth=0)
    axes.plot(x, height, color=palette.posterior, linewidth=1.0)
    low, middle, high = row.interval
    axes.plot(
        [low, high], [0, 0], color=palette.posterior, linewidth=2.4, solid_capstyle="butt", clip_on=False
    )
    axes.plot([middle], [0], "o", color=palette.posterior, markersize=4.5, clip_on=False)
    axes.set_ylim(0, 1.1 * height.max())
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.locator_params(axis="x", nbins=5)
    axes.tick_params(labelsize=7.5, pad=1.5)
