"""How well each point of a study predicts: the data that were seen, and each row given all others."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from numpy.typing import NDArray

from workbench.diagnostics import loo
from workbench.results import Fit
from workbench.studies.fits.sweep import PointPosterior

Floats = NDArray[np.float64]

_TOGETHER = 64  # rows at a time: their exponentials stay in the cache


def compute_predictive_densities(
    views: Sequence[PointPosterior], base: Fit, jobs: int
) -> list[dict[str, float]]:
    """Return `lpd` [nats], at the data that were seen, and `elpd_loo` [nats] with its standard error.

    Parameters
    ----------
    views
        The posterior at each point; those that failed have no densities.
    base
        The base fit, for what the program can tell.
    jobs
        Threads at a time; it changes no number.

    References
    ----------
    Vehtari, Gelman and Gabry (2017), Statistics and Computing 27, doi:10.1007/s11222-016-9696-4.
    """
    found: list[dict[str, float]] = [{} for _ in views]
    for source in {view.source.key: view.source for view in views if view.source is not None}.values():
        fit = Fit(base.record, source.tree)
        if loo.unavailable(fit):
            continue
        here = [number for number, view in enumerate(views) if view.source is source]
        weights = np.stack([views[number].seen[1].values for number in here], axis=1)
        for number, (seen, unseen) in zip(here, np.moveaxis(_by_row(fit, weights, jobs), 2, 0), strict=True):
            found[number] = {
                "lpd": float(seen.sum()),
                "elpd_loo": float(unseen.sum()),
                "elpd_loo_se": float(np.sqrt(len(unseen)) * np.std(unseen, ddof=1)),
            }
    return found


def _by_row(fit: Fit, weights: Floats, jobs: int) -> Floats:
    """Return log predictive densities with and without each row, `(2, row, view)`; weights `(S, view)`."""
    some = partial(_of_rows, weights, loo.relative_efficiency(fit))
    with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
        return np.concatenate(list(pool.map(some, loo.log_likelihoods(fit, _TOGETHER))), axis=1)


def _of_rows(weights: Floats, r_eff: float, log_lik: Floats) -> Floats:
    log_lik = np.ascontiguousarray(log_lik, dtype=np.float64)
    left_out, _ = loo.left_out_weights(log_lik, r_eff)
    unseen = _log_mean(log_lik + left_out, weights) - _log_mean(left_out, weights)
    return np.stack([_log_mean(log_lik, weights), unseen])


def _log_mean(logs: Floats, weights: Floats) -> Floats:
    """Return the logarithm of weighted means of the exponentials of each row, `(row, view)`."""
    largest = logs.max(axis=1, keepdims=True)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.exp(logs - largest) @ weights) + largest)
