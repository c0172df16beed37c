"""Probability integral transforms of the observed values: their ECDF and its simultaneous band."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np

from workbench.report.figures.drawing import MEDIUM, Drawing, Floats, Palette, add_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LEVEL = 0.95
"""Probability that the whole ECDF of uniform values lies within the band."""

_SIMULATIONS = 500
"""Simulated samples from which the band is computed."""

_SEED = 214
"""Seed of these simulations: the same fit has the same report."""

_MOST_ROWS = 2000
"""The most transforms drawn; of more, every n-th. The band of many is narrow and takes long to simulate."""


def draw_pit(transforms: Floats) -> Drawing:
    """Draw the ECDF of probability integral transforms minus that of uniform values, with its band.

    Parameters
    ----------
    transforms
        The predictive probability of a value below the observed one, `(row,)`.

    References
    ----------
    Säilynoja, Bürkner and Vehtari (2022), Graphical test for discrete uniformity, Statistics and
    Computing 32, doi:10.1007/s11222-022-10090-6.
    """
    kept = _thin(transforms)
    points, lower, upper = _compute_band(len(kept))
    return Drawing(partial(_paint, points, lower, upper, _compute_ecdf(kept, points)), MEDIUM)


def _thin(transforms: Floats) -> Floats:
    """Return all transforms, or every n-th where there are too many."""
    return transforms[:: -(-len(transforms) // _MOST_ROWS)]


def is_within_band(transforms: Floats) -> bool:
    """Return whether the whole ECDF of the transforms lies within its band."""
    kept = _thin(transforms)
    points, lower, upper = _compute_band(len(kept))
    ecdf = _compute_ecdf(kept, points)
    return bool(((ecdf >= lower) & (ecdf <= upper)).all())


@lru_cache(maxsize=16)
def _compute_band(rows: int) -> tuple[Floats, Floats, Floats]:
    from arviz_stats.ecdf_utils import ecdf_pit

    if rows < 2:
        return np.array([0.5]), np.zeros(1), np.ones(1)
    uniform = (np.arange(rows) + 0.5) / rows
    points, _, lower, upper = ecdf_pit(uniform, _LEVEL, _SIMULATIONS, rng=np.random.default_rng(_SEED))
    return points, lower, upper


def _compute_ecdf(transforms: Floats, points: Floats) -> Floats:
    return np.asarray(np.searchsorted(np.sort(transforms), points, side="right") / len(transforms))


def _paint(
    points: Floats, lower: Floats, upper: Floats, ecdf: Floats, figure: Figure, palette: Palette
) -> None:
    axes = add_axes(figure, left=0.13)
    axes.fill_between(points, lower - points, upper - points, color=palette.soft, alpha=0.25, linewidth=0)
    axes.axhline(0, color=palette.soft, linewidth=0.8)
    axes.step(
        points,
        ecdf - points,
        color=palette.posterior,
        linewidth=1.3,
        where="post",
    )
    axes.set_xlim(0, 1)
    axes.set_xlabel("predictive probability below the observed value")
    axes.set_ylabel("ECDF − uniform")
    axes.locator_params(axis="y", nbins=4)
