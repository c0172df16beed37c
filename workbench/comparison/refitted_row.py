"""The log predictive density of a row from two fits, with and without it.

The average of the row's likelihood over the posterior without it is dominated by few draws where the row lies
far out: four thousand draws can miss it by several nats. But the density is also the ratio of the integrals
of both posteriors, whose ratio at any point is that likelihood. So the draws of both fits are used, by the
acceptance ratio method, whose terms are bounded.

References ---------- Bennett (1976), Efficient estimation of free energy differences from Monte Carlo data,
Journal of Computational Physics 22, doi:10.1016/0021-9991(76)90078-4. Meng and Wong (1996), Simulating ratios
of normalizing constants via a simple identity, Statistica Sinica 6.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from workbench.prediction.monte_carlo import measure_errors

Floats = NDArray[np.float64]

_MOST_ITERATIONS = 1000
"""Of the fixed point; it converges in tens. Ours."""

_TOLERANCE = 1e-8
"""Change of the estimate at which it has converged [nats]. Ours."""


def compare_fits(
    with_row: Floats, without_row: Floats, chains: int = 1, chains_without: int = 0
) -> tuple[float, float]:
    """Return the log predictive density of a row, and its Monte Carlo standard error [nats].

    Parameters
    ----------
    with_row
        Its log likelihood at the draws of the fit of all rows, `(s,)`.
    without_row
        Its log likelihood at the draws of the fit without it, `(t,)`.
    chains, chains_without
        How many chains each of them has, one after the other; the second has as many as the first by default.

    Returns
    -------
    tuple
        The error is infinite where the fits do not overlap.

    >>> value, _ = compare_fits(np.full(100, -2.0), np.full(100, -2.0))
    >>> round(value, 6)
    -2.0
    """
    share = len(with_row) / (len(with_row) + len(without_row))
    log_with, log_without = np.log(share), np.log1p(-share)
    if not (np.isfinite(without_row).any() and np.isfinite(with_row).all()):
        return -np.inf, np.inf
    value = float(np.median(without_row[np.isfinite(without_row)]))
    for _ in range(_MOST_ITERATIONS):
        above = -np.logaddexp(log_with, log_without + value - without_row)
        below = -np.logaddexp(log_with + with_row, log_without + value)
        again = float(logsumexp(above) - np.log(len(above)) - logsumexp(below) + np.log(len(below)))
        change, value = again - value, again
        if abs(change) < _TOLERANCE:
            break
    error = float(np.hypot(_measure_error(above, chains_without or chains), _measure_error(below, chains)))
    return value, error if np.isfinite(error) else np.inf


def _measure_error(log_terms: Floats, chains: int) -> float:
    """Return the Monte Carlo standard error of the log of a mean."""
    relative = np.exp(log_terms - logsumexp(log_terms) + np.log(len(log_terms)))
    return float(measure_errors(relative[:, None], chains)[0])
