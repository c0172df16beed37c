"""Rank plot: how often each chain visits each part of the pooled ranks."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from workbench.late_imports import LateModule
from workbench.report.figures.drawing import CHAINS, MEDIUM, Drawing, Palette, add_axes, hide_vertical_scale
from workbench.results.quantities import Draws

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from scipy import stats
else:
    stats = LateModule("scipy.stats")

_BINS = 20
"""Bins of the pooled ranks."""

_BAND = (0.025, 0.975)
"""Quantiles of a count in one bin if all chains have the same distribution."""


def draw_ranks(draws: Draws) -> Drawing:
    """Draw how often each chain visits each part of the pooled ranks, over the band that chance allows.

    References
    ----------
    Vehtari et al. (2021), doi:10.1214/20-BA1221, section 5: rank plots.
    """
    return Drawing(partial(_paint, draws), MEDIUM)


def _paint(draws: Draws, figure: Figure, palette: Palette) -> None:
    chains, length = draws.shape
    pooled = stats.rankdata(draws, method="ordinal").reshape(draws.shape)
    edges = np.linspace(0, draws.size, _BINS + 1)
    low, high = np.asarray(stats.binom.ppf(_BAND, length, 1 / _BINS))
    axes = add_axes(figure)
    axes.axhspan(low, high, color=palette.soft, alpha=0.25, linewidth=0)
    axes.axhline(length / _BINS, color=palette.soft, linewidth=0.8)
    for chain in range(chains):
        counts, _ = np.histogram(pooled[chain], edges)
        axes.stairs(counts, edges, color=CHAINS[chain % len(CHAINS)], linewidth=1.3, baseline=None)
    axes.set_xlim(0, draws.size)
    axes.margins(y=0.2)
    hide_vertical_scale(axes)
    axes.set_xlabel("rank among all draws")
