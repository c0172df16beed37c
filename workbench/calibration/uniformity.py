"""Whether values are uniform: ECDF bands that hold everywhere at once, and exact probabilities."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workbench.late_imports import LateModule

if TYPE_CHECKING:
    from scipy import special, stats
else:
    special = LateModule("scipy.special")
    stats = LateModule("scipy.stats")

Floats = NDArray[np.float64]
"""An array of doubles."""

POINTS = 100
"""Points of the unit interval at which an ECDF is compared: more than the ranks of 99 draws tell apart adds
nothing (Säilynoja et al. 2022, section 2.3)."""

_ROUNDING = 1e-9
"""Relative difference up to which two tail probabilities are the same. Ours: rounding of binomial sums."""

_HALVINGS = 40
"""Halvings of the interval in which the level of a band is sought. Ours: to double precision."""


def make_points(count: int) -> Floats:
    """Return the points at which the ECDF of `count` values is compared with that of uniform ones.

    >>> make_points(4).tolist()
    [0.25, 0.5, 0.75]
    """
    parts = max(2, min(count, POINTS))
    return np.arange(1, parts) / parts


def count_below(values: Floats, points: Floats) -> NDArray[np.int64]:
    """Return how many values lie at or below each point, `(point,)`."""
    return np.searchsorted(np.sort(values), points, side="right")


def measure_departure(values: Floats) -> float:
    """Return the smallest two-sided binomial tail probability of the ECDF over all points.

    Parameters
    ----------
    values
        `(n,)`, each in the unit interval.

    References
    ----------
    Säilynoja, Bürkner and Vehtari (2022), Graphical test for discrete uniformity and its applications in
    goodness-of-fit evaluation and multiple sample comparison, Statistics and Computing 32:32,
    doi:10.1007/s11222-022-10090-6, section 2.
    """
    points = make_points(len(values))
    tails = _compute_tails(len(values))
    return float(tails[np.arange(len(points)), count_below(values, points)].min())


def compute_p_value(values: Floats) -> float:
    """Return the probability that uniform values depart as far from uniformity anywhere, or farther.

    It is exact for independent continuous values: one minus the probability that the ECDF stays everywhere
    within the limits of this tail probability. One or no value says nothing: 1.
    """
    if len(values) < 2:
        return 1.0
    return _exceed(len(values), measure_departure(values))


@lru_cache(maxsize=4096)
def _exceed(count: int, departure: float) -> float:
    return float(np.clip(1 - _stay_within(count, departure), 0, 1))


@lru_cache(maxsize=64)
def compute_band(count: int, level: float = 0.95) -> tuple[Floats, Floats, Floats]:
    """Return points, and the least and greatest ECDF there: all at once hold with this probability at least.

    Parameters
    ----------
    count
        The number of values.
    level
        The probability that the ECDF of uniform values lies within the band at all points.
    """
    points = make_points(count)
    low, high = 0.0, 1.0  # of the tail probability at which the band is drawn: the wide one holds
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _stay_within(count, middle) >= level else (low, middle)
    inside = _compute_tails(count) > low * (1 + _ROUNDING)
    first, last = inside.argmax(axis=1), count - inside[:, ::-1].argmax(axis=1)
    return points, first / count, last / count


@lru_cache(maxsize=16)
def _compute_tails(count: int) -> Floats:
    """Return twice the smaller tail probability, by point and number of values below, `(point, n + 1)`."""
    points, counts = make_points(count)[:, None], np.arange(count + 1)[None]
    below = stats.binom.cdf(counts, count, points)
    above = stats.binom.sf(counts - 1, count, points)
    tails: Floats = np.minimum(1.0, 2 * np.minimum(below, above))
    return tails


def _stay_within(count: int, departure: float) -> float:
    """Return the probability that every tail probability of the ECDF of uniform values is larger.

    The number of values below a point, given that below the point before, is binomial: the recursion of
    Säilynoja et al. (2022), section 2.2.
    """
    points = make_points(count)
    inside = _compute_tails(count) > departure * (1 + _ROUNDING)
    counts = np.arange(count + 1)
    log_factorials = special.gammaln(counts + 1.0)
    reached, before = np.array([0]), 0.0
    chances = np.ones(1)
    for point, allowed in zip(points, inside, strict=True):
        following = counts[allowed]
        if not len(following):
            return 0.0
        share = (point - before) / (1 - before)
        more, left = following[None] - reached[:, None], count - reached[:, None]
        rest = left - more
        is_possible = (more >= 0) & (rest >= 0)
        more, rest = np.where(is_possible, more, 0), np.where(is_possible, rest, 0)
        log_chance = (
            log_factorials[left] - log_factorials[more] - log_factorials[rest]
            + more * np.log(share) + rest * np.log1p(-share)
        )  # fmt: skip
        chances = chances @ np.exp(np.where(is_possible, log_chance, -np.inf))
        reached, before = following, point
    return float(chances.sum())
