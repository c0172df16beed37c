"""The continuous ranked probability score: how far a predictive distribution lies from what was observed.

References
----------
Gneiting and Raftery (2007), Strictly proper scoring rules, prediction, and estimation, JASA 102,
doi:10.1198/016214506000001437.
Zamo and Naveau (2018), Estimation of the continuous ranked probability score with limited information,
Mathematical Geosciences 50, doi:10.1007/s11004-017-9709-7 (the estimators from draws).
Grimit, Gneiting, Berrocal and Johnson (2006), The continuous ranked probability score for circular variables
and its application to mesoscale forecast ensemble verification, QJRMS 132, doi:10.1256/qj.05.235 (the CRPS of
a mixture: it needs distances between its parts, and is no mean of theirs).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def compute_crps(draws: Floats, observed: Floats) -> Floats:
    """Return the fair estimate of the CRPS of each element from sorted draws [unit of the outcome], `(e,)`.

    It is the mean of ``|x - y|`` less half the mean of ``|x - x'|`` over pairs of different draws, so that it
    does not depend on their number on average. Fewer than two draws have none: `nan`.

    Parameters
    ----------
    draws
        Draws of the outcome, sorted along the first axis, `(s, e)`.
    observed
        What was observed, `(e,)`.

    >>> compute_crps(np.array([[0.0], [1.0], [3.0]]), np.array([1.0])).tolist()
    [0.0]
    >>> compute_crps(np.array([[2.0], [2.0]]), np.array([5.0])).tolist()
    [3.0]
    """
    count = len(draws)
    if count < 2:
        return np.full(len(observed), np.nan)
    distances: Floats = np.abs(draws - observed).mean(axis=0)
    return distances - _measure_spread(draws)


def _measure_spread(draws: Floats) -> Floats:
    """Return half the mean distance between different draws of each element, which are sorted, `(e,)`."""
    count = len(draws)
    ranks = 2.0 * np.arange(1, count + 1) - count - 1
    spread: Floats = ranks @ draws / (count * (count - 1))
    return spread


def compute_mixture_crps(parts: Sequence[Floats], weights: Sequence[float], observed: Floats) -> Floats:
    """Return the fair estimate of the CRPS of a mixture [unit of the outcome], `(e,)`.

    It is the weighted mean of ``|x - y|`` less half the weighted mean of ``|x - x'|`` over pairs of different
    draws, of the same part or of two. Fewer than two draws of a part have none: `nan`.

    Parameters
    ----------
    parts
        The draws of each part, sorted along the first axis, `(s, e)`.
    weights
        That of each part; they add up to 1.
    observed
        What was observed, `(e,)`.

    >>> parts = [np.array([[0.0], [0.0]]), np.array([[2.0], [2.0]])]
    >>> compute_mixture_crps(parts, [0.5, 0.5], np.array([0.0])).tolist()
    [0.5]
    """
    if min(len(draws) for draws in parts) < 2:
        return np.full(len(observed), np.nan)
    shares = np.repeat(
        [weight / len(draws) for draws, weight in zip(parts, weights, strict=True)],
        [len(draws) for draws in parts],
    )
    pooled = np.concatenate(parts)
    distances = shares @ np.abs(pooled - observed)
    order = np.argsort(pooled, axis=0, kind="stable")
    ordered, share = np.take_along_axis(pooled, order, axis=0), shares[order]
    # A pair of a draw with itself has no distance: within each part there are fewer pairs than squares.
    spread = (ordered * share * (2 * np.cumsum(share, axis=0) - share - 1)).sum(axis=0)
    for draws, weight in zip(parts, weights, strict=True):
        spread = spread + weight**2 * _measure_spread(draws) / len(draws)
    found: Floats = distances - spread
    return found


def compute_ranked_probability_score(probabilities: Floats, positions: NDArray[np.int64]) -> Floats:
    """Return the CRPS of ordered categories that lie one apart, `(e,)`.

    Parameters
    ----------
    probabilities
        That of each category, `(e, category)`.
    positions
        Which of them was observed, from 0, `(e,)`.

    >>> compute_ranked_probability_score(np.array([[0.2, 0.5, 0.3]]), np.array([1])).round(6).tolist()
    [0.13]
    """
    reached = np.arange(probabilities.shape[1]) >= positions[:, None]
    scores: Floats = ((np.cumsum(probabilities, axis=1) - reached) ** 2).sum(axis=1)
    return scores
