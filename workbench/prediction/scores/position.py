"""Where an observed value lies in its predictive distribution: transforms, tail areas, central intervals.

References
----------
Czado, Gneiting and Held (2009), Predictive model assessment for count data,
doi:10.1111/j.1541-0420.2009.01191.x (randomised transforms of discrete outcomes).
Phipson and Smyth (2010), Permutation p-values should never be zero, doi:10.2202/1544-6115.1585 (one is added
to counts of draws: the observed value is one of them if the model is right).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.thresholds import FEWEST_INTERVAL_DRAWS

Floats = NDArray[np.float64]

LEVELS = (0.5, 0.8, 0.9, 0.95)
"""Probabilities of the central intervals."""

_TIES = 1e-9
"""Relative difference up to which two probabilities count as equal."""


def locate_among_draws(draws: Floats, observed: Floats, spread: Floats) -> tuple[Floats, Floats]:
    """Return the probability transform and the two-sided tail area of each element, `(e,)` both.

    If the model is right, the transform is uniform, and a tail area is below `t` with a probability of `t` at
    most, whatever the number of draws. The smallest tail area is 2 / (draws + 1).

    Parameters
    ----------
    draws
        Draws of the outcome, `(s, e)`.
    observed
        What was observed, `(e,)`.
    spread
        Uniform numbers that place an element within its step, `(e,)`.

    >>> draws = np.arange(199.0)[:, None]
    >>> [float(part[0]) for part in locate_among_draws(draws, np.array([196.5]), np.array([0.5]))]
    [0.9875, 0.03]
    """
    if len(draws) < FEWEST_INTERVAL_DRAWS:
        missing = np.full(len(observed), np.nan)
        return missing, missing.copy()
    total = len(draws) + 1
    below = (draws < observed).sum(axis=0)
    equal = (draws == observed).sum(axis=0)
    transform = (below + spread * (equal + 1)) / total
    above = len(draws) - below - equal
    tail = np.minimum(2 * (np.minimum(below, above) + equal + 1) / total, 1)
    is_missing = np.isnan(draws[0]) | np.isnan(observed)
    return np.where(is_missing, np.nan, transform), np.where(is_missing, np.nan, tail)


def locate_among_categories(
    probabilities: Floats, positions: NDArray[np.int64], spread: Floats
) -> tuple[Floats, Floats]:
    """Return the probability transform and the tail area of ordered categories, `(e,)` both.

    Parameters
    ----------
    probabilities
        That of each category, `(e, category)`.
    positions
        Which of them was observed, from 0, `(e,)`.
    spread
        As in `locate_among_draws`.
    """
    own = take_observed(probabilities, positions)
    upto = take_observed(np.cumsum(probabilities, axis=1), positions)
    tail = 2 * np.minimum(upto, 1 - upto + own)
    return np.clip(upto - own + spread * own, 0, 1), np.clip(tail, 0, 1)


def measure_improbability(probabilities: Floats, positions: NDArray[np.int64]) -> Floats:
    """Return the probability of all categories that are no more probable than the observed one, `(e,)`.

    It is the tail area of categories without an order: below `t` with a probability of `t` at most.

    >>> measure_improbability(np.array([[0.1, 0.2, 0.7]]), np.array([1])).round(6).tolist()
    [0.3]
    """
    own = take_observed(probabilities, positions)[:, None]
    total: Floats = np.where(probabilities <= own * (1 + _TIES), probabilities, 0).sum(axis=1)
    return np.clip(total, 0, 1)


def take_observed(values: Floats, positions: NDArray[np.int64]) -> Floats:
    """Return the value of the observed category of each element, `(e,)`."""
    taken: Floats = np.take_along_axis(values, positions[:, None], axis=1)[:, 0]
    return taken


def find_intervals(draws: Floats, *, is_integer: bool) -> Floats:
    """Return the ends of the central intervals of sorted draws, `(e, level, 2)`.

    Those of whole numbers are whole, and hold at least their probability. Too few draws have none: `nan`.

    Parameters
    ----------
    draws
        Draws of the outcome, sorted along the first axis, `(s, e)`.
    is_integer
        Whether the outcome holds whole numbers.
    """
    if len(draws) < FEWEST_INTERVAL_DRAWS:
        return np.full((draws.shape[1], len(LEVELS), 2), np.nan)
    shares = np.array([[(1 - level) / 2, (1 + level) / 2] for level in LEVELS])
    method = "inverted_cdf" if is_integer else "linear"
    ends: Floats = np.quantile(draws, shares, axis=0, method=method)  # type: ignore[call-overload]
    return np.moveaxis(ends, -1, 0).astype(np.float64)
