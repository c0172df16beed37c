"""Predicted probabilities of a binary outcome compared with what happened.

References
----------
Brier (1950), Verification of forecasts expressed in terms of probability, Monthly Weather Review 78(1).
Naeini, Cooper and Hauskrecht (2015), Obtaining well calibrated probabilities using Bayesian binning, AAAI 29
(expected calibration error).
Bröcker and Smith (2007), Increasing the reliability of reliability diagrams, doi:10.1175/WAF993.1
(consistency bands).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workbench.diagnostics.loo import LeaveOneOut
from workbench.diagnostics.outcomes import Outcome
from workbench.late_imports import LateModule
from workbench.results.view import CalibrationScores, ReliabilityBin

if TYPE_CHECKING:
    from scipy import stats
else:
    stats = LateModule("scipy.stats")

Floats = NDArray[np.float64]

BINS = 10
"""Bins of equal size at most; fewer where a bin would hold less than `PER_BIN` observations."""

PER_BIN = 10
"""Observations that a bin holds at least. Ours."""

_DECIMALS = 12
"""Decimals up to which predicted probabilities count as equal."""

BAND = 0.95
"""Probability of the consistency band of one bin."""


def predict_probabilities(outcome: Outcome, left_out: LeaveOneOut | None = None) -> Floats:
    """Return the predicted probability of a one, `(n,)`; given all other observations with `left_out`.

    The predictive density of an observation is itself the probability of what happened. Only where it is not
    known, the share of ones among the replicates stands in, with its Monte Carlo error.
    """
    if left_out is not None and outcome.rows is not None:
        happened = np.exp(np.minimum(left_out.elpd[outcome.rows], 0))
        return np.where(outcome.observed == 1, happened, 1 - happened)
    if outcome.log_lik is not None:
        return average_probability(outcome.log_lik, outcome.observed)
    return np.asarray(outcome.replicates.mean(axis=0), dtype=np.float64)


def average_probability(log_lik: Floats, observed: Floats) -> Floats:
    """Return the mean probability of a one over the draws, `(n,)`.

    Parameters
    ----------
    log_lik
        Log probability of what happened at each draw, `(n, sample)`.
    observed
        What happened: zeros and ones, `(n,)`.

    >>> average_probability(np.log([[0.2, 0.4], [0.2, 0.4]]), np.array([1.0, 0.0])).round(6).tolist()
    [0.3, 0.7]
    """
    happened = np.exp(np.minimum(log_lik, 0)).mean(axis=1)
    shares: Floats = np.where(observed == 1, happened, 1 - happened)
    return shares


def compute_scores(outcome: Outcome, left_out: LeaveOneOut | None = None) -> CalibrationScores:
    """Return Brier score, log loss, expected calibration error and the reliability curve."""
    predicted = predict_probabilities(outcome, left_out)
    return CalibrationScores(
        source="posterior" if left_out is None or outcome.rows is None else "loo",
        brier=float(np.mean((predicted - outcome.observed) ** 2)),
        log_loss=compute_log_loss(outcome.observed, predicted),
        calibration_error=compute_calibration_error(outcome.observed, predicted),
        base_rate=float(outcome.observed.mean()),
        reliability=compute_reliability(outcome.observed, predicted),
        spiegelhalter_z=compute_spiegelhalter_z(outcome.observed, predicted),
    )


def compute_calibration_error(observed: Floats, predicted: Floats) -> float:
    """Return the mean distance between predicted probability and observed share of the bins, by size."""
    distances = [
        len(members) * abs(float(predicted[members].mean()) - float(observed[members].mean()))
        for members in _split_into_bins(predicted)
    ]
    return sum(distances) / len(predicted)


def compute_log_loss(observed: Floats, predicted: Floats) -> float:
    """Return the mean negative log probability of what happened [nats].

    >>> round(compute_log_loss(np.array([1.0, 0.0]), np.array([0.5, 0.5])), 4)
    0.6931
    """
    smallest = np.finfo(float).eps
    of_what_happened = np.where(observed == 1, predicted, 1 - predicted)
    return float(-np.log(np.clip(of_what_happened, smallest, 1)).mean())


def compute_spiegelhalter_z(observed: Floats, predicted: Floats) -> float | None:
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


def compute_reliability(observed: Floats, predicted: Floats) -> tuple[ReliabilityBin, ...]:
    """Return observed shares by predicted probability, in bins of equal size, with consistency bands.

    A band is where the observed share would lie if the predictions of the bin were right.
    """
    bins = []
    for members in _split_into_bins(predicted):
        mean = float(predicted[members].mean())
        lower, upper = stats.binom.interval(BAND, len(members), mean)
        bins.append(
            ReliabilityBin(
                predicted=mean,
                observed=float(observed[members].mean()),
                count=len(members),
                lower=float(lower) / len(members),
                upper=float(upper) / len(members),
            )
        )
    return tuple(bins)


def _split_into_bins(predicted: Floats) -> list[NDArray[np.int64]]:
    """Return the positions of the predictions in each bin, the smallest predictions first.

    Equal predictions share a bin, whatever the order of the rows: the one that holds the middle of them.
    """
    count = max(1, min(BINS, len(predicted) // PER_BIN))
    _, level, sizes = np.unique(predicted.round(_DECIMALS), return_inverse=True, return_counts=True)
    middle = np.cumsum(sizes) - (sizes + 1) / 2
    chosen = np.minimum((middle * count / len(predicted)).astype(np.int64), count - 1)[level]
    return [members for place in range(count) if (members := np.flatnonzero(chosen == place)).size]
