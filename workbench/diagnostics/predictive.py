"""Replicated data compared with observed ones: test statistics, probability transforms, coverage.

References
----------
Gelman, Meng and Stern (1996), Posterior predictive assessment of model fitness via realized discrepancies,
Statistica Sinica 6(4), 733-760.
Gelman et al. (2013), Bayesian Data Analysis, sections 6.3 (test statistics) and 7.1 (leave-one-out).
Czado, Gneiting and Held (2009), Predictive model assessment for count data,
doi:10.1111/j.1541-0420.2009.01191.x (randomized transforms of discrete outcomes).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workbench.diagnostics.calibration import compute_scores
from workbench.diagnostics.counts import measure_dispersion
from workbench.diagnostics.dependence import (
    RowColumns,
    compute_residuals,
    measure_clusters,
    measure_serial,
    read_row_columns,
)
from workbench.diagnostics.loo import LeaveOneOut
from workbench.diagnostics.outcomes import Kind, Outcome, split_outcomes
from workbench.late_imports import LateModule
from workbench.results import Fit
from workbench.results.view import (
    IntervalCoverage,
    OutcomeCheck,
    PitUniformity,
    PredictiveResult,
    StatisticCheck,
    UncheckedOutcome,
)

if TYPE_CHECKING:
    from scipy import stats
else:
    stats = LateModule("scipy.stats")

from workbench.thresholds import COARSE_PIT_LIMIT

Floats = NDArray[np.float64]
Statistic = Callable[[Floats], Floats]

LEVELS = (0.5, 0.8, 0.9, 0.95)
"""Probabilities of the central intervals whose coverage is counted."""

BAND = 0.95
"""Probability of the binomial band around a coverage."""

CENTRAL = (0.025, 0.975)
"""Quantiles between which a replicated test statistic is reported."""

TIE_SEED = 214
"""Seed that spreads the transform of a discrete outcome over its step; the one ArviZ uses."""

MOST_CATEGORIES = 10
"""Categories whose shares are test statistics; of more, only the most frequent."""

_STATISTICS: dict[str, Statistic] = {
    "mean": lambda values: values.mean(axis=-1),
    "sd": lambda values: values.std(axis=-1, ddof=1 if values.shape[-1] > 1 else 0),
    "min": lambda values: values.min(axis=-1),
    "max": lambda values: values.max(axis=-1),
    "share of zeros": lambda values: (values == 0).mean(axis=-1),
}
"""Test statistics by name; each maps `(..., n)` to `(...)`."""

_STATISTICS_BY_KIND: dict[Kind, tuple[str, ...]] = {
    "continuous": ("mean", "sd", "min", "max"),
    "count": ("mean", "sd", "max", "share of zeros"),
    "binary": ("mean",),
}
"""Which of them describe an outcome; other kinds are described by the shares of their categories."""


def measure_predictive(fit: Fit, left_out: LeaveOneOut | None) -> PredictiveResult:
    """Return the posterior predictive checks of every outcome.

    Parameters
    ----------
    fit
        The fit.
    left_out
        Leave-one-out of its rows, where it is available.
    """
    outcomes, unchecked = split_outcomes(fit)
    if not outcomes:
        is_skipped = any(outcome.too_costly for outcome in unchecked)
        return PredictiveResult(
            status="skipped" if is_skipped else "not available",
            reason=_explain_missing(unchecked),
            left_out=unchecked,
        )
    columns = read_row_columns(fit)
    checks = tuple(_check_outcome(outcome, left_out, columns) for outcome in outcomes)
    return PredictiveResult(outcomes=checks, left_out=unchecked)


def _explain_missing(unchecked: tuple[UncheckedOutcome, ...]) -> str:
    if not unchecked:
        return "the program has no likelihood of declared data from which replicates could be drawn."
    return " ".join(f"`{outcome.name}`: {outcome.reason.rstrip('.')}." for outcome in unchecked)


def _check_outcome(outcome: Outcome, left_out: LeaveOneOut | None, columns: RowColumns) -> OutcomeCheck:
    pit = compute_pit(outcome, left_out)
    residuals = None if outcome.kind == "categorical" else compute_residuals(outcome, pit)
    is_loo = _select_weights(outcome, left_out) is not None
    has_coverage = is_loo and outcome.kind in ("continuous", "count")
    return OutcomeCheck(
        name=outcome.name,
        replicate=outcome.replicate,
        kind=outcome.kind,
        source=outcome.source,
        conditional=outcome.is_conditional,
        observations=len(outcome.observed),
        left_out=outcome.left_out,
        statistics=compute_statistics(outcome),
        pit=PitUniformity("loo" if is_loo else "posterior", _test_uniformity(outcome, pit)),
        coverage=compute_coverage(pit) if has_coverage else (),
        scores=compute_scores(outcome, left_out) if outcome.kind == "binary" else None,
        dispersion=measure_dispersion(outcome, left_out) if outcome.kind == "count" else None,
        serial=() if residuals is None else measure_serial(outcome, residuals, columns),
        clusters=() if residuals is None else measure_clusters(outcome, residuals, columns),
    )


def compute_statistics(outcome: Outcome) -> tuple[StatisticCheck, ...]:
    """Return test statistics of the observed data among those of the replicates.

    The p-value is the share of replicates with a larger statistic, ties counted half. It is no nearer to 0 or
    1 than so many replicates can show: with 50 of them, none larger is no p-value of 0 (Phipson and Smyth,
    2010, doi:10.2202/1544-6115.1585).
    """
    checks = []
    for name, statistic in _choose_statistics(outcome).items():
        observed = float(statistic(outcome.observed))
        replicated = statistic(outcome.replicates)
        share = (replicated > observed).mean() + 0.5 * (replicated == observed).mean()
        p_value = np.clip(share, 1 / (len(replicated) + 1), len(replicated) / (len(replicated) + 1))
        lower, upper = np.quantile(replicated, CENTRAL)
        checks.append(
            StatisticCheck(
                name=name,
                observed=observed,
                p_value=float(p_value),
                replicated=float(replicated.mean()),
                lower=float(lower),
                upper=float(upper),
            )
        )
    return tuple(checks)


def _choose_statistics(outcome: Outcome) -> dict[str, Statistic]:
    if outcome.kind in _STATISTICS_BY_KIND:
        return {name: _STATISTICS[name] for name in _STATISTICS_BY_KIND[outcome.kind]}
    values, counts = np.unique(outcome.observed, return_counts=True)
    most_frequent = values[np.argsort(-counts, kind="stable")][:MOST_CATEGORIES]
    return {f"share of {value:g}": _make_share(value) for value in sorted(most_frequent)}


def _make_share(value: float) -> Statistic:
    return lambda values: (values == value).mean(axis=-1)


def compute_pit(outcome: Outcome, left_out: LeaveOneOut | None = None) -> Floats:
    """Return the probability that a replicate is below the observed value, `(n,)`.

    Where `left_out` is given and the rows of the outcome are known, each probability is given all other
    observations; otherwise it is given all of them. A tie is spread at random over its probability. Where
    replicates are few and rows so many that the steps of one replicate would show, each value is spread over
    what its rank leaves open.
    """
    weights = _select_weights(outcome, left_out)
    below = np.empty(len(outcome.observed))
    equal = np.empty_like(below)
    for cell, value in enumerate(outcome.observed):
        draws = outcome.replicates[:, cell]
        if weights is None:
            below[cell], equal[cell] = (draws < value).mean(), (draws == value).mean()
        else:
            weight = np.exp(weights[cell])
            below[cell], equal[cell] = weight[draws < value].sum(), weight[draws == value].sum()
    rng, count = np.random.default_rng(TIE_SEED), len(outcome.replicates)
    if math.sqrt(len(below)) / (2 * count) > COARSE_PIT_LIMIT:
        return np.clip((count * below + rng.random(len(below)) * (count * equal + 1)) / (count + 1), 0, 1)
    spread = np.zeros_like(below)
    is_tied = equal > 0
    spread[is_tied] = rng.random(int(is_tied.sum()))
    return np.clip(below + spread * equal, 0, 1)


def _select_weights(outcome: Outcome, left_out: LeaveOneOut | None) -> Floats | None:
    return None if left_out is None or outcome.rows is None else left_out.log_weights[outcome.rows]


def _test_uniformity(outcome: Outcome, pit: Floats) -> float | None:
    """Return the p-value of uniform transforms; categories have no order, and hence no transform."""
    if outcome.kind == "categorical" or len(pit) < 2:
        return None
    return float(stats.kstest(pit, "uniform").pvalue)


def compute_coverage(pit: Floats) -> tuple[IntervalCoverage, ...]:
    """Return how many observations lie in their central predictive intervals, with binomial bands."""
    count = len(pit)
    coverages = []
    for level in LEVELS:
        tail = (1 - level) / 2
        inside = int(((pit >= tail) & (pit <= 1 - tail)).sum())
        lower, upper = stats.binom.interval(BAND, count, level)
        coverages.append(
            IntervalCoverage(
                level=level,
                observed=inside / count,
                inside=inside,
                lower=float(lower) / count,
                upper=float(upper) / count,
                p_value=float(stats.binomtest(inside, count, level).pvalue),
            )
        )
    return tuple(coverages)
