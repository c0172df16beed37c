"""The scores of an outcome in all rows, gathered from the chunks of a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from workbench.prediction.predictions import OutcomePrediction, Predictions
from workbench.prediction.scores.elements import (
    ElementScores,
    join_elements,
    score_elements,
    take_elements,
)
from workbench.prediction.scores.position import measure_improbability
from workbench.prediction.scores.whole_rows import RowScores, join_rows, score_rows

Floats = NDArray[np.float64]
OutcomeKind = Literal["continuous", "count", "yes/no", "ordered", "categories"]

_SEED = 214
"""Seed that spreads the transform of a discrete outcome over its step."""

_MAYBE_YES_NO = ("bernoulli", "binomial")
"""What is in the names of distributions whose values can all be 0 or 1."""


@dataclass(frozen=True)
class OutcomeScores:
    """How well one method predicted an outcome.

    Attributes
    ----------
    name
        The outcome.
    kind
        What it measures, by its distributions and values.
    method
        Where the draws come from: as in `Predictions`.
    remark
        What must be said about the method.
    draws
        How many draws of the outcome there are.
    elements
        The scores of each element whose outcome was observed.
    unobserved
        Elements without an observed outcome.
    categories
        The values of an outcome in categories.
    has_mean
        Whether the predictive distribution is known to have a mean, or nothing speaks against it.
    whole
        The scores of whole rows, where the outcome has several components in a row.
    """

    name: str
    kind: OutcomeKind
    method: str
    remark: str
    draws: int
    elements: ElementScores = field(repr=False)
    unobserved: int = 0
    categories: tuple[int, ...] = ()
    has_mean: bool = True
    whole: RowScores | None = field(default=None, repr=False)

    @property
    def is_plug_in(self) -> bool:
        """Whether a point stands for the posterior."""
        return self.method in {"map", "mle"}

    @property
    def is_censored(self) -> bool:
        """Whether outcomes may be censored, so that only their density is scored."""
        return bool(np.isnan(self.elements.observed).all())

    @property
    def probability(self) -> Floats:
        """The predicted probability that a yes/no outcome is 1, `(e,)`."""
        return self.elements.probabilities[:, 1]


class _Gatherer:
    """Gathers the scores of one outcome chunk by chunk."""

    def __init__(self, first: OutcomePrediction, chunk: Predictions) -> None:
        self._first = first
        self._chunk = chunk
        self._rng = np.random.default_rng(_SEED)
        self._parts: list[ElementScores] = []
        self._whole: list[RowScores] = []
        self._unobserved = 0
        names = " ".join(first.distributions)
        self._is_zero_one = (
            first.is_integer
            and not first.categories
            and not first.exceeds_one
            and any(name in names for name in _MAYBE_YES_NO)
        )
        self._is_bernoulli = self._is_zero_one and all(
            name.startswith("bernoulli") for name in first.distributions
        )

    def add(self, outcome: OutcomePrediction, chunk: Predictions) -> None:
        """Add the scores of a chunk."""
        part = score_elements(outcome, chunk.labels, chunk.first_row, self._rng)
        self._parts.append(part)
        whole = score_rows(outcome, chunk)
        if whole is not None:
            self._whole.append(whole)
        self._unobserved += len(outcome.rows) - len(part)
        if self._is_zero_one and not self._is_bernoulli:
            self._is_zero_one = bool(
                np.isin(part.observed, (0, 1)).all() and np.isin(outcome.draws, (0, 1)).all()
            )

    def finish(self) -> OutcomeScores:
        """Return the scores of all chunks."""
        elements = join_elements(self._parts)
        kind = self._classify()
        if kind == "yes/no":
            elements = _as_yes_no(elements, has_expectation=self._first.expectation is not None)
        elif kind == "categories":
            elements = _without_order(elements)
        names = " ".join(self._first.distributions)
        return OutcomeScores(
            name=self._first.name,
            kind=kind,
            method=self._chunk.method,
            remark=self._chunk.remark,
            draws=len(self._first.draws),
            elements=elements,
            unobserved=self._unobserved,
            categories=self._first.categories,
            has_mean=self._first.expectation is not None or "cauchy" not in names,
            whole=join_rows(self._whole),
        )

    def _classify(self) -> OutcomeKind:
        if self._first.categories:
            return "ordered" if "ordered_" in " ".join(self._first.distributions) else "categories"
        if self._is_zero_one:
            return "yes/no"
        return "count" if self._first.is_integer else "continuous"


def score_predictions(chunks: Iterable[Predictions]) -> tuple[OutcomeScores, ...]:
    """Return the scores of each outcome that was observed in some row, chunk by chunk.

    Of each chunk only its scores are kept: memory grows by a few hundred bytes a row.

    Parameters
    ----------
    chunks
        Predictions of the chunks of a table by one method, in order.
    """
    (scores,) = score_side_by_side((chunk,) for chunk in chunks) or [()]
    return scores


def score_side_by_side(chunks: Iterable[Sequence[Predictions]]) -> list[tuple[OutcomeScores, ...]]:
    """Return the scores by several methods, each as `score_predictions` does; chunks have one of each."""
    gatherers: list[dict[str, _Gatherer]] = []
    for alike in chunks:
        gatherers = gatherers or [{} for _ in alike]
        for chunk, own in zip(alike, gatherers, strict=True):
            for outcome in chunk.outcomes:
                own.setdefault(outcome.name, _Gatherer(outcome, chunk)).add(outcome, chunk)
    finished = ((gatherer.finish() for gatherer in own.values()) for own in gatherers)
    return [tuple(scores for scores in found if len(scores.elements)) for found in finished]


def keep_rows(scores: OutcomeScores, rows: NDArray[np.int64]) -> OutcomeScores:
    """Return the scores of some rows: those that another method scored, of a forecast that stops early."""
    kept = np.isin(scores.elements.rows, rows)
    if kept.all():
        return scores
    return replace(scores, elements=take_elements(scores.elements, np.flatnonzero(kept)), whole=None)


def _as_yes_no(elements: ElementScores, *, has_expectation: bool) -> ElementScores:
    """Return the scores of a yes/no outcome: its probabilities without the error of drawn zeros and ones.

    The probability is the expectation where it is known, else it follows from the density of what was
    observed, else it is the share of ones among the draws. The CRPS of a probability is its squared error.
    """
    observed, density = elements.observed, np.exp(elements.log_density)
    by_density = np.where(observed == 1, density, 1 - density)
    is_known = np.isfinite(elements.log_density) | np.isneginf(elements.log_density)
    yes = elements.mean if has_expectation else np.where(is_known, by_density, elements.mean)
    yes = np.clip(yes, 0, 1)
    probabilities = np.column_stack([1 - yes, yes])
    positions = observed.astype(np.int64)
    return replace(
        elements,
        mean=yes,
        crps=(yes - observed) ** 2,
        tail_area=measure_improbability(probabilities, positions),
        probabilities=probabilities,
        positions=positions,
        transform=np.full(len(yes), np.nan),
        ends=np.full_like(elements.ends, np.nan),
    )


def _without_order(elements: ElementScores) -> ElementScores:
    """Return the scores of categories without those that need an order."""
    unknown = np.full(len(elements), np.nan)
    return replace(
        elements,
        mean=unknown,
        median=unknown,
        sd=unknown,
        crps=unknown,
        transform=unknown,
        tail_area=measure_improbability(elements.probabilities, elements.positions),
        ends=np.full_like(elements.ends, np.nan),
    )
