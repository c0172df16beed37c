"""Scores of an outcome in categories.

References
----------
Brier (1950), Verification of forecasts expressed in terms of probability, Monthly Weather Review 78(1): the
sum over categories, from 0 to 2.
Guo, Pleiss, Sun and Weinberger (2017), On calibration of modern neural networks, ICML, section 2 (calibration
of the most probable category).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.diagnostics.calibration import compute_calibration_error
from workbench.prediction.scores.measures import Measure, average, measure_log_density
from workbench.prediction.scores.outcome_scores import OutcomeScores
from workbench.prediction.scores.yes_no import measure_area, measure_log_loss, measure_rates

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CategoryScores:
    """One category against all others.

    Attributes
    ----------
    category
        Its value.
    observed
        Its share among what was observed.
    predicted
        Its mean predicted probability.
    measures
        Brier score, rates at the threshold, and area under the ROC curve.
    """

    category: int
    observed: float
    predicted: float
    measures: tuple[Measure, ...]


def measure_classes(scores: OutcomeScores) -> tuple[Measure, ...]:
    """Return the scores of an outcome in categories; the most probable one is what is predicted."""
    elements = scores.elements
    rows, probabilities = elements.rows, elements.probabilities
    positions = elements.positions
    happened = np.eye(len(scores.categories))[positions]
    is_right = (probabilities.argmax(axis=1) == positions).astype(float)
    error = compute_calibration_error(is_right, probabilities.max(axis=1))
    ordered = (average("crps", elements.crps, rows, "lower"),) if scores.kind == "ordered" else ()
    return (
        measure_log_density(elements),
        *ordered,
        average("brier", ((probabilities - happened) ** 2).sum(axis=1), rows, "lower"),
        measure_log_loss(elements),
        Measure("ece", error, math.nan, len(rows), "lower"),
        average("accuracy", is_right, rows, "higher"),
    )


def score_categories(scores: OutcomeScores, threshold: float) -> tuple[CategoryScores, ...]:
    """Return each category against all others; empty for an outcome without categories."""
    elements = scores.elements
    return tuple(
        _score_category(
            category, elements.observed, elements.probabilities[:, place], threshold, elements.rows
        )
        for place, category in enumerate(scores.categories)
    )


def _score_category(
    category: int, values: Floats, probability: Floats, threshold: float, rows: NDArray[np.int64]
) -> CategoryScores:
    observed = (values == category).astype(float)
    return CategoryScores(
        category=category,
        observed=float(observed.mean()),
        predicted=float(probability.mean()),
        measures=(
            average("brier", (probability - observed) ** 2, rows, "lower"),
            *measure_rates(observed, probability, threshold, rows),
            measure_area(observed, probability, rows),
        ),
    )
