"""Observed frequencies of categories beside those of replications."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from workbench.report.figures.drawing import MEDIUM, Drawing, Inks, single
from workbench.report.reading import Draws

_BAND = (0.025, 0.975)


def bars(observed: Draws, replicated: Draws) -> Drawing:
    """Draw how often each category was observed, `(row,)`, and would be by replications, `(sample, row)`."""
    categories = np.unique(np.concatenate([observed, replicated.ravel()]))
    seen = np.array([(observed == one).sum() for one in categories])
    drawn = np.array([(replicated == one).sum(axis=1) for one in categories])
    low, high = np.quantile(drawn, _BAND, axis=1)
    return Drawing(partial(_paint, categories, seen, drawn.mean(axis=1), low, high), MEDIUM)


def _paint(
    categories: Draws, seen: Draws, expected: Draws, low: Draws, high: Draws, figure: Figure, inks: Inks
) -> None:
    axes = single(figure, left=0.12)
    axes.bar(categories, seen, color=inks.soft, alpha=0.45, width=0.7)
    axes.vlines(categories, low, high, color=inks.posterior, linewidth=2.2)
    axes.plot(categories, expected, "o", color=inks.posterior, markersize=4.5)
    axes.set_ylim(0, None)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=12, integer=True))
    axes.set_xlabel("category")
    axes.set_ylabel("frequency")
