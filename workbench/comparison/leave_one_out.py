"""Leave-one-out by importance weights of the draws of a fit, as every cross-validation is stated."""

from __future__ import annotations

import numpy as np

from workbench.comparison.cross_validation import LEAVE_ONE_OUT, CrossValidation, Floats
from workbench.comparison.weighted_rows import average_weighted
from workbench.diagnostics.loo import (
    LeaveOneOut,
    compute_leave_one_out,
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
    count = len(found.elpd)
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
        mcse=measure_errors(fit, found),
    )


def measure_errors(fit: Fit, left_out: LeaveOneOut) -> Floats:
    """Return the Monte Carlo standard error of each row [nats], `(row,)`; NaN where k-hat is too high."""
    count = len(left_out.khat)
    found = np.empty(count)
    for first in range(0, count, _BLOCK_ROWS):
        rows = np.arange(first, min(first + _BLOCK_ROWS, count))
        log_lik = np.asarray(read_log_likelihood_of(fit, rows), dtype=np.float64)
        found[rows] = average_weighted(left_out.log_weights[rows], log_lik, left_out.r_eff)[1]
    is_good = left_out.khat <= khat_limit(left_out.log_weights.shape[1])
    return np.where(is_good, found, np.nan)
