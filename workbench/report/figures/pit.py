"""Where the observed values lie among their replications: ranks, as an ECDF against its band."""

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


def pit(observed: Draws, replicated: Draws) -> Drawing:
    """Draw how far the ECDF of the ranks is from uniform, with a simultaneous band.

    Parameters
    ----------
    observed, replicated
        `(row,)` and `(sample, row)`.

    References
    ----------
    Säilynoja, Bürkner and Vehtari (2022), Graphical test for discrete uniformity, Statistics and
    Computing 32, doi:10.1007/s11222-022-10090-6.
    """
    return Drawing(partial(_paint, ranks_among(observed, replicated)), MEDIUM)


def ranks_among(observed: Draws, replicated: Draws) -> Draws:
    """Return the share of replications below each observed value, ties split at random, `(row,)`.

    Many rows are thinned: the band of thousands is a line.
    """
    step = max(1, len(observed) // _MOST_ROWS)
    observed, replicated = observed[::step], replicated[:, ::step]
    below, equal = (replicated < observed).mean(axis=0), (replicated == observed).mean(axis=0)
    uniform = np.random.default_rng(_SEED).uniform(size=len(observed))
    return np.asarray(below + uniform * equal)


def outside_band(observed: Draws, replicated: Draws) -> tuple[bool, bool]:
    """Return whether the ECDF of the ranks leaves its band below, and above."""
    ranks = ranks_among(observed, replicated)
    points, lower, upper = _band(len(ranks))
    ecdf = _ecdf(ranks, points)
    return bool((ecdf < lower).any()), bool((ecdf > upper).any())


@lru_cache(maxsize=16)
def _band(rows: int) -> tuple[Draws, Draws, Draws]:
    if rows < 2:
        return np.array([0.5]), np.zeros(1), np.ones(1)
    uniform = (np.arange(rows) + 0.5) / rows
    points, _, lower, upper = ecdf_pit(uniform, _LEVEL, _SIMULATIONS, rng=np.random.default_rng(_SEED))
    return points, lower, upper


def _ecdf(ranks: Draws, points: Draws) -> Draws:
    return np.asarray(np.searchsorted(np.sort(ranks), points, side="right") / len(ranks))


def _paint(ranks: Draws, figure: Figure, inks: Inks) -> None:
    points, lower, upper = _band(len(ranks))
    axes = single(figure, left=0.13)
    axes.fill_between(points, lower - points, upper - points, color=inks.soft, alpha=0.25, linewidth=0)
    axes.axhline(0, color=inks.soft, linewidth=0.8)
    axes.step(points, _ecdf(ranks, points) - points, color=inks.posterior, linewidth=1.3, where="post")
    axes.set_xlim(0, 1)
    axes.set_xlabel("rank of the observed value among its replications")
    axes.set_ylabel("ECDF − uniform")
    axes.locator_params(axis="y", nbins=4)
