"""Probabilities of a binary outcome held against what happened.

References
----------
Brier (1950), Verification of forecasts expressed in terms of probability, Monthly Weather Review 78(1).
Naeini, Cooper and Hauskrecht (2015), Obtaining well calibrated probabilities using Bayesian binning, AAAI 29
(expected calibration error).
Bröcker and Smith (2007), Increasing the reliability of reliability diagrams, doi:10.1175/WAF993.1
(consistency bands).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from workbench.diagnostics.loo import LeaveOneOut
from workbench.diagnostics.outcomes import Outcome

Floats = NDArray[np.float64]

BINS = 10
"""Bins of equal size at most; fewer where a bin would hold less than `PER_BIN` observations."""

PER_BIN = 10
BAND = 0.95
"""Probability of the consistency band of one bin."""


def probabilities(outcome: Outcome, left: LeaveOneOut | None = None) -> Floats:
    """Return the predicted probability of a one, `(n,)`, given all other observations where `left` is given.

    The density of an observation given the others is itself the probability of what happened.
    """
    if left is None or outcome.rows is None:
        return np.asarray(outcome.replicates.mean(axis=0), dtype=np.float64)
    happened = np.exp(np.minimum(left.elpd[outcome.rows], 0))
    return np.where(outcome.observed == 1, happened, 1 - happened)


def scores(outcome: Outcome, left: LeaveOneOut | None = None) -> dict[str, Any]:
    """Return Brier score, log loss, expected calibration error and the reliability curve."""
    predicted = probabilities(outcome, left)
    curve = reliability(outcome.observed, predicted)
    count = len(predicted)
    return {
        "source": "posterior" if left is None or outcome.rows is None else "loo",
        "brier": float(np.mean((predicted - outcome.observed) ** 2)),
        "log_loss": log_loss(outcome.observed, predicted),
        "calibration_error": sum(row["count"] * abs(row["predicted"] - row["observed"]) for row in curve)
        / count,
        "base_rate": float(outcome.observed.mean()),
        "reliability": curve,
        "spiegelhalter_z": spiegelhalter(outcome.observed, predicted),
    }


def log_loss(observed: Floats, predicted: Floats) -> float:
    """Return the mean negative log probability of what happened [nats].

    >>> round(log_loss(np.array([1.0, 0.0]), np.array([0.5, 0.5])), 4)
    0.6931
    """
    smallest = np.finfo(float).eps
    of_what_happened = np.where(observed == 1, predicted, 1 - predicted)
    return float(-np.log(np.clip(of_what_happened, smallest, 1)).mean())


def spiegelhalter(observed: Floats, predicted: Floats) -> float | None:
    """Return Spiegelhalter's z: standard normal where the probabilities are calibrated.

    References
    ----------
    Spiegelhalter (1986), Probabilistic prediction in patient management and clinical trials,
    doi:10.1002/sim.4780050506.
    """
    variance = float(np.sum((1 - 2 * predicted) ** 2 * predicted * (1 - predicted)))
    if variance == 0:
        return None
    return float(np.sum((observed - predicted) * (1 - 2 * predicted)) / np.sqrt(variance))


def reliability(observed: Floats, predicted: Floats) -> list[dict[str, float]]:
    """Return observed shares by predicted probability, in bins of equal size, with consistency bands.

    A band says where the share would lie if the predictions of the bin were right.
    """
    bins = max(1, min(BINS, len(predicted) // PER_BIN))
    order = np.argsort(predicted, kind="stable")
    rows = []
    for members in np.array_split(order, bins):
        mean = float(predicted[members].mean())
        lower, upper = stats.binom.interval(BAND, len(members), mean)
        rows.append(
            {
                "predicted": mean,
                "observed": float(observed[members].mean()),
                "count": len(members),
                "lower": float(lower) / len(members),
                "upper": float(upper) / len(members),
            }
        )
    return rows
