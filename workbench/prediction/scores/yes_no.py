"""Scores of predicted probabilities: of a yes/no outcome, and of one category against all others.

References
----------
Brier (1950), Verification of forecasts expressed in terms of probability, Monthly Weather Review 78(1).
Dimitriadis, Gneiting and Jordan (2021), Stable reliability diagrams for probabilistic classifiers, PNAS 118,
doi:10.1073/pnas.2016191118 (miscalibration, discrimination and uncertainty, without bins).
Naeini, Cooper and Hauskrecht (2015), Obtaining well calibrated probabilities using Bayesian binning, AAAI 29
(expected calibration error).
DeLong, DeLong and Clarke-Pearson (1988), Comparing the areas under two or more correlated receiver operating
characteristic curves, Biometrics 44(3), doi:10.2307/2531595 (the standard error of the area).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workbench.diagnostics.calibration import compute_calibration_error
from workbench.late_imports import LateModule
from workbench.prediction.scores.elements import ElementScores
from workbench.prediction.scores.measures import Better, Measure, average, make_measure, measure_log_density
from workbench.prediction.scores.outcome_scores import OutcomeScores
from workbench.prediction.scores.position import take_observed

if TYPE_CHECKING:
    from scipy import optimize, stats
else:
    optimize, stats = LateModule("scipy.optimize"), LateModule("scipy.stats")

Floats = NDArray[np.float64]

_DECIMALS = 12
"""Decimals up to which predicted probabilities count as equal."""


def measure_yes_no(scores: OutcomeScores, threshold: float) -> tuple[Measure, ...]:
    """Return the scores of a yes/no outcome, predicted to be yes from a probability of `threshold` on."""
    rows, observed = scores.elements.rows, scores.elements.observed
    probability = scores.probability
    return (
        measure_log_density(scores.elements),
        average("brier", (probability - observed) ** 2, rows, "lower"),
        *_decompose_brier(observed, probability),
        measure_log_loss(scores.elements),
        Measure("ece", compute_calibration_error(observed, probability), math.nan, len(rows), "lower"),
        average("accuracy", ((probability >= threshold) == (observed == 1)).astype(float), rows, "higher"),
        *measure_rates(observed, probability, threshold, rows),
        measure_area(observed, probability, rows),
    )


def measure_log_loss(elements: ElementScores) -> Measure:
    """Return the mean negative log of the probability of what was observed [nats]; infinite if one was 0.

    The predictive density of an outcome in categories is that probability; where it is not known, the
    predicted probabilities stand in.
    """
    if np.isnan(elements.log_density).any():
        of_observed = take_observed(elements.probabilities, elements.positions)
        with np.errstate(divide="ignore"):
            return average("log_loss", -np.log(of_observed), elements.rows, "lower")
    return average("log_loss", -elements.log_density, elements.rows, "lower")


def measure_rates(
    observed: Floats, probability: Floats, threshold: float, rows: NDArray[np.int64]
) -> tuple[Measure, Measure]:
    """Return the share of noes and of yeses that are predicted to be yes: false and true positive rate."""
    predicted = (probability >= threshold).astype(float)
    return (
        _measure_share("false_positive_rate", predicted, observed == 0, rows, "lower"),
        _measure_share("true_positive_rate", predicted, observed == 1, rows, "higher"),
    )


def _measure_share(
    name: str, values: Floats, is_counted: NDArray[np.bool_], rows: NDArray[np.int64], better: Better
) -> Measure:
    return average(name, np.where(is_counted, values, np.nan), rows, better)


def measure_area(observed: Floats, probability: Floats, rows: NDArray[np.int64]) -> Measure:
    """Return the area under the ROC curve: the probability that a yes has a higher one than a no.

    Ties count half; it is not defined where all outcomes are the same.
    """
    is_yes = observed == 1
    yes, no = int(is_yes.sum()), int((~is_yes).sum())
    if not yes or not no:
        return Measure("auc", math.nan, math.nan, 0, "higher")
    together = stats.rankdata(probability)
    placement = np.empty(len(observed))
    placement[is_yes] = (together[is_yes] - stats.rankdata(probability[is_yes])) / no
    placement[~is_yes] = 1 - (together[~is_yes] - stats.rankdata(probability[~is_yes])) / yes
    area = float(placement[is_yes].mean())
    influence = (placement - area) * len(observed) / np.where(is_yes, yes, no)
    return make_measure("auc", area, influence, rows, "higher")


def _decompose_brier(observed: Floats, probability: Floats) -> tuple[Measure, ...]:
    """Return the parts of the Brier score: miscalibration less discrimination plus uncertainty."""
    calibrated = calibrate(observed, probability)
    best = float(np.mean((calibrated - observed) ** 2))
    uncertainty = float(observed.var())
    score, count = float(np.mean((probability - observed) ** 2)), len(observed)
    return (
        Measure("miscalibration", score - best, math.nan, count, "lower"),
        Measure("discrimination", uncertainty - best, math.nan, count, "higher"),
        Measure("uncertainty", uncertainty, math.nan, count),
    )


def calibrate(observed: Floats, probability: Floats) -> Floats:
    """Return the isotonic estimate of the frequency of yes at each predicted probability, `(e,)`.

    >>> calibrate(np.array([0.0, 1.0, 1.0]), np.array([0.2, 0.2, 0.9])).tolist()
    [0.5, 0.5, 1.0]
    """
    levels, where, counts = np.unique(probability.round(_DECIMALS), return_inverse=True, return_counts=True)
    shares = np.bincount(where, observed) / counts
    fitted = optimize.isotonic_regression(shares, weights=counts).x if len(levels) > 1 else shares
    calibrated: Floats = np.asarray(fitted)[where]
    return calibrated
