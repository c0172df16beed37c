"""Densities of one quantity from several runs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from workbench.report.figures.curves import Curve, Window, choose_window, estimate_density, name_curves
from workbench.report.figures.drawing import (
    CHAINS,
    SMALL,
    Drawing,
    Floats,
    Palette,
    add_axes,
    hide_vertical_scale,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DASHES = ("-", (0, (5, 2)), (0, (1, 1.2)), (0, (5, 1.5, 1, 1.5)))
"""Line styles of the runs in turn; they keep curves apart where colours do not."""


def draw_densities(runs: Sequence[tuple[str, Floats]]) -> Drawing:
    """Draw the density of one quantity for each run, with a short name beside each curve."""
    ranges = [choose_window(draws) for _, draws in runs]
    window = min(low for low, _ in ranges), max(high for _, high in ranges)
    curves = tuple(Curve(name, *estimate_density(draws, window), "ink") for name, draws in runs)
    return Drawing(partial(_paint, curves, window), SMALL)


def _paint(curves: Sequence[Curve], window: Window, figure: Figure, palette: Palette) -> None:
    axes = add_axes(figure, bottom=0.12)
    for place, curve in enumerate(curves):
        axes.plot(
            curve.x,
            curve.y,
            color=CHAINS[place % len(CHAINS)],
            linewidth=1.4,
            linestyle=_DASHES[place % len(_DASHES)],
        )
    axes.set_xlim(*window)
    axes.set_ylim(0, 1.08 * max(float(np.max(curve.y)) for curve in curves) or 1.0)
    name_curves(axes, curves, palette)
    hide_vertical_scale(axes)
    axes.locator_params(axis="x", nbins=5)
