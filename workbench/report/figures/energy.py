"""The energy of the draws, and how it changes between them."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.figure import Figure

from workbench.report.figures.density import Curve, density, name_curves, window_of
from workbench.report.figures.drawing import DASHED, MEDIUM, Drawing, Inks, single, without_scale
from workbench.report.reading import Draws


def energy(energies: Draws) -> Drawing:
    """Draw the distribution of the energy and of its changes between draws, `(chain, draw)`.

    References
    ----------
    Betancourt (2017), A conceptual introduction to Hamiltonian Monte Carlo, arXiv:1701.02434, section 6.1.
    """
    return Drawing(partial(_paint, energies), MEDIUM)


def _paint(energies: Draws, figure: Figure, inks: Inks) -> None:
    centred = energies - energies.mean(axis=1, keepdims=True)
    changes = np.diff(energies, axis=1)
    window = window_of(np.concatenate([centred.ravel(), changes.ravel()]))
    whole = Curve("energy", *density(centred, window), inks.posterior)
    steps = Curve("its changes", *density(changes, window), inks.normal)
    axes = single(figure)
    axes.fill_between(whole.x, whole.y, color=whole.colour, alpha=0.22, linewidth=0)
    axes.plot(whole.x, whole.y, color=whole.colour, linewidth=1.4)
    axes.plot(steps.x, steps.y, color=steps.colour, linewidth=1.3, linestyle=DASHED)
    axes.set_xlim(*window)
    axes.set_ylim(0, 1.08 * max(whole.y.max(), steps.y.max()))
    name_curves(axes, (whole, steps))
    without_scale(axes)
    axes.set_xlabel("energy, centred")
