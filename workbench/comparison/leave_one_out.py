"""Leave-one-out by importance weights of the draws of a fit, as every cross-validation is stated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.comparison.cross_validation import LEAVE_ONE_OUT, CrossValidation, Floats
from workbench.comparison.weighted_rows import average_weighted, measure_error_of_sum
from workbench.diagnostics.loo import (
    LeaveOneOut,
    compute_leave_one_out,
    count_chains,
    label_rows,
    read_log_likelihood_of,
)
from workbench.results import Fit
from workbench.thresholds import khat_limit

_BLOCK_ROWS = 1024
"""Rows whose Monte Carlo errors are computed together: a bound of memory. Ours."""


def leave_one_out(fit: Fit) -> CrossValidation:
    """Return what a fit says of each row given all others; `explain_missing_loo` of the fit must be empty.

    The numbers are those of ArviZ's `loo`.
    """
    found = compute_leave_one_out(fit)
    count, errors = len(found.elpd), measure_errors(fit, found)
    return CrossValidation(
        scheme=LEAVE_ONE_OUT,
        folds="",
        elpd=found.elpd,
        p=found.p_loo,
        khat=found.khat,
        khat_limit=khat_limit(found.log_weights.shape[1]),
        ways=np.full(count, "importance weights"),
        labels=tuple(label_rows(fit)),
        rows=np.ones(count, dtype=np.int64),
        mcse=errors.mcse,
        sum_mcse=None
        if np.isnan(errors.mcse).any()
        else measure_error_of_sum(errors.influences, count_chains(fit)),
    )


@dataclass(frozen=True)
class RowErrors:
    """Monte Carlo errors of rows that the draws of one fit predict.

    Attributes
    ----------
    mcse
        The standard error of each row [nats], `(row,)`; NaN where k-hat is too high.
    influences
        What each draw adds to the error of the sum of the other rows [nats], `(sample,)`.
    """

    mcse: Floats
    influences: Floats


def measure_errors(fit: Fit, left_out: LeaveOneOut) -> RowErrors:
    """Return the Monte Carlo errors of leave-one-out, of rows whose k-hat is good."""
    count, draws = left_out.log_weights.shape
    mcse, influences = np.full(count, np.nan), np.zeros(draws)
    is_good = left_out.khat <= khat_limit(draws)
    for first in range(0, count, _BLOCK_ROWS):
        rows = first + np.flatnonzero(is_good[first : first + _BLOCK_ROWS])
        if rows.size:
            log_lik = np.asarray(read_log_likelihood_of(fit, rows), dtype=np.float64)
            _, mcse[rows], found = average_weighted(left_out.log_weights[rows], log_lik, left_out.r_eff)
            influences += found.sum(axis=0)
    return RowErrors(mcse, influences)
