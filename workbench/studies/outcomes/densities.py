"""Posterior densities at each point, of the few quantities that are drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from workbench.late_imports import LateModule
from workbench.studies.fits.sweep import PointPosterior
from workbench.studies.plan.plan import Plan
from workbench.studies.view import DensityCurve, Move, QuantityDensities, rank_moves

if TYPE_CHECKING:
    from scipy import ndimage
else:
    ndimage = LateModule("scipy.ndimage")

MAX_QUANTITIES = 12
"""Quantities whose densities a study keeps. Ours: more would make `study.json` long."""

_BINS = 160
"""Bins of a density. Ours."""

_SMOOTHING = 4.0
"""Standard deviation of the kernel that smooths a density [bins]: about a tenth of a posterior SD. Ours."""

_TAIL = 0.001
"""Probability that the grid of a density leaves out on each side. Ours."""


def choose_drawn_quantities(moves: Mapping[str, Move], plan: Plan) -> list[str]:
    """Return the few quantities that are drawn: those of decisions, then those that move most."""
    decided = [name for decision in plan.decisions for name in decision.names]
    names = dict.fromkeys([*decided, *rank_moves(moves)])
    return [name for name in names if name in moves][:MAX_QUANTITIES]


def estimate_densities(
    posteriors: Sequence[PointPosterior], names: Sequence[str]
) -> dict[str, QuantityDensities]:
    """Return the density of some quantities at each point, for each quantity on one grid."""
    numbers = [number for number, posterior in enumerate(posteriors) if posterior.source is not None]
    if not numbers:
        return {}
    densities = {}
    for name in names:
        samples = [posteriors[number].sample for number in numbers]
        ends = np.array([np.quantile(sample.draws[name], [_TAIL, 1 - _TAIL]) for sample in samples])
        edges = np.linspace(ends[:, 0].min(), ends[:, 1].max(), _BINS + 1)
        curves = []
        for number, sample in zip(numbers, samples, strict=True):
            counts, _ = np.histogram(sample.draws[name], edges, weights=sample.weights)
            heights = ndimage.gaussian_filter1d(counts / np.diff(edges), _SMOOTHING, mode="reflect")
            curves.append(
                DensityCurve(point=number, density=tuple(float(f"{height:.4g}") for height in heights))
            )
        centres = (edges[1:] + edges[:-1]) / 2
        grid = tuple(float(f"{centre:.6g}") for centre in centres)
        densities[name] = QuantityDensities(x=grid, curves=tuple(curves))
    return densities
