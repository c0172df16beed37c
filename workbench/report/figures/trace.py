"""The path of each chain."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from workbench.report.figures.drawing import CHAINS, MAX_MARKS, MEDIUM, Drawing, Floats, Palette, add_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


_TOP_WITH_POWER = 0.87
"""Upper end of the axes below a power of ten [share of the height]."""


def draw_trace(draws: Floats, divergent: Floats | None) -> Drawing:
    """Draw the path of each chain `(chain, draw)`, with divergent draws marked at the foot."""
    return Drawing(partial(_paint, draws, divergent), MEDIUM)


def _paint(draws: Floats, divergent: Floats | None, figure: Figure, palette: Palette) -> None:
    axes = add_axes(figure, left=0.13)
    for chain, path in enumerate(draws):
        axes.plot(path, color=CHAINS[chain % len(CHAINS)], linewidth=0.45, alpha=0.7, rasterized=True)
    if divergent is not None and divergent.any():
        where = np.nonzero(divergent.any(axis=0))[0][:MAX_MARKS]
        floor = axes.get_ylim()[0]
        axes.plot(where, np.full(len(where), floor), "|", color=palette.ink, markersize=7, clip_on=False)
    axes.set_xlim(0, max(1, draws.shape[1] - 1))
    axes.set_xlabel("draw")
    axes.locator_params(axis="y", nbins=4)
    _make_room_for_power(axes, figure)


def _make_room_for_power(axes: Axes, figure: Figure) -> None:
    """Lower the top of the axes where a power of ten stands above them: it would cover the caption."""
    formatter = axes.yaxis.get_major_formatter()
    formatter.set_locs(axes.get_yticks().tolist())
    if formatter.get_offset():
        figure.subplots_adjust(top=_TOP_WITH_POWER)
