"""An outcome scored: by each method on new rows, and on the rows of the fit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from workbench.prediction.scores.chance import TailCount, count_tails
from workbench.prediction.scores.classes import CategoryScores, measure_classes, score_categories
from workbench.prediction.scores.elements import ElementScores, take_elements
from workbench.prediction.scores.measures import (
    Measure,
    PairedDifference,
    compare,
    measure_numbers,
    measure_whole_rows,
)
from workbench.prediction.scores.outcome_scores import OutcomeScores
from workbench.prediction.scores.yes_no import measure_yes_no


@dataclass(frozen=True)
class OwnRows:
    """The same scores on the rows that the fit was made with.

    Attributes
    ----------
    measures
        The scores by name.
    is_left_out
        Whether the log density of each row is given all other rows; otherwise, as with all other scores, the
        fit has seen the row.
    bad_rows
        Rows whose k-hat is too large for that log density to be relied on.
    """

    measures: Mapping[str, Measure]
    is_left_out: bool = False
    bad_rows: int = 0


@dataclass(frozen=True)
class ComponentScores:
    """One component of an outcome that has several in a row.

    Attributes
    ----------
    name
        That of its column, or its index, counted from 1.
    measures
        The scores of it by name.
    """

    name: str
    measures: Mapping[str, Measure]


@dataclass(frozen=True)
class ScoredOutcome:
    """An outcome scored.

    Attributes
    ----------
    methods
        Its scores by method; the first is the one that the others are compared with.
    measures
        The scores of the table by method and name.
    gains
        By other method and name, how much better the first method scores.
    categories
        Each category against all others, by the first method.
    tails
        Rows in the tails of the first method's predictions.
    own
        The same scores on the fit's own rows; `None` where the run does not hold what they need.
    own_reason
        Why it does not.
    components
        Each component of an outcome that has several in a row, by the first method.
    threshold
        The probability from which on an outcome is predicted to happen.
    """

    methods: Mapping[str, OutcomeScores]
    measures: Mapping[str, Mapping[str, Measure]]
    gains: Mapping[str, Mapping[str, PairedDifference]]
    categories: tuple[CategoryScores, ...]
    tails: tuple[TailCount, ...]
    threshold: float
    own: OwnRows | None = None
    own_reason: str = ""
    components: tuple[ComponentScores, ...] = ()

    @property
    def leading(self) -> OutcomeScores:
        """The scores of the first method."""
        return next(iter(self.methods.values()))

    @property
    def leading_measures(self) -> Mapping[str, Measure]:
        """The scores of the table by the first method."""
        return next(iter(self.measures.values()))

    @property
    def density(self) -> str:
        """The name of the density that is scored: of single values, or where that is not known of rows."""
        measures = self.leading_measures
        is_joint = not measures["log_density"].count and "joint_log_density" in measures
        return "joint_log_density" if is_joint else "log_density"

    @property
    def impossible(self) -> int:
        """Elements or rows that the fit holds for impossible: their log density is minus infinity."""
        whole = self.leading.whole
        rows = 0 if whole is None else int(np.isneginf(whole.log_density).sum())
        return int(np.isneginf(self.leading.elements.log_density).sum()) + rows


@dataclass(frozen=True)
class UnscoredMethod:
    """A method that was to be scored beside the first, and why it was not."""

    method: str
    reason: str


@dataclass(frozen=True)
class ScoredSteps:
    """Rows that follow those of the fit in time.

    Attributes
    ----------
    fitted
        The rows of the fit.
    count
        The rows that follow.
    is_one_step
        Whether each is predicted given the outcomes of the rows before it; otherwise all are forecast from
        the last row of the fit.
    """

    fitted: int
    count: int
    is_one_step: bool

    @property
    def is_path(self) -> bool:
        """Whether the errors of different rows go together, as forecasts from one origin do."""
        return not self.is_one_step


@dataclass(frozen=True)
class ScoredTable:
    """All outcomes of a table scored.

    Attributes
    ----------
    outcomes
        Each outcome.
    left_out
        Rows without an outcome, which were left out.
    unscored
        Methods that were not scored.
    row_numbers
        The number of each scored row in the file, from 1, where rows were left out, `(row,)`.
    is_own
        Whether it is the table that the fit was made with.
    remarks
        What must be known about its columns: that one seems to be in another unit.
    steps
        How the rows follow those of the fit in time; `None` for rows without an order.
    """

    outcomes: tuple[ScoredOutcome, ...]
    left_out: int = 0
    unscored: tuple[UnscoredMethod, ...] = ()
    row_numbers: NDArray[np.int64] | None = field(default=None, repr=False)
    is_own: bool = False
    remarks: tuple[str, ...] = ()
    steps: ScoredSteps | None = None


def measure_outcome(scores: OutcomeScores, threshold: float) -> dict[str, Measure]:
    """Return the scores of a table by name, as the kind of the outcome demands."""
    if scores.kind == "yes/no":
        measures = measure_yes_no(scores, threshold)
    elif scores.categories:
        measures = measure_classes(scores)
    else:
        measures = measure_numbers(scores)
    return {measure.name: measure for measure in (*measure_whole_rows(scores), *measures)}


def score_components(
    scores: OutcomeScores, threshold: float, names: Sequence[str] = ()
) -> tuple[ComponentScores, ...]:
    """Return each component of an outcome that has several in a row; empty for other outcomes.

    Parameters
    ----------
    scores
        The scores of all of them.
    threshold
        As in `measure_outcome`.
    names
        The names of the components, where they are as many.
    """
    elements = scores.elements
    components = _find_components(elements)
    numbers = np.unique(components, axis=0)
    if len(numbers) < 2:
        return ()
    labels = names if len(names) == len(numbers) else [",".join(str(k + 1) for k in one) for one in numbers]
    found = []
    for name, number in zip(labels, numbers, strict=True):
        kept = np.flatnonzero((components == number).all(axis=1))
        own = replace(scores, elements=take_elements(elements, kept), whole=None)
        found.append(ComponentScores(name, measure_outcome(own, threshold)))
    return tuple(found)


def _find_components(elements: ElementScores) -> NDArray[np.int64]:
    """Return the index of each element without the axis of rows, `(e, dimension - 1)`."""
    index = elements.index
    axes = [axis for axis in range(index.shape[1]) if np.array_equal(index[:, axis], elements.rows)]
    return (
        np.delete(index, axes[:1], axis=1) if axes and index.shape[1] > 1 else np.zeros((len(index), 0), int)
    )


def build_scored_outcome(
    methods: Sequence[OutcomeScores],
    threshold: float,
    own: OwnRows | None = None,
    own_reason: str = "",
    components: Sequence[str] = (),
    *,
    is_path: bool = False,
) -> ScoredOutcome:
    """Return an outcome scored by several methods, the first of which the others are compared with.

    Parameters
    ----------
    methods
        The scores of the same rows by each method.
    threshold
        The probability from which on an outcome is predicted to happen.
    own, own_reason
        The scores of the fit's own rows, or why there are none.
    components
        The names of the components of an outcome that has several in a row.
    is_path
        Whether the errors of different rows go together: standard errors and counts of rows in tails, which
        take rows as independent, are then left out.
    """
    first = methods[0]
    measures = {scores.method: measure_outcome(scores, threshold) for scores in methods}
    leading = measures[first.method]
    gains = {
        scores.method: _compare_all(leading, measures[scores.method], first, scores) for scores in methods[1:]
    }
    parts = score_components(first, threshold, components)
    if is_path:
        measures = {method: _drop_errors(found) for method, found in measures.items()}
        gains = {
            method: {name: PairedDifference(item.value, math.nan) for name, item in found.items()}
            for method, found in gains.items()
        }
        parts = tuple(replace(part, measures=_drop_errors(part.measures)) for part in parts)
    smallest = 0.0 if first.categories or first.kind == "yes/no" else 2 / (first.draws + 1)
    return ScoredOutcome(
        methods={scores.method: scores for scores in methods},
        measures=measures,
        gains=gains,
        categories=score_categories(first, threshold),
        tails=() if is_path else count_tails(first.elements.tail_area, smallest),
        threshold=threshold,
        own=own,
        own_reason=own_reason,
        components=parts,
    )


def _drop_errors(measures: Mapping[str, Measure]) -> dict[str, Measure]:
    return {name: replace(measure, se=math.nan) for name, measure in measures.items()}


def _compare_all(
    leading: Mapping[str, Measure],
    others: Mapping[str, Measure],
    first: OutcomeScores,
    second: OutcomeScores,
) -> dict[str, PairedDifference]:
    """Return how much better each score of the first method is, where both scored the same elements."""
    rows = first.elements.rows
    if not np.array_equal(rows, second.elements.rows):
        return {}
    found = {
        name: compare(measure, others[name], rows) for name, measure in leading.items() if name in others
    }
    return {name: difference for name, difference in found.items() if difference is not None}


def compare_with_own(scored: ScoredOutcome) -> PairedDifference | None:
    """Return by how much new rows have a lower log density than the fit's own rows, each left out in turn.

    `None` where the fit has seen its own rows, which makes them look better than they are.
    """
    if scored.own is None or not scored.own.is_left_out:
        return None
    new, own = scored.leading_measures[scored.density], scored.own.measures.get(scored.density)
    if own is None or not math.isfinite(own.value - new.value):
        return None
    return PairedDifference(own.value - new.value, math.hypot(own.se, new.se))
