"""Pareto-smoothed importance sampling: weights that turn draws of an approximation into draws of the target.

ArviZ smooths one row of ratios at a time, and leave-one-out has thousands: here many rows are smoothed
together. The numbers are the same, except that where ArviZ rejects a tail (the draws of a chain that stood
still are all alike) the ratios are left as they are.

References
----------
Vehtari, Simpson, Gelman, Yao and Gabry (2024), Pareto smoothed importance sampling, JMLR 25(72), appendix C.
Zhang and Stephens (2009), A new and efficient estimation method for the generalized Pareto distribution,
Technometrics 51(3), doi:10.1198/tech.2009.08017.
Yao, Vehtari, Simpson and Gelman (2018), Yes, but did it work?, arXiv:1802.02538: k-hat of approximations.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from workbench.backends.base import Floats
from workbench.thresholds import khat_limit

EQUAL_RATIOS = 1e-6
"""Largest difference of log ratios [nats] that is rounding. Ours: draws and densities are printed with ten
digits."""

_PRIOR_QUARTILE = 3
"""Scale of the prior of the profile's parameter, in inverse quartiles: Zhang and Stephens (2009)."""

_PRIOR_DRAWS = 10
"""Weight of the prior of k-hat, centred at 1/2 [draws]: Vehtari et al. (2024), appendix C."""

_FEW_DRAWS = 225
"""Effective draws up to which the tail is a fifth of the draws: Vehtari et al. (2024), appendix H."""

_BATCH_ROWS = 64
"""Rows smoothed at a time, so that the grids of the profile likelihood stay in the cache. Ours."""


@dataclass(frozen=True)
class ImportanceWeights:
    """Smoothed importance weights of draws.

    Attributes
    ----------
    khat
        The shape of the ratios' tail. It is 0 where all are equal up to the rounding of Stan's output: the
        approximation is then exact.
    weights
        `(draw,)`, with sum 1.
    log_mean
        Logarithm of the mean ratio [nats].
    """

    khat: float
    weights: Floats
    log_mean: float

    @property
    def threshold(self) -> float:
        """The k-hat up to which this many draws are enough."""
        return khat_limit(len(self.weights))

    @property
    def is_reliable(self) -> bool:
        """Whether the weights can be trusted."""
        return bool(self.khat <= self.threshold)


def compute_importance_weights(log_ratios: Floats) -> ImportanceWeights:
    """Return the weights that turn draws of an approximation into draws of the target.

    Parameters
    ----------
    log_ratios
        Log density of the target minus log density of the approximation at each draw, `(draw,)`.
    """
    count = len(log_ratios)
    usable = np.where(np.isfinite(log_ratios), log_ratios, -np.inf)
    largest = float(usable.max())
    if not np.isfinite(largest):
        return ImportanceWeights(np.inf, np.full(count, 1 / count), -np.inf)
    log_mean = largest + float(np.log(np.exp(usable - largest).mean()))
    if np.ptp(log_ratios) < EQUAL_RATIOS:
        return ImportanceWeights(0.0, np.full(count, 1 / count), log_mean)
    log_weights, khat = smooth_log_weights(usable[None], choose_tail_length(count, 1.0))
    return ImportanceWeights(float(khat[0]), np.exp(log_weights[0]), log_mean)


def estimate_khat(log_ratios: Floats) -> float:
    """Return the shape of the tail of importance ratios, `(draw,)`."""
    return compute_importance_weights(log_ratios).khat


