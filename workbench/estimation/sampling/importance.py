"""How far draws of an approximation can be trusted, and corrected, by importance sampling.

References
----------
Vehtari, Simpson, Gelman, Yao and Gabry (2024), Pareto smoothed importance sampling, JMLR 25(72); its use for
approximations: Yao et al. (2018), Yes, but did it work?, arXiv:1802.02538.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.backends.base import Floats
from workbench.estimation.sampling.psis import choose_tail_length, smooth_log_weights
from workbench.thresholds import khat_limit

EQUAL_RATIOS = 1e-6
"""Log ratios [nats] closer than this are equal: draws and densities are printed with ten digits."""


@dataclass(frozen=True)
class ImportanceWeights:
    """Smoothed importance weights of draws.

    Attributes
    ----------
    khat
        The shape of the tail of the ratios; 0 where all are equal, up to rounding in Stan's output: the
        approximation is then exact.
    weights
        `(draw,)`, adding up to 1.
    log_mean
        Logarithm of the mean ratio [nats].
    """

    khat: float
    weights: Floats
    log_mean: float

    @property
    def threshold(self) -> float:
        """The k-hat up to which as many draws are enough."""
        return khat_limit(len(self.weights))

    @property
    def is_reliable(self) -> bool:
        """Whether the weights can be believed."""
        return bool(self.khat <= self.threshold)


def compute_importance_weights(log_ratios: Floats) -> ImportanceWeights:
    """Return the weights that turn draws of an approximation into those of the target.

    Parameters
    ----------
    log_ratios
        Log density of the target minus that of the approximation at each draw, `(draw,)`.
    """
    count = len(log_ratios)
    usable = np.where(np.isfinite(log_ratios), log_ratios, -np.inf)
    top = float(usable.max())
    if not np.isfinite(top):
        return ImportanceWeights(np.inf, np.full(count, 1 / count), -np.inf)
    log_mean = top + float(np.log(np.exp(usable - top).mean()))
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
