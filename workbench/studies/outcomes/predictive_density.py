"""How well each point predicts: the data that were observed, and each row given all others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from workbench.diagnostics import loo
from workbench.execution import map_here
from workbench.results import Fit
from workbench.results.quantities import find_kept_draws
from workbench.studies.fits.sweep import PointPosterior

Floats = NDArray[np.float64]

_BLOCK_ROWS = 64
"""Rows that are worked on together: few enough for their exponentials to stay in the processor's cache."""


@dataclass(frozen=True)
class PredictiveDensity:
    """Log predictive densities at one point; `None` without a posterior or a log likelihood.

    Attributes
    ----------
    lpd
        That of the data as observed [nats].
    elpd_loo, elpd_loo_se
        The expected one of new data by leave-one-out, and its standard error [nats].
    """

    lpd: float | None = None
    elpd_loo: float | None = None
    elpd_loo_se: float | None = None


def compute_predictive_densities(
    posteriors: Sequence[PointPosterior], base: Fit, jobs: int
) -> list[PredictiveDensity]:
    """Return the predictive density at each point.

    Parameters
    ----------
    posteriors
        The posterior at each point.
    base
        The base fit, whose record says what the program can tell.
    jobs
        Threads at a time; it changes no number.

    References
    ----------
    Vehtari, Gelman and Gabry (2017), Statistics and Computing 27, doi:10.1007/s11222-016-9696-4.
    """
    densities = [PredictiveDensity() for _ in posteriors]
    for source in {each.source.key: each.source for each in posteriors if each.source is not None}.values():
        fit = Fit(base.record, source.tree)
        if loo.explain_missing_loo(fit):
            continue
        here = [number for number, each in enumerate(posteriors) if each.source is source]
        weights = np.stack(
            [_weigh_kept(fit, posteriors[number].source_and_weights[1].values) for number in here], axis=1
        )
        by_point = np.moveaxis(_compute_by_row(fit, weights, jobs), 2, 0)
        for number, (observed, left_out) in zip(here, by_point, strict=True):
            error = float(np.sqrt(len(left_out)) * np.std(left_out, ddof=1))
            densities[number] = PredictiveDensity(float(observed.sum()), float(left_out.sum()), error)
    return densities


def _weigh_kept(fit: Fit, weights: Floats) -> Floats:
    """Return the weights, `(S,)`, of those draws that have a log likelihood for each row."""
    kept = find_kept_draws(fit.tree, "log_likelihood")
    if isinstance(kept, slice):
        return weights
    chosen = weights.reshape(fit.tree["posterior"].sizes["chain"], -1)[:, kept].ravel()
    return np.asarray(chosen / chosen.sum())


def _compute_by_row(fit: Fit, weights: Floats, jobs: int) -> Floats:
    """Return log predictive densities with and without each row, `(2, row, point)`; weights `(S, point)`."""
    compute = partial(_compute_block, weights, loo.estimate_relative_efficiency(fit))
    return np.concatenate(list(map_here(compute, loo.split_log_likelihood(fit, _BLOCK_ROWS), jobs)), axis=1)


def _compute_block(weights: Floats, r_eff: float, log_lik: Floats) -> Floats:
    log_lik = np.ascontiguousarray(log_lik, dtype=np.float64)
    loo_weights, _ = loo.compute_loo_weights(log_lik, r_eff)
    left_out = _log_mean_exp(log_lik + loo_weights, weights) - _log_mean_exp(loo_weights, weights)
    return np.stack([_log_mean_exp(log_lik, weights), left_out])


def _log_mean_exp(logs: Floats, weights: Floats) -> Floats:
    """Return the logarithm of weighted means of the exponentials of each row, `(row, point)`."""
    largest = logs.max(axis=1, keepdims=True)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.exp(logs - largest) @ weights) + largest)
