"""One posterior seen through the draws of another: Pareto-smoothed importance weights.

References
----------
Vehtari, Simpson, Gelman, Yao and Gabry (2024), Pareto smoothed importance sampling, JMLR 25(72).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.estimation.sampling.importance import EQUAL_RATIOS
from workbench.estimation.sampling.psis import choose_tail_length, smooth_log_weights
from workbench.thresholds import ESS_PER_CHAIN, WEIGHTED_ESS_SHARE, format_beside_limit, khat_limit

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PointWeights:
    """Importance weights and whether they can be relied on.

    Attributes
    ----------
    values
        `(S,)`, sum 1.
    khat
        Shape of the tail of the raw ratios; 0 where all are equal.
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
        return PointWeights(
            np.full(count, 1 / count), np.inf, 0.0, False, "the density is not finite at some draws"
        )
    if np.ptp(log_ratios) < EQUAL_RATIOS:
        return PointWeights(np.full(count, 1 / count), 0.0, efficiency * count, True)
    khat, values = _smoothed(log_ratios, efficiency)
    ess = float(efficiency / np.sum(values**2))
    limit = khat_limit(count)
    needed = min(ESS_PER_CHAIN * chains, WEIGHTED_ESS_SHARE * efficiency * count)
    if not khat <= limit:
        shown = "k-hat {} is above {}".format(*format_beside_limit(khat, limit, 2))
        return PointWeights(values, khat, ess, False, shown)
    if ess < needed:
        return PointWeights(
            values, khat, ess, False, f"{ess:.0f} effective draws are fewer than {needed:.0f}"
        )
    return PointWeights(values, khat, ess, True)


def _smoothed(log_ratios: Floats, efficiency: float) -> tuple[float, Floats]:
    logs, khat = smooth_log_weights(
        log_ratios[None], choose_tail_length(len(log_ratios), min(1.0, efficiency))
    )
    return float(khat[0]), np.exp(logs[0])


def compute_mean_errors(values: Floats, weights: Floats, efficiency: float) -> Floats:
    """Return the Monte Carlo standard error of weighted means of a quantity, `(view,)`.

    Parameters
    ----------
    values
        `(S,)`.
    weights
        `(S, view)`, each column of sum 1.
    efficiency
        Effective share of the draws for this quantity.
    """
    variance = np.sum((weights * (values[:, None] - values @ weights)) ** 2, axis=0)
    return np.asarray(np.sqrt(variance / min(1.0, efficiency)))
