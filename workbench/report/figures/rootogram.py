"""Rootogram: observed and replicated frequencies of counts, on a square-root scale."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from workbench.report.figures.drawing import MEDIUM, Drawing, Floats, Palette, add_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_BINS = 50
"""The most bins; of more counts, several share a bin."""

_BAND = (0.025, 0.975)
"""Quantiles of the replicated frequencies between which the band lies."""


def draw_rootogram(observed: Floats, replicated: Floats) -> Drawing:
    """Draw the frequency of each count in the data `(row,)` and in the replications `(sample, row)`.

    The vertical scale is the square root of the frequency, whose sampling SD is about the same everywhere.

    References
    ----------
    Kleiber and Zeileis (2016), Visualizing count data regressions using rootograms,
    doi:10.1080/00031305.2016.1173590.
    """
    edges = choose_bin_edges(observed, replicated)
    counts = np.histogram(observed, edges)[0]
    replicated_counts = np.array([np.histogram(values, edges)[0] for values in replicated])
    low, high = np.quantile(replicated_counts, _BAND, axis=0)
    return Drawing(partial(_paint, edges, counts, replicated_counts.mean(axis=0), low, high), MEDIUM)


def choose_bin_edges(observed: Floats, replicated: Floats) -> Floats:
    """Return the edges of bins of whole counts, in which nearly all observed and replicated counts lie."""
    bottom = float(min(observed.min(), replicated.min()))
    top = float(max(observed.max(), np.quantile(replicated, 0.995)))
    width = max(1, int(np.ceil((top - bottom + 1) / _MOST_BINS)))
    edges = np.arange(bottom, top + width + 1, width) - 0.5
    edges[-1] = max(edges[-1], float(replicated.max()) + 0.5)
    return np.asarray(edges, dtype=np.float64)  # beyond 64 bits, NumPy makes objects of whole numbers


def _paint(
    edges: Floats,
    counts: Floats,
    expected: Floats,
    low: Floats,
    high: Floats,
    figure: Figure,
    palette: Palette,
) -> None:
    from matplotlib.ticker import FuncFormatter

    centres = edges[:-1] + (edges[1] - edges[0]) / 2
    axes = add_axes(figure, left=0.12)
    axes.fill_between(
        centres, np.sqrt(low), np.sqrt(high), color=palette.posterior, alpha=0.22, linewidth=0, step="mid"
    )
    axes.plot(centres, np.sqrt(expected), color=palette.posterior, linewidth=1.2, drawstyle="steps-mid")
    is_out = (counts < low) | (counts > high)
    axes.plot(centres[~is_out], np.sqrt(counts[~is_out]), "o", color=palette.ink, markersize=3.2)
    axes.plot(centres[is_out], np.sqrt(counts[is_out]), "D", color=palette.normal, markersize=3.8)
    axes.set_ylim(0, 1.1 * float(np.sqrt(max(counts.max(), high.max()))))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda root, _: f"{root**2:.0f}"))
    axes.set_xlabel("count")
    axes.set_ylabel("frequency")
    axes.locator_params(axis="y", nbins=4)
