"""How an evidence changes with a prior, from the draws of one posterior.

The ratio of the evidences under two priors is the posterior mean, under one of them, of the ratio of the
densities: the other posterior need not be sampled.

References
----------
Newton and Raftery (1994), Approximate Bayesian inference with the weighted likelihood bootstrap, JRSS B 56,
3-48 (importance sampling of marginal likelihoods). Vehtari, Simpson, Gelman, Yao and Gabry (2024), Pareto
smoothed importance sampling, JMLR 25(72): k-hat.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workbench.backends.base import Floats
from workbench.estimation.sampling.psis import EQUAL_RATIOS, choose_tail_length, smooth_log_weights
from workbench.late_imports import LateModule
from workbench.thresholds import FINITE_VARIANCE_KHAT, RATIO_ERROR_LIMIT

if TYPE_CHECKING:
    from arviz_stats.base import array_stats
else:
    array_stats = LateModule("arviz_stats.base", "array_stats")


@dataclass(frozen=True)
class DensityRatio:
    """The ratio of the integrals of two densities.

    Attributes
    ----------
    log_value, error
        Its logarithm, and the Monte Carlo standard error of that [nats].
    khat
        Shape of the tail of the ratios at the draws; 0 where all are equal.
    """

    log_value: float
    error: float
    khat: float

    @property
    def is_reliable(self) -> bool:
        """Whether ratios have a finite variance, and enough draws decide their mean."""
        return self.khat < FINITE_VARIANCE_KHAT and self.error < RATIO_ERROR_LIMIT


def average_ratios(log_ratios: Floats) -> DensityRatio:
    """Return the log of the mean ratio of two densities over draws of the one below.

    Parameters
    ----------
    log_ratios
        The log density above less that below, with all constants, `(chain, draw)`.

    >>> average_ratios(np.zeros((2, 50)))
    DensityRatio(log_value=0.0, error=0.0, khat=0.0)
    """
    if np.isnan(log_ratios).any() or np.isposinf(log_ratios).any():
        return DensityRatio(math.nan, math.nan, math.inf)
    largest = float(log_ratios.max())
    if not np.ptp(log_ratios) > EQUAL_RATIOS:  # one ratio at all draws, such as that of two constants
        return DensityRatio(float(log_ratios.mean()), 0.0, 0.0)
    ratios = np.exp(log_ratios - largest)
    mean = float(ratios.mean())
    ess = float(array_stats.ess(ratios, chain_axis=0, draw_axis=1, method="mean"))
    flat = log_ratios.reshape(1, -1)
    _, khat = smooth_log_weights(flat, choose_tail_length(flat.size, min(1.0, ess / flat.size)))
    error = float(ratios.std(ddof=1)) / (mean * math.sqrt(ess))
    return DensityRatio(largest + math.log(mean), error, float(khat[0]))
