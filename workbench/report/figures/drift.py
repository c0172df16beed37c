"""The posterior of one quantity after each batch of rows."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from workbench.report.figures.drawing import SMALL, Drawing, Floats, Palette, add_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DOT = 5.0
"""Diameter of a mean [points]."""


def draw_drift(mean: Floats, lower: Floats, upper: Floats) -> Drawing:
    """Draw a mean and an interval for each run of a chain of updates, `(run,)`, the first at the left."""
    return Drawing(partial(_paint, mean, lower, upper), SMALL)


def _paint(mean: Floats, lower: Floats, upper: Floats, figure: Figure, palette: Palette) -> None:
    axes = add_axes(figure, left=0.2)
    batches = np.arange(1, len(mean) + 1)
    gaps = np.full(len(mean), np.nan)
    axes.plot(
        np.column_stack([batches, batches, gaps]).ravel(),
        np.column_stack([lower, upper, gaps]).ravel(),
        color=palette.posterior,
        linewidth=1.6,
    )
    axes.plot(batches, mean, "o", color=palette.posterior, markersize=_DOT)
    axes.set_xlim(0.5, len(mean) + 0.5)
    axes.set_xlabel("batch")
    axes.locator_params(axis="y", nbins=5)
    axes.locator_params(axis="x", nbins=min(8, len(mean) + 1), integer=True)
