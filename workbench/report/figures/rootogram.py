"""Observed frequencies of counts beside those of replications."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from workbench.report.figures.drawing import MEDIUM, Drawing, Inks, single
from workbench.report.reading import Draws

_MOST_BINS = 50
_BAND = (0.025, 0.975)


def rootogram(observed: Draws, replicated: Draws) -> Drawing:
    """Draw how often each count was observed, `(row,)`, and would be by replications, `(sample, row)`.

    The vertical scale is the square root of the frequency, on which chance is about as large everywhere.

    References
    ----------
    Kleiber and Zeileis (2016), Visualizing count data regressions using rootograms,
    doi:10.1080/00031305.2016.1173590.
    """
    edges = bin_edges(observed, replicated)
    seen = np.histogram(observed, edges)[0]
    drawn = np.array([np.histogram(one, edges)[0] for one in replicated])
    low, high = np.quantile(drawn, _BAND, axis=0)
    return Drawing(partial(_paint, edges, seen, drawn.mean(axis=0), low, high), MEDIUM)


def bin_edges(observed: Draws, replicated: Draws) -> Draws:
    """Return bins of whole counts, up to where nearly all observed and replicated counts lie."""
    bottom = float(min(observed.min(), replicated.min()))
    top = float(max(observed.max(), np.quantile(replicated, 0.995)))
    width = max(1, int(np.ceil((top - bottom + 1) / _MOST_BINS)))
    edges = np.arange(bottom, top + width + 1, width) - 0.5
    edges[-1] = max(edges[-1], float(replicated.max()) + 0.5)
    return np.asarray(edges)


def _paint(
    edges: Draws, seen: Draws, expected: Draws, low: Draws, high: Draws, figure: Figure, inks: Inks
) -> None:
    centres = edges[:-1] + (edges[1] - edges[0]) / 2
    axes = single(figure, left=0.12)
    axes.fill_between(
        centres, np.sqrt(low), np.sqrt(high), color=inks.posterior, alpha=0.22, linewidth=0, step="mid"
    )
    axes.plot(centres, np.sqrt(expected), color=inks.posterior, linewidth=1.2, drawstyle="steps-mid")
    is_out = (seen < low) | (seen > high)
    axes.plot(centres[~is_out], np.sqrt(seen[~is_out]), "o", color=inks.ink, markersize=3.2)
    axes.plot(centres[is_out], np.sqrt(seen[is_out]), "D", color=inks.normal, markersize=3.8)
    axes.set_ylim(0, 1.1 * float(np.sqrt(max(seen.max(), high.max()))))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda root, _: f"{root**2:.0f}"))
    axes.set_xlabel("count")
    axes.set_ylabel("frequency")
    axes.locator_params(axis="y", nbins=4)
