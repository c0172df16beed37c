"""The continuous ranked probability score: how far a predictive distribution lies from what was observed.

References
----------
Gneiting and Raftery (2007), Strictly proper scoring rules, prediction, and estimation, JASA 102,
doi:10.1198/016214506000001437.
Zamo and Naveau (2018), Estimation of the continuous ranked probability score with limited information,
Mathematical Geosciences 50, doi:10.1007/s11004-017-9709-7 (the estimators from draws).
"""

from __future__ import annotations

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
    ranks = 2.0 * np.arange(1, count + 1) - count - 1
    spread = ranks @ draws / (count * (count - 1))
    distances: Floats = np.abs(draws - observed).mean(axis=0)
    return distances - spread


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
