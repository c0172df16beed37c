"""Leave-one-out by importance weights of the draws of a fit, as every cross-validation is stated."""

from __future__ import annotations

import numpy as np

from workbench.comparison.cross_validation import CrossValidation
from workbench.diagnostics.loo import compute_leave_one_out, label_rows
from workbench.results import Fit
from workbench.thresholds import khat_limit


def leave_one_out(fit: Fit) -> CrossValidation:
    """Return what a fit says of each row given all others; `explain_missing_loo` of the fit must be empty.

    The numbers are those of ArviZ's `loo`.
    """
    found = compute_leave_one_out(fit)
    count = len(found.elpd)
    return CrossValidation(
        scheme="leave-one-out",
        folds="",
        elpd=found.elpd,
        p=found.p_loo,
        khat=found.khat,
        khat_limit=khat_limit(found.log_weights.shape[1]),
        ways=np.full(count, "importance weights"),
        labels=tuple(label_rows(fit)),
        rows=np.ones(count, dtype=np.int64),
    )
