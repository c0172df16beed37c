"""Replicated data held against observed ones: test statistics, probability transforms, coverage.

References
----------
Gelman, Meng and Stern (1996), Posterior predictive assessment of model fitness via realized discrepancies,
Statistica Sinica 6(4), 733-760.
Gelman et al. (2013), Bayesian Data Analysis, section 6.3 (test statistics) and 7.1 (leave-one-out).
Czado, Gneiting and Held (2009), Predictive model assessment for count data,
doi:10.1111/j.1541-0420.2009.01191.x (transforms of discrete outcomes are spread over their step at random).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from workbench.diagnostics import calibration, counts
from workbench.diagnostics.loo import LeaveOneOut
from workbench.diagnostics.outcomes import Outcome, outcomes, replicated
from workbench.results import Fit

Floats = NDArray[np.float64]

LEVELS = (0.5, 0.8, 0.9, 0.95)
"""Probabilities of the central intervals whose coverage is counted."""

BAND = 0.95
"""Probability of the binomial band around a coverage."""

TIE_SEED = 214
"""Seed that spreads the transform of a discrete outcome over its step; the one ArviZ uses."""

MOST_CATEGORIES = 10
"""Categories whose shares are test statistics; of more, only the most frequent."""

Statistic = Callable[[Floats], Floats]
_SIMPLE: dict[str, Statistic] = {
    "mean": lambda values: values.mean(axis=-1),
    "sd": lambda values: values.std(axis=-1, ddof=1 if values.shape[-1] > 1 else 0),
    "min": lambda values: values.min(axis=-1),
    "max": lambda values: values.max(axis=-1),
    "share of zeros": lambda values: (values == 0).mean(axis=-1),
}
_OF_KIND = {
    "continuous": ("mean", "sd", "min", "max"),
    "count": ("mean", "sd", "max", "share of zeros"),
    "binary": ("mean",),
}


def measured(fit: Fit, left: LeaveOneOut | None) -> dict[str, Any]:
    """Return the entry `predictive` of `run.json`.

    Parameters
    ----------
    fit
        The fit.
    left
        What leaving observations out one by one gave, where it could be done.
    """
    found, gone = replicated(fit)
    entry: dict[str, Any] = {
        "status": "ok" if found else "not available",
        "outcomes": [_measured(one, left) for one in found],
        "left_out": gone,
    }
    return entry if found else {**entry, "reason": _reason(gone)}


def _reason(gone: list[dict[str, str]]) -> str:
    if not gone:
        return "the program has no likelihood of declared data that could be drawn anew."
    return " ".join(f"`{one['name']}`: {one['reason'].rstrip('.')}." for one in gone)


def _measured(outcome: Outcome, left: LeaveOneOut | None) -> dict[str, Any]:
    transform = pit(outcome, left)
    is_loo = _weights(outcome, left) is not None
    return {
        "name": outcome.name,
        "replicate": outcome.replicate,
        "kind": outcome.kind,
        "source": outcome.source,
        "conditional": outcome.is_conditional,
        "observations": len(outcome.observed),
        "left_out": outcome.left_out,
        "statistics": statistics(outcome),
        "pit": {"source": "loo" if is_loo else "posterior", "uniform_p": _uniformity(outcome, transform)},
        "coverage": coverage(transform) if is_loo and outcome.kind in ("continuous", "count") else [],
        "scores": calibration.scores(outcome, left) if outcome.kind == "binary" else {},
        "dispersion": counts.dispersion(outcome) if outcome.kind == "count" else None,
    }


def statistics(outcome: Outcome) -> list[dict[str, Any]]:
    """Return test statistics of the observed data among those of the replicates.

    The p-value is the share of replicates whose statistic is larger, ties counted half.
    """
    found = []
    for name, statistic in _statistics(outcome).items():
        observed = float(statistic(outcome.observed))
        replicated = statistic(outcome.replicates)
        larger = (replicated > observed).mean() + 0.5 * (replicated == observed).mean()
        lower, upper = np.quantile(replicated, [0.025, 0.975])
        found.append(
            {
                "name": name,
                "observed": observed,
                "p_value": float(larger),
                "replicated": float(replicated.mean()),
                "lower": float(lower),
                "upper": float(upper),
            }
        )
    return found


def _statistics(outcome: Outcome) -> dict[str, Statistic]:
    if outcome.kind in _OF_KIND:
        return {name: _SIMPLE[name] for name in _OF_KIND[outcome.kind]}
    values, frequency = np.unique(outcome.observed, return_counts=True)
    most = values[np.argsort(-frequency, kind="stable")][:MOST_CATEGORIES]
    return {f"share of {value:g}": _share(value) for value in sorted(most)}


def _share(value: float) -> Statistic:
    return lambda values: (values == value).mean(axis=-1)


def pit(outcome: Outcome, left: LeaveOneOut | None = None) -> Floats:
    """Return the probability that a replicate is below what was observed, `(n,)`.

    Each is given all other observations where `left` is given and its rows are known, and all of them
    otherwise. A tie is spread at random over its probability.
    """
    weights = _weights(outcome, left)
    below = np.empty(len(outcome.observed))
    equal = np.empty_like(below)
    for cell, value in enumerate(outcome.observed):
        draws = outcome.replicates[:, cell]
        if weights is None:
            below[cell], equal[cell] = (draws < value).mean(), (draws == value).mean()
        else:
            weight = np.exp(weights[cell])
            below[cell], equal[cell] = weight[draws < value].sum(), weight[draws == value].sum()
    spread = np.zeros_like(below)
    is_tied = equal > 0
    spread[is_tied] = np.random.default_rng(TIE_SEED).random(int(is_tied.sum()))
    return np.clip(below + spread * equal, 0, 1)


def loo_pit(fit: Fit, name: str, left: LeaveOneOut) -> Floats:
    """Return the leave-one-out transform of one outcome, `(n,)`.

    Raises
    ------
    KeyError
        The outcome has no replicates.
    """
    return pit({one.name: one for one in outcomes(fit)}[name], left)


def _weights(outcome: Outcome, left: LeaveOneOut | None) -> Floats | None:
    return None if left is None or outcome.rows is None else left.log_weights[outcome.rows]


def _uniformity(outcome: Outcome, transform: Floats) -> float | None:
    """Return the p-value of the transforms being uniform; categories have no order to transform."""
    if outcome.kind == "categorical" or len(transform) < 2:
        return None
    return float(stats.kstest(transform, "uniform").pvalue)


def coverage(transform: Floats) -> list[dict[str, float]]:
    """Return how many observations their central predictive intervals hold, with binomial bands."""
    count = len(transform)
    rows = []
    for level in LEVELS:
        tail = (1 - level) / 2
        inside = int(((transform >= tail) & (transform <= 1 - tail)).sum())
        lower, upper = stats.binom.interval(BAND, count, level)
        rows.append(
            {
                "level": level,
                "observed": inside / count,
                "inside": inside,
                "lower": float(lower) / count,
                "upper": float(upper) / count,
                "p_value": float(stats.binomtest(inside, count, level).pvalue),
            }
        )
    return rows
