"""Observed data among replications of them, as densities."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.figure import Figure

from workbench.report.figures.density import Curve, density, name_curves, window_of
from workbench.report.figures.drawing import MEDIUM, Drawing, Inks, single, without_scale
from workbench.report.reading import Draws

_REPLICATIONS = 30


def overlay(observed: Draws, replicated: Draws) -> Drawing:
    """Draw the density of the observed data, `(row,)`, over those of replications, `(sample, row)`.

    References
    ----------
    Gabry, Simpson, Vehtari, Betancourt and Gelman (2019), Visualization in Bayesian workflow,
    doi:10.1111/rssa.12378.
    """
    return Drawing(partial(_paint, observed, replicated), MEDIUM)


def _paint(observed: Draws, replicated: Draws, figure: Figure, inks: Inks) -> None:
    chosen = replicated[:: max(1, len(replicated) // _REPLICATIONS)][:_REPLICATIONS]
    low, high = window_of(observed)
    among = window_of(chosen)
    window = min(low, among[0]), max(high, among[1])
    axes = single(figure)
    thin = [density(one, window) for one in chosen]
    for x, y in thin:
        axes.plot(x, y, color=inks.posterior, linewidth=0.5, alpha=0.45)
    seen = Curve("observed", *density(observed, window), inks.ink)
    axes.plot(seen.x, seen.y, color=seen.colour, linewidth=1.8)
    axes.set_xlim(*window)
    top = max(float(seen.y.max()), *(float(y.max()) for _, y in thin))
    axes.set_ylim(0, 1.12 * top or 1.0)
    highest = max(thin, key=lambda one: float(np.max(one[1])))
    name_curves(axes, (seen, Curve("replicated", *highest, inks.posterior)))
    without_scale(axes)
