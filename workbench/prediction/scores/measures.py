"""Scores of a whole table with their standard errors, and differences between methods on the same rows.

References
----------
Hampel (1974), The influence curve and its role in robust estimation, doi:10.1080/01621459.1974.10482962: the
standard error of a ratio or a root follows from the influence of each row on it.
Liang and Zeger (1986), Longitudinal data analysis using generalized linear models,
doi:10.1093/biomet/73.1.13: elements of one row are summed first, as they may depend on each other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from workbench.prediction.scores.elements import ElementScores, is_inside
from workbench.prediction.scores.outcome_scores import OutcomeScores
from workbench.prediction.scores.position import LEVELS

Floats = NDArray[np.float64]
Better = Literal["higher", "lower", ""]


@dataclass(frozen=True)
class Measure:
    """A score of a table.

    Attributes
    ----------
    name
        What it is, such as ``log_density``.
    value
        The score; `nan` where it is not defined.
    se
        Its standard error over rows; `nan` where there is none.
    count
        The elements it is made from.
    better
        Whether a higher or a lower score is the better one; empty for neither.
    influence
        How much each element moves the score, `(e,)`: the error of the score is the mean of as many rows;
        `nan` for elements that do not count. `None` where it is not known.
    rows
        The row of each of these, `(e,)`; `None` where they are the elements of the outcome.
    """

    name: str
    value: float
    se: float
    count: int
    better: Better = ""
    influence: Floats | None = field(default=None, repr=False, compare=False)
    rows: NDArray[np.int64] | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class PairedDifference:
    """How much better one method scores than another on the same rows, and the standard error of that."""

    value: float
    se: float


def average(name: str, values: Floats, rows: NDArray[np.int64], better: Better = "") -> Measure:
    """Return the mean of a score over elements, without those that have none.

    >>> rows = np.arange(4)
    >>> measure = average("crps", np.array([1.0, 2.0, 3.0, np.nan]), rows)
    >>> measure.value, round(measure.se, 4), measure.count
    (2.0, 0.5774, 3)
    """
    is_known = ~np.isnan(values)
    count = int(is_known.sum())
    if not count:
        return Measure(name, math.nan, math.nan, 0, better)
    value = float(values[is_known].mean())
    if not math.isfinite(value):
        return Measure(name, value, math.nan, count, better)
    return make_measure(name, value, values - value, rows, better)


def make_measure(
    name: str,
    value: float,
    influence: Floats,
    rows: NDArray[np.int64],
    better: Better = "",
) -> Measure:
    """Return a score with the standard error that follows from the influence of each element."""
    se = compute_standard_error(influence, rows)
    return Measure(name, value, se, int((~np.isnan(influence)).sum()), better, influence)


def compute_standard_error(influence: Floats, rows: NDArray[np.int64]) -> float:
    """Return the standard error of a score; elements of one row count together. One row has none: `nan`.

    Parameters
    ----------
    influence
        As in `Measure`, `(e,)`.
    rows
        The row of each element, `(e,)`.

    >>> round(compute_standard_error(np.array([-1.0, 0.0, 1.0]), np.arange(3)), 4)
    0.5774
    >>> round(compute_standard_error(np.array([-1.0, -1.0, 1.0, 1.0]), np.array([0, 0, 1, 1])), 4)
    1.0
    """
    is_counted = ~np.isnan(influence)
    _, place = np.unique(rows[is_counted], return_inverse=True)
    sums = np.bincount(place, influence[is_counted])
    if len(sums) < 2:
        return math.nan
    return float(np.sqrt(len(sums) / (len(sums) - 1) * (sums**2).sum()) / is_counted.sum())


def compare(first: Measure, second: Measure, rows: NDArray[np.int64]) -> PairedDifference | None:
    """Return how much better the first score is than the second; `None` if it cannot be said.

    Parameters
    ----------
    first, second
        The same score of two methods.
    rows
        The row of each element.
    """
    is_comparable = first.better and first.count == second.count > 0
    if not is_comparable or not math.isfinite(first.value - second.value):
        return None
    sign = 1 if first.better == "higher" else -1
    difference = sign * (first.value - second.value)
    if first.influence is None or second.influence is None:
        return PairedDifference(difference, math.nan)
    together = first.influence - second.influence
    if (np.isnan(together) != np.isnan(first.influence)).any():
        return None
    return PairedDifference(
        difference, compute_standard_error(together, rows if first.rows is None else first.rows)
    )


def measure_numbers(scores: OutcomeScores) -> tuple[Measure, ...]:
    """Return the scores of an outcome that is a number: density, CRPS, errors, coverage and widths."""
    elements = scores.elements
    rows = elements.rows
    error = elements.observed - elements.mean
    if not scores.has_mean:
        error = np.full(len(rows), np.nan)
    return (
        measure_log_density(elements),
        average("crps", elements.crps, rows, "lower"),
        *_measure_errors(error, elements.observed, rows),
        average("mae", np.abs(elements.observed - elements.median), rows, "lower"),
        average("bias", error, rows),
        *measure_coverage(elements),
    )


def measure_log_density(elements: ElementScores) -> Measure:
    """Return the mean log predictive density."""
    return average("log_density", elements.log_density, elements.rows, "higher")


def measure_whole_rows(scores: OutcomeScores) -> tuple[Measure, ...]:
    """Return the scores of whole rows, of an outcome with several components: joint density and energy."""
    whole = scores.whole
    if whole is None:
        return ()
    measures = (
        average("joint_log_density", whole.log_density, whole.rows, "higher"),
        average("energy", whole.energy, whole.rows, "lower"),
    )
    return tuple(replace(measure, rows=whole.rows) for measure in measures if measure.count)


def measure_coverage(elements: ElementScores) -> tuple[Measure, ...]:
    """Return how many observations lie in their central intervals, and how wide these are.

    The standard error of a coverage is that of intervals that hold their probability: binomial.
    """
    inside = is_inside(elements)
    widths = elements.ends[..., 1] - elements.ends[..., 0]
    measures = []
    for place, level in enumerate(LEVELS):
        covered = average(f"coverage_{100 * level:g}", inside[:, place], elements.rows)
        se = math.sqrt(level * (1 - level) / covered.count) if covered.count else math.nan
        measures += [
            Measure(covered.name, covered.value, se, covered.count),
            average(f"width_{100 * level:g}", widths[:, place], elements.rows),
        ]
    return tuple(measures)


def _measure_errors(error: Floats, observed: Floats, rows: NDArray[np.int64]) -> tuple[Measure, Measure]:
    """Return the root of the mean squared error of the predictive mean, and the share of variance explained.

    R² compares with the mean of the very rows that are scored.
    """
    squared = average("squared_error", error**2, rows)
    root = math.sqrt(squared.value) if squared.value >= 0 else math.nan
    spread = float(observed.var())
    if squared.influence is None:
        return Measure("rmse", root, math.nan, squared.count, "lower"), _undefined("r2", "higher")
    if root == 0:
        rmse = Measure("rmse", 0.0, math.nan, squared.count, "lower")
    else:
        rmse = make_measure("rmse", root, squared.influence / (2 * root), rows, "lower")
    if squared.count < len(rows) or spread == 0:
        return rmse, _undefined("r2", "higher")
    of_spread = (observed - observed.mean()) ** 2 - spread
    influence = -squared.influence / spread + squared.value / spread**2 * of_spread
    return rmse, make_measure("r2", 1 - squared.value / spread, influence, rows, "higher")


def _undefined(name: str, better: Better = "") -> Measure:
    return Measure(name, math.nan, math.nan, 0, better)
