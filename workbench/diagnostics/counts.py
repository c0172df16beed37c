"""The dispersion of counts, observed and predicted.

References
----------
Gelman, Meng and Stern (1996), Posterior predictive assessment of model fitness via realized discrepancies,
Statistica Sinica 6(4), 733-760.
Satterthwaite (1946), An approximate distribution of estimates of variance components, Biometrics Bulletin
2(6), doi:10.2307/3002019 (a sum of squares as a scaled chi-squared variable).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workbench.diagnostics.loo import LeaveOneOut
from workbench.diagnostics.outcomes import Outcome
from workbench.late_imports import LateModule
from workbench.results.view import Dispersion
from workbench.thresholds import khat_limit

if TYPE_CHECKING:
    from scipy import stats
else:
    stats = LateModule("scipy.stats")

Floats = NDArray[np.float64]


def measure_dispersion(outcome: Outcome, left_out: LeaveOneOut | None = None) -> Dispersion | None:
    """Return the spread of the observed counts around their predicted means, relative to the model's.

    `ratio` is Pearson's statistic with the mean of the replicates, relative to the same of the replicates;
    `p_value` is the share of replicates with a larger one, ties counted half. A model that adapts to single
    rows makes both lenient. `loo_ratio` and `loo_p_value` take each count given all others, where
    leave-one-out is available; `unreliable` counts the rows for which it is not reliable.

    `None` where the replicates do not vary.
    """
    mean = outcome.replicates.mean(axis=0)
    is_positive = mean > 0
    if not is_positive.any():
        return None
    scale = mean[is_positive]
    observed = float(((outcome.observed - mean)[is_positive] ** 2 / scale).sum())
    replicated = ((outcome.replicates - mean)[:, is_positive] ** 2 / scale).sum(axis=1)
    if replicated.mean() == 0:
        return None
    p_value = (replicated > observed).mean() + 0.5 * (replicated == observed).mean()
    ratio = observed / float(replicated.mean())
    if left_out is None or outcome.rows is None:
        return Dispersion(ratio, float(p_value))
    unreliable = int((left_out.khat[outcome.rows] > khat_limit(left_out.log_weights.shape[1])).sum())
    return Dispersion(ratio, float(p_value), *_measure_left_out(outcome, left_out), unreliable)


def _measure_left_out(outcome: Outcome, left_out: LeaveOneOut) -> tuple[float | None, float | None]:
    """Return the mean squared distance of counts from their predictions given all others, and its p-value.

    Distances are in predictive standard deviations, so that the mean is 1 if the model is right. The sum is
    taken as a scaled chi-squared variable of the same mean and variance.
    """
    assert outcome.rows is not None  # noqa: S101 - the caller has looked
    squares, variances = np.empty(len(outcome.rows)), np.empty(len(outcome.rows))
    for cell, row in enumerate(outcome.rows):
        weights, draws = np.exp(left_out.log_weights[row]), outcome.replicates[:, cell]
        deviations = draws - weights @ draws
        variance = weights @ deviations**2
        with np.errstate(divide="ignore", invalid="ignore"):
            squares[cell] = (outcome.observed[cell] - weights @ draws) ** 2 / variance
            variances[cell] = weights @ (deviations**2 / variance - 1) ** 2
    is_known = np.isfinite(squares) & (variances > 0)
    count = int(is_known.sum())
    if not count:
        return None, None
    total, spread = float(squares[is_known].sum()), float(variances[is_known].sum())
    scale = spread / (2 * count)
    return total / count, float(stats.chi2.sf(total / scale, count / scale))
