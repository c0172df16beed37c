"""Observed and replicated frequencies of categories."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from workbench.report.figures.drawing import MEDIUM, Drawing, Floats, Palette, add_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_BAND = (0.025, 0.975)
"""Quantiles of the replicated frequencies between which a line is drawn."""


def draw_bars(observed: Floats, replicated: Floats) -> Drawing:
    """Draw the frequency of each category in the data `(row,)` and in the replications `(sample, row)`."""
    categories = np.unique(np.concatenate([observed, replicated.ravel()]))
    counts = np.array([(observed == category).sum() for category in categories])
    replicated_counts = np.array([(replicated == category).sum(axis=1) for category in categories])
    low, high = np.quantile(replicated_counts, _BAND, axis=1)
    expected = replicated_counts.mean(axis=1)
    return Drawing(partial(_paint, categories, counts, expected, low, high), MEDIUM)


def _paint(
    categories: Floats,
    counts: Floats,
    expected: Floats,
    low: Floats,
    high: Floats,
    figure: Figure,
    palette: Palette,
) -> None:
    from matplotlib.ticker import MaxNLocator

    axes = add_axes(figure, left=0.12)
    axes.bar(categories, counts, color=palette.soft, alpha=0.45, width=0.7)
    axes.vlines(categories, low, high, color=palette.posterior, linewidth=2.2)
    axes.plot(categories, expected, "o", color=palette.posterior, markersize=4.5)
    axes.set_ylim(0, None)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=12, integer=True))
    axes.set_xlabel("category")
    axes.set_ylabel("frequency")
