"""The density of the observed data among densities of replicated data."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from workbench.report.figures.curves import Curve, Window, choose_window, estimate_density, name_curves
from workbench.report.figures.drawing import MEDIUM, Drawing, Floats, Palette, add_axes, hide_vertical_scale

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_REPLICATIONS = 30
"""Replications drawn, spread evenly over the samples."""


def draw_overlay(observed: Floats, replicated: Floats) -> Drawing:
    """Draw the density of the observed data `(row,)` over those of the replications `(sample, row)`.

    References
    ----------
    Gabry, Simpson, Vehtari, Betancourt and Gelman (2019), Visualization in Bayesian workflow,
    doi:10.1111/rssa.12378.
    """
    chosen = replicated[:: max(1, len(replicated) // _REPLICATIONS)][:_REPLICATIONS]
    windows = choose_window(observed), choose_window(chosen)
    window = min(low for low, _ in windows), max(high for _, high in windows)
    replications = tuple(
        Curve("replicated", *estimate_density(values, window), "posterior") for values in chosen
    )
    data = Curve("observed", *estimate_density(observed, window), "ink")
    return Drawing(partial(_paint, data, replications, window), MEDIUM)


def _paint(
    data: Curve, replications: Sequence[Curve], window: Window, figure: Figure, palette: Palette
) -> None:
    axes = add_axes(figure)
    for curve in replications:
        axes.plot(curve.x, curve.y, color=palette.posterior, linewidth=0.5, alpha=0.45)
    axes.plot(data.x, data.y, color=palette.ink, linewidth=1.8)
    axes.set_xlim(*window)
    top = max(float(data.y.max()), *(float(curve.y.max()) for curve in replications))
    axes.set_ylim(0, 1.12 * top or 1.0)
    highest = max(replications, key=lambda curve: float(np.max(curve.y)))
    name_curves(axes, (data, highest), palette)
    hide_vertical_scale(axes)
