"""Densities of one quantity from several runs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from matplotlib.figure import Figure

from workbench.report.figures.density import Curve, density, name_curves, window_of
from workbench.report.figures.drawing import CHAINS, SMALL, Drawing, Inks, single, without_scale
from workbench.report.reading import Draws

_DASHES = ("-", (0, (5, 2)), (0, (1, 1.2)), (0, (5, 1.5, 1, 1.5)))


def densities(runs: Sequence[tuple[str, Draws]]) -> Drawing:
    """Draw the density of one quantity for each run, with a short name beside each curve."""
    return Drawing(partial(_paint, tuple(runs)), SMALL)


def _paint(runs: Sequence[tuple[str, Draws]], figure: Figure, inks: Inks) -> None:
    ranges = [window_of(draws) for _, draws in runs]
    window = min(low for low, _ in ranges), max(high for _, high in ranges)
    axes = single(figure, bottom=0.12)
    curves = [
        Curve(name, *density(draws, window), inks.ink)  # told apart by middle tones and by dashes
        for name, draws in runs
    ]
    for place, one in enumerate(curves):
        axes.plot(
            one.x,
            one.y,
            color=CHAINS[place % len(CHAINS)],
            linewidth=1.4,
            linestyle=_DASHES[place % len(_DASHES)],
        )
    axes.set_xlim(*window)
    axes.set_ylim(0, 1.08 * max(float(np.max(one.y)) for one in curves) or 1.0)
    name_curves(axes, curves)
    without_scale(axes)
    axes.locator_params(axis="x", nbins=5)
