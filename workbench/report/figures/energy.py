"""The energy of the draws, and its changes from draw to draw."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from workbench.report.figures.curves import Curve, Window, choose_window, estimate_density, name_curves
from workbench.report.figures.drawing import (
    DASHED,
    MEDIUM,
    Drawing,
    Floats,
    Palette,
    add_axes,
    hide_vertical_scale,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_energy(energies: Floats) -> Drawing:
    """Draw the distributions of the energy `(chain, draw)` and of its changes from draw to draw.

    References
    ----------
    Betancourt (2017), A conceptual introduction to Hamiltonian Monte Carlo, arXiv:1701.02434, section 6.1.
    """
    centred = energies - energies.mean(axis=1, keepdims=True)
    changes = np.diff(energies, axis=1)
    window = choose_window(np.concatenate([centred.ravel(), changes.ravel()]))
    energy = Curve("energy", *estimate_density(centred, window), "posterior")
    change = Curve("its changes", *estimate_density(changes, window), "normal")
    return Drawing(partial(_paint, energy, change, window), MEDIUM)


def _paint(energy: Curve, change: Curve, window: Window, figure: Figure, palette: Palette) -> None:
    axes = add_axes(figure)
    axes.fill_between(energy.x, energy.y, color=palette.posterior, alpha=0.22, linewidth=0)
    axes.plot(energy.x, energy.y, color=palette.posterior, linewidth=1.4)
    axes.plot(change.x, change.y, color=palette.normal, linewidth=1.3, linestyle=DASHED)
    axes.set_xlim(*window)
    axes.set_ylim(0, 1.08 * max(energy.y.max(), change.y.max()))
    name_curves(axes, (energy, change), palette)
    hide_vertical_scale(axes)
    axes.set_xlabel("energy, centred")
