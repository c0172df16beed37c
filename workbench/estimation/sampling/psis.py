"""Pareto-smoothed importance weights of many rows of ratios at once.

ArviZ smooths one row at a time; leave-one-out has thousands. The numbers are the same, but where ArviZ
refuses a tail (the draws of a chain that stood still are all alike) the ratios are left as they are.

References
----------
Vehtari, Simpson, Gelman, Yao and Gabry (2024), Pareto smoothed importance sampling, JMLR 25(72), appendix C.
Zhang and Stephens (2009), A new and efficient estimation method for the generalized Pareto distribution,
Technometrics 51(3), doi:10.1198/tech.2009.08017.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PRIOR_QUARTILE = 3
"""Scale of the prior of the profile's parameter, in inverse quartiles: Zhang and Stephens (2009)."""

PRIOR_DRAWS = 10
"""Draws that the prior of k-hat is worth, at 1/2: Vehtari et al. (2024), appendix C."""

FEW = 225
"""Effective draws up to which a fifth of the draws is the tail: Vehtari et al. (2024), appendix H."""

_TOGETHER = 64  # rows at a time: their grids of the profile likelihood stay in the cache


def choose_tail_length(draws: int, r_eff: float) -> int:
    """Return how many of the largest of so many ratios are smoothed: Vehtari et al. (2024), as in ArviZ.

    Parameters
    ----------
    draws
        The number of draws.
    r_eff
        Effective draws by draws.

    >>> choose_tail_length(4000, 1.0), choose_tail_length(200, 1.0)
    (189, 40)
    """
    if draws * r_eff > FEW:
        return int(min(3 * math.sqrt(draws / r_eff), draws - 1))
    return draws // 5


def smooth_log_weights(log_ratios: Floats, length: int) -> tuple[Floats, Floats]:
    """Return smoothed and normalised log weights, `(row, sample)`, and k-hat, `(row,)`.

    Where the largest ratios of a row are all the same they are bounded: there is no tail to smooth, and k-hat
    is 0. Where no distribution fits the tail, k-hat is infinite and the ratios are left as they are.

    Parameters
    ----------
    log_ratios
        `(row, sample)`, each row up to a constant; negative infinity where a draw has no weight.
    length
        How many of the largest ratios are smoothed.
    """
    weights, khat = np.empty_like(log_ratios), np.empty(len(log_ratios))
    for first in range(0, len(log_ratios), _TOGETHER):
        rows = slice(first, first + _TOGETHER)
        weights[rows], khat[rows] = _smoothed(log_ratios[rows], length)
    return weights, khat


def _smoothed(log_ratios: Floats, length: int) -> tuple[Floats, Floats]:
    weights = log_ratios - log_ratios.max(axis=1, keepdims=True)
    place = np.argpartition(weights, -length - 1, axis=1)[:, -length - 1 :]
    place = np.take_along_axis(place, np.argsort(np.take_along_axis(weights, place, 1), axis=1), 1)
    tail = np.take_along_axis(weights, place, 1)
    size = np.maximum(1.0, np.abs(np.where(np.isfinite(log_ratios), log_ratios, 0.0)).max(axis=1))
    has_tail = np.ptp(tail[:, 1:], axis=1) >= np.finfo(float).eps * size
    khat = np.zeros(len(weights))
    cutoff = np.exp(tail[has_tail, :1])
    khat[has_tail], scale = _fitted(np.exp(tail[has_tail, 1:]) - cutoff)
    quantiles = cutoff + _quantiles(length, khat[has_tail, None], scale[:, None])
    with np.errstate(invalid="ignore"):
        logs = np.minimum(np.log(quantiles), 0.0)
    is_fitted = np.isfinite(khat[has_tail]) & (scale > 0)
    khat[has_tail] = np.where(is_fitted, khat[has_tail], np.inf)
    tail[has_tail, 1:] = np.where(is_fitted[:, None], logs, tail[has_tail, 1:])
    np.put_along_axis(weights, place, tail, 1)
    return weights - log_sum_exp(weights)[:, None], khat


def _fitted(excess: Floats) -> tuple[Floats, Floats]:
    """Return shape and scale of generalised Pareto distributions of ascending excesses, `(row, tail)`."""
    count = excess.shape[1]
    grid = 30 + int(np.sqrt(count))
    with np.errstate(all="ignore"):
        spread = 1 - np.sqrt(grid / (np.arange(1, grid + 1) - 0.5))
        rate = spread / (PRIOR_QUARTILE * excess[:, [int(count / 4 + 0.5) - 1]]) + 1 / excess[:, [-1]]
        shapes = np.log1p(-rate[:, :, None] * excess[:, None, :]).mean(axis=2)
        profile = count * (np.log(-rate / shapes) - shapes - 1)
        share = np.exp(profile - log_sum_exp(profile)[:, None])
        share[share < 10 * np.finfo(float).eps] = 0.0
        best = (share * rate).sum(axis=1) / share.sum(axis=1)
        shape = np.log1p(-best[:, None] * excess).mean(axis=1)
        scale = -shape / best
    return (count * shape + PRIOR_DRAWS * 0.5) / (count + PRIOR_DRAWS), scale


def _quantiles(count: int, shape: Floats, scale: Floats) -> Floats:
    """Return the expected order statistics of generalised Pareto distributions, `(row, count)`."""
    logs = np.log1p(-np.arange(0.5, count) / count)
    with np.errstate(all="ignore"):
        return np.where(shape == 0, -scale * logs, scale * np.expm1(-shape * logs) / shape)


def log_sum_exp(values: Floats) -> Floats:
    """Return the logarithm of the sum of exponentials of each row."""
    largest: Floats = values.max(axis=1)
    sums: Floats = np.exp(values - largest[:, None]).sum(axis=1)
    return largest + np.log(sums)
