"""Rank plot: how often each chain visits each part of the pooled ranks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from workbench.late_imports import LateModule
from workbench.report.figures.drawing import (
    CHAINS,
    MEDIUM,
    Drawing,
    Floats,
    Palette,
    add_axes,
    hide_vertical_scale,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from scipy import stats
else:
    stats = LateModule("scipy.stats")

_BINS = 20
"""Bins of the pooled ranks."""

_BAND = (0.025, 0.975)
"""Quantiles of a count in one bin if all chains have the same distribution."""


def draw_ranks(draws: Floats) -> Drawing:
    """Draw how often each chain visits each part of the pooled ranks, over the band that chance allows.

    References
    ----------
    Vehtari et al. (2021), doi:10.1214/20-BA1221, section 5: rank plots.
    """
    length = draws.shape[1]
    pooled = stats.rankdata(draws, method="ordinal").reshape(draws.shape)
    edges = np.linspace(0, draws.size, _BINS + 1)
    band = np.asarray(stats.binom.ppf(_BAND, length, 1 / _BINS))
    counts = [np.histogram(ranks, edges)[0] for ranks in pooled]
    return Drawing(partial(_paint, counts, edges, length / _BINS, band), MEDIUM)


def _paint(
    counts: Sequence[Floats],
    edges: Floats,
    expected: float,
    band: Floats,
    figure: Figure,
    palette: Palette,
) -> None:
    axes = add_axes(figure)
    axes.axhspan(*band, color=palette.soft, alpha=0.25, linewidth=0)
    axes.axhline(expected, color=palette.soft, linewidth=0.8)
    for chain, heights in enumerate(counts):
        axes.stairs(heights, edges, color=CHAINS[chain % len(CHAINS)], linewidth=1.3, baseline=None)
    axes.set_xlim(0, edges[-1])
    axes.margins(y=0.2)
    hide_vertical_scale(axes)
    axes.set_xlabel("rank among all draws")
