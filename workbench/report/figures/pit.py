"""Where the observed values lie in their predictions: the ECDF of their transforms against its band."""

from __future__ import annotations

from functools import lru_cache, partial

import numpy as np
from arviz_stats.ecdf_utils import ecdf_pit
from matplotlib.figure import Figure

from workbench.report.figures.drawing import MEDIUM, Drawing, Inks, single
from workbench.report.reading import Draws

_LEVEL = 0.95
_SIMULATIONS = 500
_SEED = 214
_MOST_ROWS = 2000


def pit(transforms: Draws) -> Drawing:
    """Draw how far the ECDF of probability integral transforms is from uniform, with a simultaneous band.

    Parameters
    ----------
    transforms
        The share of each value's prediction that lies below it, `(row,)`.

    References
    ----------
    Säilynoja, Bürkner and Vehtari (2022), Graphical test for discrete uniformity, Statistics and
    Computing 32, doi:10.1007/s11222-022-10090-6.
    """
    return Drawing(partial(_paint, _thinned(transforms)), MEDIUM)


def _thinned(transforms: Draws) -> Draws:
    """Return at most a few thousand rows: the band of more is a line, and long in the making."""
    return transforms[:: -(-len(transforms) // _MOST_ROWS)]


def outside_band(transforms: Draws) -> tuple[bool, bool]:
    """Return whether the ECDF of the transforms leaves its band below, and above."""
    kept = _thinned(transforms)
    points, lower, upper = _band(len(kept))
    ecdf = _ecdf(kept, points)
    return bool((ecdf < lower).any()), bool((ecdf > upper).any())


@lru_cache(maxsize=16)
def _band(rows: int) -> tuple[Draws, Draws, Draws]:
    if rows < 2:
        return np.array([0.5]), np.zeros(1), np.ones(1)
    uniform = (np.arange(rows) + 0.5) / rows
    points, _, lower, upper = ecdf_pit(uniform, _LEVEL, _SIMULATIONS, rng=np.random.default_rng(_SEED))
    return points, lower, upper


def _ecdf(transforms: Draws, points: Draws) -> Draws:
    return np.asarray(np.searchsorted(np.sort(transforms), points, side="right") / len(transforms))


def _paint(transforms: Draws, figure: Figure, inks: Inks) -> None:
    points, lower, upper = _band(len(transforms))
    axes = single(figure, left=0.13)
    axes.fill_between(points, lower - points, upper - points, color=inks.soft, alpha=0.25, linewidth=0)
    axes.axhline(0, color=inks.soft, linewidth=0.8)
    axes.step(points, _ecdf(transforms, points) - points, color=inks.posterior, linewidth=1.3, where="post")
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of the prediction below the observed value")
    axes.set_ylabel("ECDF − uniform")
    axes.locator_params(axis="y", nbins=4)
