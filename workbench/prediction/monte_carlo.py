"""Monte Carlo standard errors of many columns at once, by batch means."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.prediction.predictions import Floats


def measure_errors(draws: NDArray[Any], chains: int = 1) -> Floats:
    """Return the Monte Carlo standard error of the mean of each column.

    Each chain is cut into batches of the square root of its length; how far their means scatter says how well
    the mean of all is known, whatever the autocorrelation within a batch.

    Parameters
    ----------
    draws
        `(s, e)`: chain by chain, each with as many draws.
    chains
        How many chains there are.

    Returns
    -------
    `(e,)`; not a number where there are too few draws for two batches.

    References
    ----------
    Flegal and Jones (2010), Batch means and spectral variance estimators in Markov chain Monte Carlo, Annals
    of Statistics 38(2), doi:10.1214/09-AOS735.

    >>> measure_errors(np.arange(16.0)[:, None]).round(2).tolist()
    [2.58]
    """
    count, length = draws.shape[0], draws.shape[0] // chains
    size = int(np.sqrt(length))
    if length * chains != count or length // max(size, 1) * chains < 2:
        return np.full(draws.shape[1], np.nan)
    batches = length // size
    kept = draws.reshape(chains, length, -1)[:, length - batches * size :]
    means = kept.reshape(chains * batches, size, -1).mean(axis=1)
    return np.asarray(means.std(axis=0, ddof=1) / np.sqrt(chains * batches))


def measure_share_errors(is_true: NDArray[np.bool_], chains: int = 1) -> Floats:
    """Return the Monte Carlo standard error of the share of draws in which a condition holds, `(e,)`.

    Where it holds in all draws or in none, the error is that of a share of one in as many draws and two: of
    an event that none of 4,000 draws has, the probability is not known to be exactly 0.
    """
    count = is_true.shape[0]
    share = 1 / (count + 2)
    held = is_true.sum(axis=0)
    least = np.where((held == 0) | (held == count), np.sqrt(share * (1 - share) / count), 0.0)
    return np.maximum(measure_errors(is_true, chains), least)


def measure_quantile_errors(
    ordered: Floats, draws: Floats, quantiles: Floats, probability: float, chains: int = 1
) -> Floats:
    """Return the Monte Carlo standard error of a quantile of each column.

    The share of draws below it has an error. Half the distance between the quantiles that lie so far to both
    sides is the error of the quantile.

    Parameters
    ----------
    ordered
        The draws in order, `(s, e)`.
    draws
        The draws as they came, `(s, e)`.
    quantiles
        The quantile of each column, `(e,)`.
    probability
        Which quantile it is.
    chains
        How many chains there are.

    References
    ----------
    Vehtari et al. (2021), doi:10.1214/20-BA1221, section 4.4, here with the normal in place of the beta
    distribution.
    """
    errors = measure_errors(draws <= quantiles, chains)
    count = ordered.shape[0]
    if np.isnan(errors).any():
        return np.full(ordered.shape[1], np.nan)
    places = [
        np.clip(np.rint((probability + sign * errors) * (count - 1)), 0, count - 1).astype(np.int64)
        for sign in (-1, 1)
    ]
    lower, upper = (np.take_along_axis(ordered, place[None, :], axis=0)[0] for place in places)
    return np.asarray((upper - lower) / 2)
