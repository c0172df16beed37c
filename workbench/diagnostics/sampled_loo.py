"""Leave-one-out of very many rows, estimated from a random sample of them.

The elpd of every row is approximated by importance sampling without smoothing, for which no draws need to be
kept. What that misses is estimated from the sample, whose rows are left out by Pareto-smoothed importance
sampling. Where few rows have much influence, and are not in the sample, the error is larger than its standard
error says; `wide` counts such rows.

References
----------
Magnusson, Vehtari, Jonasson and Andersen (2020), Leave-one-out cross-validation for Bayesian model comparison
in large data, AISTATS, PMLR 108, https://proceedings.mlr.press/v108/magnusson20a.html: the estimator and both
standard errors. When importance sampling fails: Vehtari, Gelman and Gabry (2017),
doi:10.1007/s11222-016-9696-4.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from workbench.diagnostics.loo import (
    Floats,
    compute_loo_weights,
    estimate_relative_efficiency,
    explain_unusable_rows,
    list_worst_rows,
)
from workbench.estimation.sampling.psis import log_sum_exp
from workbench.results import Fit
from workbench.results.sampled_rows import ROW_SUMMARIES, SAMPLED_ROWS, has_sampled_rows
from workbench.results.view import LooResult
from workbench.thresholds import FEWEST_LOO_DRAWS, WAIC_VARIANCE_LIMIT, khat_limit


@dataclass(frozen=True)
class SampledLeaveOneOut:
    """Leave-one-out of sampled rows, and its approximation for all rows.

    Attributes
    ----------
    rows
        The rows of the sample, counted from 0, `(m,)`.
    elpd, khat, p_loo
        As in `LeaveOneOut`, of the rows of the sample, `(m,)`.
    approximation
        Approximate elpd of every row [nats], `(N,)`.
    variance
        Variance of the log likelihood of every row, an approximation of `p_loo`, `(N,)`.
    draws
        How many draws there are.
    """

    rows: np.ndarray
    elpd: Floats
    khat: Floats
    p_loo: Floats
    approximation: Floats
    variance: Floats
    draws: int

    @property
    def khat_limit(self) -> float:
        """Up to which k-hat weights are good."""
        return khat_limit(self.draws)


@dataclass(frozen=True)
class EstimatedTotal:
    """A sum over all rows, estimated from some.

    Attributes
    ----------
    value
        The estimate.
    se
        Its standard error as an estimate for new rows of the same kind.
    sampling_se
        Its standard error as an estimate of the sum over the rows there are.
    """

    value: float
    se: float
    sampling_se: float


def estimate_leave_one_out(fit: Fit) -> SampledLeaveOneOut | None:
    """Return leave-one-out of the sampled rows; `None` where there is no sample, or it cannot be used."""
    if not has_sampled_rows(fit) or explain_unusable_rows(fit):
        return None
    summaries = fit.tree[ROW_SUMMARIES]
    approximation, variance = (np.asarray(summaries[name].to_numpy(), float) for name in ("elpd", "variance"))
    rows = fit.tree[SAMPLED_ROWS]["observation"].to_numpy()
    log_lik = read_sampled_rows(fit)
    is_usable = all(np.isfinite(values).all() for values in (approximation, variance, log_lik))
    if not is_usable or log_lik.shape[1] < FEWEST_LOO_DRAWS:
        return None
    weights, khat = compute_loo_weights(log_lik, estimate_relative_efficiency(fit, SAMPLED_ROWS))
    elpd = log_sum_exp(weights + log_lik)
    p_loo = log_sum_exp(log_lik) - math.log(log_lik.shape[1]) - elpd
    draws = log_lik.shape[1]
    return SampledLeaveOneOut(rows, elpd, khat, p_loo, approximation, variance, draws)


def read_sampled_rows(fit: Fit, rows: np.ndarray | None = None) -> Floats:
    """Return the log likelihood of the sampled rows, or of some of them, at each draw, `(row, sample)`."""
    stored = fit.tree[SAMPLED_ROWS]["log_lik"].transpose("observation", "chain", "draw")
    values: Floats = stored.to_numpy().reshape(stored.sizes["observation"], -1).astype(np.float64)
    return values if rows is None else values[np.searchsorted(stored["observation"].to_numpy(), rows)]


def estimate_total(values: Floats, approximation: Floats, rows: np.ndarray) -> EstimatedTotal:
    """Return the sum of values over all rows by the difference estimator.

    Parameters
    ----------
    values
        The values of a simple random sample of rows, `(m,)`.
    approximation
        An approximate value for every row, `(N,)`.
    rows
        Which rows the sample has, `(m,)`.

    >>> approximation = np.arange(100.0)
    >>> total = estimate_total(approximation[:10] + 1, approximation, np.arange(10))
    >>> float(total.value - approximation.sum()), total.sampling_se
    (100.0, 0.0)
    """
    count, size = len(approximation), len(values)
    center = approximation.mean()  # around which squares lose no digits
    all_, sample, own = approximation - center, approximation[rows] - center, values - center
    missed = own - sample
    total = count * missed.mean()
    sampling = count**2 * (1 - size / count) * missed.var(ddof=1) / size
    squares = (all_**2).sum() + count * (own**2 - sample**2).mean()
    spread = squares - (total**2 - sampling) / count
    value = float(approximation.sum() + total)
    return EstimatedTotal(value, math.sqrt(max(spread, 0.0)), math.sqrt(sampling))


def measure_sampled_loo(fit: Fit, sampled: SampledLeaveOneOut) -> LooResult:
    """Return the estimated sums over all rows, and the sampled rows with the largest k-hat."""
    elpd = estimate_total(sampled.elpd, sampled.approximation, sampled.rows)
    p_loo = estimate_total(sampled.p_loo, sampled.variance, sampled.rows)
    limit = sampled.khat_limit
    return LooResult(
        elpd=elpd.value,
        se=elpd.se,
        p_loo=p_loo.value,
        observations=len(sampled.approximation),
        khat_max=float(sampled.khat.max()),
        khat_limit=limit,
        bad=int((sampled.khat > limit).sum()),
        rows=list_worst_rows(fit, sampled.rows, sampled.khat, sampled.elpd),
        sampled=len(sampled.rows),
        sampling_se=elpd.sampling_se,
        wide=int((sampled.variance > WAIC_VARIANCE_LIMIT).sum()),
    )
