"""Pareto-smoothed importance weights, which turn the draws of one posterior into those of another.

References
----------
Vehtari, Simpson, Gelman, Yao and Gabry (2024), Pareto smoothed importance sampling, JMLR 25(72).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.estimation.sampling.psis import EQUAL_RATIOS, choose_tail_length, smooth_log_weights
from workbench.thresholds import ESS_PER_CHAIN, WEIGHTED_ESS_SHARE, format_beside_limit, khat_limit

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PointWeights:
    """Importance weights of the draws of a full fit, and whether they can be relied on.

    Attributes
    ----------
    values
        `(S,)`; they sum to 1.
    khat
        Shape of the tail of the raw ratios; 0 if all are equal.
    ess
        Effective draws: those of the weights, times the efficiency of the chains.
    is_good
        Whether k-hat and ESS are good enough.
    reason
        Why they are not, in a few words.
    """

    values: Floats
    khat: float
    ess: float
    is_good: bool
    reason: str = ""


def make_equal_weights(
    count: int, khat: float, ess: float, *, is_good: bool, reason: str = ""
) -> PointWeights:
    """Return equal weights, with what is known about them."""
    return PointWeights(np.full(count, 1 / count), khat, ess, is_good, reason)


def weigh_draws(log_ratios: Floats, efficiency: float, chains: int) -> PointWeights:
    """Return smoothed weights for log ratios of target and source density.

    Parameters
    ----------
    log_ratios
        `(S,)`, up to a constant.
    efficiency
        Effective share of the source's draws, for its slowest quantity.
    chains
        Number of chains of the source.
    """
    count = len(log_ratios)
    if np.isnan(log_ratios).any() or np.isposinf(log_ratios).any():
        reason = "the density is not finite at some draws"
        return make_equal_weights(count, np.inf, 0.0, is_good=False, reason=reason)
    if np.ptp(log_ratios) < EQUAL_RATIOS:
        return make_equal_weights(count, 0.0, efficiency * count, is_good=True)
    logs, khats = smooth_log_weights(log_ratios[None], choose_tail_length(count, min(1.0, efficiency)))
    khat, values = float(khats[0]), np.exp(logs[0])
    ess = float(efficiency / np.sum(values**2))
    limit = khat_limit(count)
    needed = min(ESS_PER_CHAIN * chains, WEIGHTED_ESS_SHARE * efficiency * count)
    reason = ""
    if not khat <= limit:
        reason = "k-hat {} is above {}".format(*format_beside_limit(khat, limit, 2))
    elif ess < needed:
        reason = f"{ess:.0f} effective draws are fewer than {needed:.0f}"
    return PointWeights(values, khat, ess, not reason, reason)


def compute_mean_errors(values: Floats, weights: Floats, efficiency: float) -> Floats:
    """Return the Monte Carlo standard error of weighted means of a quantity, `(point,)`.

    Parameters
    ----------
    values
        `(S,)`.
    weights
        `(S, point)`; each column sums to 1.
    efficiency
        Effective share of the draws for this quantity.
    """
    variance = np.sum((weights * (values[:, None] - values @ weights)) ** 2, axis=0)
    return np.asarray(np.sqrt(variance / min(1.0, efficiency)))


def compute_move_errors(values: Floats, weights: Floats, efficiency: float) -> Floats:
    """Return the Monte Carlo standard error of how far weighted means are from the plain mean, `(point,)`.

    The draws are the same, so that the error is smaller than that of either mean.

    Parameters
    ----------
    values, weights, efficiency
        As for `compute_mean_errors`.
    """
    plain = (values - values.mean()) / len(values)
    variance = np.sum((weights * (values[:, None] - values @ weights) - plain[:, None]) ** 2, axis=0)
    return np.asarray(np.sqrt(variance / min(1.0, efficiency)))
