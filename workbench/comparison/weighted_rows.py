"""Log predictive densities of rows by weighted draws, with their Monte Carlo errors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.estimation.sampling.psis import log_sum_exp

Floats = NDArray[np.float64]


def average_weighted(log_weights: Floats, log_lik: Floats, r_eff: float = 1.0) -> tuple[Floats, Floats]:
    """Return the log of the weighted mean of each row's likelihood, and its standard error, both [nats].

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
    return elpd, np.asarray(mcse)