def compute_weighted_moments(values: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return the mean and standard deviation of weighted draws `(draw, column)`."""
    mean = weights @ values
    return mean, np.sqrt(np.maximum(weights @ (values - mean) ** 2, 0))


def choose_tail_length(draws: int, r_eff: float) -> int:
    """Return how many of the largest ratios are smoothed: Vehtari et al. (2024), as in ArviZ.

    Parameters
    ----------
    draws
        The number of draws.
    r_eff
        Effective draws divided by draws.

    >>> choose_tail_length(4000, 1.0), choose_tail_length(200, 1.0)
    (189, 40)
    """
    if draws * r_eff > _FEW_DRAWS:
        return int(min(3 * math.sqrt(draws / r_eff), draws - 1))
    return draws // 5


def smooth_log_weights(log_ratios: Floats, length: int) -> tuple[Floats, Floats]:
    """Return smoothed and normalised log weights, `(row, sample)`, and k-hat, `(row,)`.

    Where the largest ratios of a row are all equal they are bounded: there is no tail to smooth, and k-hat is
    0. Where no distribution fits the tail, k-hat is infinite and the ratios are left as they are.

    Parameters
    ----------
    log_ratios
        `(row, sample)`, each row up to a constant; negative infinity where a draw has no weight.
    length
        How many of the largest ratios are smoothed.
    """
    weights, khat = np.empty_like(log_ratios), np.empty(len(log_ratios))
    for first in range(0, len(log_ratios), _BATCH_ROWS):
        rows = slice(first, first + _BATCH_ROWS)
        weights[rows], khat[rows] = _smooth_rows(log_ratios[rows], length)
    return weights, khat


def log_sum_exp(values: Floats) -> Floats:
    """Return the logarithm of the sum of exponentials of each row."""
    largest: Floats = values.max(axis=1)
    sums: Floats = np.exp(values - largest[:, None]).sum(axis=1)
    return largest + np.log(sums)


def _smooth_rows(log_ratios: Floats, length: int) -> tuple[Floats, Floats]:
    weights = log_ratios - log_ratios.max(axis=1, keepdims=True)
    positions = np.argpartition(weights, -length - 1, axis=1)[:, -length - 1 :]
    order = np.argsort(np.take_along_axis(weights, positions, 1), axis=1)
    positions = np.take_along_axis(positions, order, 1)
    tail = np.take_along_axis(weights, positions, 1)
    size = np.maximum(1.0, np.abs(np.where(np.isfinite(log_ratios), log_ratios, 0.0)).max(axis=1))
    has_tail = np.ptp(tail[:, 1:], axis=1) >= np.finfo(float).eps * size
    khat = np.zeros(len(weights))
    cutoff = np.exp(tail[has_tail, :1])
    khat[has_tail], scale = _fit_pareto(np.exp(tail[has_tail, 1:]) - cutoff)
    quantiles = cutoff + _compute_quantiles(length, khat[has_tail, None], scale[:, None])
    with np.errstate(invalid="ignore"):
        smoothed = np.minimum(np.log(quantiles), 0.0)
    is_fitted = np.isfinite(khat[has_tail]) & (scale > 0)
    khat[has_tail] = np.where(is_fitted, khat[has_tail], np.inf)
    tail[has_tail, 1:] = np.where(is_fitted[:, None], smoothed, tail[has_tail, 1:])
    np.put_along_axis(weights, positions, tail, 1)
    return weights - log_sum_exp(weights)[:, None], khat


def _fit_pareto(excess: Floats) -> tuple[Floats, Floats]:
    """Return shape and scale of generalised Pareto distributions of ascending excesses, `(row, tail)`."""
    count = excess.shape[1]
    grid = 30 + int(np.sqrt(count))
    with np.errstate(all="ignore"):
        spread = 1 - np.sqrt(grid / (np.arange(1, grid + 1) - 0.5))
        rate = spread / (_PRIOR_QUARTILE * excess[:, [int(count / 4 + 0.5) - 1]]) + 1 / excess[:, [-1]]
        shapes = np.log1p(-rate[:, :, None] * excess[:, None, :]).mean(axis=2)
        profile = count * (np.log(-rate / shapes) - shapes - 1)
        share = np.exp(profile - log_sum_exp(profile)[:, None])
        share[share < 10 * np.finfo(float).eps] = 0.0
        best = (share * rate).sum(axis=1) / share.sum(axis=1)
        shape = np.log1p(-best[:, None] * excess).mean(axis=1)
        scale = -shape / best
    return (count * shape + _PRIOR_DRAWS * 0.5) / (count + _PRIOR_DRAWS), scale


def _compute_quantiles(count: int, shape: Floats, scale: Floats) -> Floats:
    """Return the expected order statistics of generalised Pareto distributions, `(row, count)`."""
    logs = np.log1p(-np.arange(0.5, count) / count)
    with np.errstate(all="ignore"):
        return np.where(shape == 0, -scale * logs, scale * np.expm1(-shape * logs) / shape)
