"""The density of the observed data among densities of replicated data."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from workbench.report.figures.curves import Curve, choose_window, estimate_density, name_curves
from workbench.report.figures.drawing import MEDIUM, Drawing, Palette, add_axes, hide_vertical_scale
from workbench.results.quantities import Draws

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_REPLICATIONS = 30
"""Replications drawn, spread evenly over the samples."""


def draw_overlay(observed: Draws, replicated: Draws) -> Drawing:
    """Draw the density of the observed data `(row,)` over those of the replications `(sample, row)`.

    References
    ----------
    Gabry, Simpson, Vehtari, Betancourt and Gelman (2019), Visualization in Bayesian workflow,
    doi:10.1111/rssa.12378.
    """
    return Drawing(partial(_paint, observed, replicated), MEDIUM)


def _paint(observed: Draws, replicated: Draws, figure: Figure, palette: Palette) -> None:
    chosen = replicated[:: max(1, len(replicated) // _REPLICATIONS)][:_REPLICATIONS]
    windows = choose_window(observed), choose_window(chosen)
    window = min(low for low, _ in windows), max(high for _, high in windows)
    axes = add_axes(figure)
    replications = [estimate_density(values, window) for values in chosen]
    for x, y in replications:
        axes.plot(x, y, color=palette.posterior, linewidth=0.5, alpha=0.45)
    data = Curve("observed", *estimate_density(observed, window), palette.ink)
    axes.plot(data.x, data.y, color=data.colour, linewidth=1.8)
    axes.set_xlim(*window)
    top = max(float(data.y.max()), *(float(y.max()) for _, y in replications))
    axes.set_ylim(0, 1.12 * top or 1.0)
    highest = max(replications, key=lambda density: float(np.max(density[1])))
    name_curves(axes, (data, Curve("replicated", *highest, palette.posterior)))
    hide_vertical_scale(axes)
