"""Which rows the best two runs predict differently, and what each predicts of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from workbench.comparison.cross_validation import Floats
from workbench.comparison.predictions import PredictionComparison
from workbench.diagnostics.outcomes import Outcome, read_outcomes
from workbench.results import Fit

LISTED_ROWS = 12
"""Rows that are listed: those that differ most. Ours."""

_LEVELS = (0.05, 0.95)
"""Between which quantiles a prediction is listed."""


@dataclass(frozen=True)
class RowPrediction:
    """What a run, fitted to all rows, predicts of one: mean and 90 % interval, in the outcome's unit."""

    mean: float
    lower: float
    upper: float


@dataclass(frozen=True)
class RowDifference:
    """A left-out row or group that one run predicts better than the other.

    Attributes
    ----------
    label
        Its name.
    elpd
        Its log predictive density by the best run and by the second [nats].
    observed
        What was observed; `None` where it is not a single value that both runs model.
    predictions
        What the two runs predict of it; empty where they have no replicates of it.
    """

    label: str
    elpd: tuple[float, float]
    observed: float | None = None
    predictions: tuple[RowPrediction, ...] = ()

    @property
    def difference(self) -> float:
        """How much better the best run predicts it [nats]."""
        return self.elpd[0] - self.elpd[1]


@dataclass(frozen=True)
class PredictedMeans:
    """What two runs predict of each cell of an outcome, side by side.

    Attributes
    ----------
    outcome
        The name of the outcome.
    first, second
        Predictive means by the best run and by the second, `(cell,)`, in the outcome's unit.
    spread
        The typical (root mean square) predictive standard deviation of the two.
    is_probability
        Whether the means are probabilities of a yes/no outcome.
    """

    outcome: str
    first: Floats = field(repr=False)
    second: Floats = field(repr=False)
    spread: float
    is_probability: bool

    @property
    def typical_difference(self) -> float:
        """The root mean square difference of the means."""
        return float(np.sqrt(np.mean((self.first - self.second) ** 2)))


def list_row_differences(
    fits: Mapping[str, Fit], comparison: PredictionComparison, most: int = LISTED_ROWS
) -> tuple[RowDifference, ...]:
    """Return the rows that the best two runs predict most differently, the largest difference first.

    Parameters
    ----------
    fits
        The runs by name.
    comparison
        How they predict; of runs known at a sample of rows there are no names of rows, and nothing is listed.
    most
        The most rows that are returned.
    """
    names = list(comparison.standings or {})[:2]
    if len(names) < 2 or not comparison.labels or comparison.standings is None:
        return ()
    first, second = (comparison.standings[name].elpd_by_unit for name in names)
    if first is None or second is None:
        return ()
    difference = first - second
    order = np.argsort(-np.abs(difference), kind="stable")[:most]
    predictors = _find_predictors(fits, names, comparison)
    return tuple(
        RowDifference(
            comparison.labels[place],
            (float(first[place]), float(second[place])),
            *_predict_row(predictors, int(place)),
        )
        for place in order
        if difference[place] != 0
    )


def list_predicted_means(
    fits: Mapping[str, Fit], comparison: PredictionComparison
) -> tuple[PredictedMeans, ...]:
    """Return what the best two runs predict of each outcome that both of them replicate."""
    names = list(comparison.standings or {})[:2]
    if len(names) < 2:
        return ()
    found = []
    for first, second in _pair_outcomes(fits, names):
        kinds = {first.kind, second.kind}
        if kinds & {"categorical", "ordinal"}:
            continue
        variances = (first.replicates.var(axis=0) + second.replicates.var(axis=0)) / 2
        found.append(
            PredictedMeans(
                first.name,
                first.replicates.mean(axis=0),
                second.replicates.mean(axis=0),
                float(np.sqrt(variances.mean())),
                is_probability=kinds == {"binary"},
            )
        )
    return tuple(found)


def _pair_outcomes(fits: Mapping[str, Fit], names: list[str]) -> list[tuple[Outcome, Outcome]]:
    """Return the outcomes of two runs that hold the same observed values."""
    mine, theirs = (read_outcomes(fits[name]) for name in names)
    return [
        (one, other)
        for one in mine
        for other in theirs
        if one.observed.shape == other.observed.shape and np.array_equal(one.observed, other.observed)
    ]


def _find_predictors(
    fits: Mapping[str, Fit], names: list[str], comparison: PredictionComparison
) -> tuple[Outcome, Outcome] | None:
    """Return the outcomes whose cells are the left-out rows; `None` where rows are not single cells."""
    if comparison.has_groups:
        return None
    for pair in _pair_outcomes(fits, names):
        if all(
            one.rows is not None
            and len(one.rows) == comparison.rows
            and np.array_equal(np.sort(one.rows), np.arange(comparison.rows))
            for one in pair
        ):
            return pair
    return None


def _predict_row(
    pair: tuple[Outcome, Outcome] | None, row: int
) -> tuple[float | None, tuple[RowPrediction, ...]]:
    """Return what was observed in a row of the log likelihood, and what two runs predict of it."""
    if pair is None or pair[0].rows is None or pair[1].rows is None:
        return None, ()
    cells = [int(np.flatnonzero(one.rows == row)[0]) for one in pair]
    predictions = tuple(
        RowPrediction(float(values.mean()), *map(float, np.quantile(values, _LEVELS)))
        for one, cell in zip(pair, cells, strict=True)
        for values in [one.replicates[:, cell]]
    )
    return float(pair[0].observed[cells[0]]), predictions
