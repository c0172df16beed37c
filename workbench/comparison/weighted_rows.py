"""Log predictive densities of rows by weighted draws, with their Monte Carlo errors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.estimation.sampling.psis import log_sum_exp
from workbench.prediction.monte_carlo import measure_errors

Floats = NDArray[np.float64]


def average_weighted(
    log_weights: Floats, log_lik: Floats, r_eff: float = 1.0
) -> tuple[Floats, Floats, Floats]:
    """Return the log of the weighted mean of each row's likelihood, its standard error, and its influences.

    All are in nats. The influence of a draw, `(row, sample)`, is what it adds to the error of the row by the
    delta method; rows that the same draws predict err together, by the sum of their influences.

    Parameters
    ----------
    log_weights
        Normalised, `(row, sample)`.
    log_lik
        Log likelihood of each row, `(row, sample)`.
    r_eff
        Effective draws divided by draws: the error is that of Monte Carlo.

    References
    ----------
    Vehtari, Simpson, Gelman, Yao and Gabry (2024), JMLR 25(72), section 4: the error of a self-normalised
    estimate; that of its logarithm by the delta method.

    >>> average_weighted(np.log([[0.5, 0.5]]), np.log([[1.0, 3.0]]))[0].round(3).tolist()
    [0.693]
    """
    weighted = log_weights + log_lik
    elpd = log_sum_exp(weighted)
    with np.errstate(invalid="ignore", over="ignore"):
        residuals = np.exp(weighted - elpd[:, None]) - np.exp(log_weights)
        mcse = np.sqrt((residuals**2).sum(axis=1) / min(r_eff, 1.0))
    return elpd, np.asarray(mcse), np.asarray(residuals)


def measure_error_of_sum(influences: Floats, chains: int) -> float:
    """Return the Monte Carlo standard error of a sum over rows that the same draws predict [nats].

    That of independent draws, or the larger one of batch means where the influences are autocorrelated.

    Parameters
    ----------
    influences
        What each draw adds to the error of the sum, `(sample,)`: chain by chain, each with as many draws.
    chains
        How many chains there are.

    >>> apart = np.tile([0.01, -0.01], 800)
    >>> round(measure_error_of_sum(apart, 1), 6), round(measure_error_of_sum(np.sort(apart), 1), 1)
    (0.4, 2.6)
    """
    independent = float(np.sqrt((influences**2).sum()))
    batched = float(measure_errors(len(influences) * influences[:, None], chains)[0])
    return max(independent, batched) if np.isfinite(batched) else independent
