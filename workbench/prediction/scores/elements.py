"""The scores of each element of an outcome, from its predictions draw by draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.errors import RequestError
from workbench.prediction.mixture_moments import mix_deviations, mix_means
from workbench.prediction.predictions import OutcomePrediction
from workbench.prediction.scores.crps import (
    compute_crps,
    compute_mixture_crps,
    compute_ranked_probability_score,
)
from workbench.prediction.scores.position import (
    LEVELS,
    find_intervals,
    locate_among_categories,
    locate_among_draws,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ElementScores:
    """What was predicted of each element of an outcome, what was observed, and how well both agree.

    What cannot be known, such as the interval of a single draw, is not a number.

    Attributes
    ----------
    rows
        The zero-based row of the table that each element belongs to, `(e,)`.
    labels
        The names of these rows, `(e,)`.
    index
        The zero-based index of each element in the outcome, `(e, dimension)`.
    observed
        What was observed, `(e,)`; not a number where it may be censored.
    mean
        The predictive mean: the expectation averaged over draws where it is known, else the mean of draws.
    median
        The median of the draws, `(e,)`.
    sd
        Their standard deviation, `(e,)`.
    log_density
        Log of the predictive density or probability of what was observed [nats], `(e,)`.
    crps
        Continuous ranked probability score [unit of the outcome], `(e,)`.
    transform
        The predictive probability below what was observed, spread over ties at random, `(e,)`.
    tail_area
        The predictive probability of values as far out as the observed one, on both sides, `(e,)`.
    ends
        Central intervals, `(e, level, 2)`.
    probabilities
        The predictive probability of each category, `(e, category)`; no columns for other outcomes.
    positions
        Which category was observed, from 0, `(e,)`; 0 for other outcomes.
    """

    rows: NDArray[np.int64]
    labels: NDArray[Any]
    index: NDArray[np.int64]
    observed: Floats
    mean: Floats
    median: Floats
    sd: Floats
    log_density: Floats
    crps: Floats
    transform: Floats
    tail_area: Floats
    ends: Floats
    probabilities: Floats
    positions: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of elements."""
        return len(self.rows)


def score_elements(
    outcome: OutcomePrediction, labels: Sequence[str], first_row: int, rng: np.random.Generator
) -> ElementScores:
    """Return the scores of the elements whose outcome was observed, if only in that its density is known.

    Parameters
    ----------
    outcome
        Its predictions in a chunk of the table.
    labels, first_row
        The names of the rows in the chunk, and the zero-based number of the first.
    rng
        Spreads the transforms of ties; it is used once for each element.
    """
    kept = _find_known(outcome)
    values = np.full(len(kept), np.nan) if outcome.observed is None else outcome.observed[kept].astype(float)
    draws = _sort_draws(outcome.draws[:, kept])
    spread = rng.random(len(kept))
    probabilities = _average_probabilities(outcome, kept)
    rows = outcome.rows[kept]
    positions = np.zeros(len(kept), dtype=np.int64)
    if probabilities.shape[1]:
        positions = find_positions(values, outcome.categories)
        crps = compute_ranked_probability_score(probabilities, positions)
        transform, tail = locate_among_categories(probabilities, positions, spread)
    else:
        crps = compute_crps(draws, values)
        transform, tail = locate_among_draws(draws, values, spread)
    scores = ElementScores(
        rows=rows.astype(np.int64),
        labels=np.array([labels[row - first_row] for row in rows], dtype=object),
        index=_stack_index(outcome.index, kept),
        observed=values,
        mean=_average_outcomes(outcome.expectation, draws, kept),
        median=np.median(draws, axis=0),
        sd=draws.std(axis=0, ddof=1) if len(draws) > 1 else np.full(len(kept), np.nan),
        log_density=average_densities(outcome.log_lik, kept),
        crps=crps,
        transform=transform,
        tail_area=tail,
        ends=find_intervals(draws, is_integer=outcome.is_integer),
        probabilities=probabilities,
        positions=positions,
    )
    return _weight_parts(scores, outcome, kept) if outcome.parts else scores


def _weight_parts(
    scores: ElementScores, outcome: OutcomePrediction, kept: NDArray[np.int64]
) -> ElementScores:
    """Return the scores of a mixture with mean, SD and CRPS by its weights, from all draws of its parts."""
    weights = outcome.weights
    draws = [_sort_draws(part.draws[:, kept]) for part in outcome.parts]
    means = [
        _average_outcomes(part.expectation, own, kept) for part, own in zip(outcome.parts, draws, strict=True)
    ]
    sampled = [own.mean(axis=0) for own in draws]
    weighted = replace(
        scores,
        mean=mix_means(means, weights),
        sd=mix_deviations([own.std(axis=0, ddof=1) for own in draws], sampled, weights),
    )
    if scores.probabilities.shape[1]:
        return weighted
    return replace(weighted, crps=compute_mixture_crps(draws, weights, scores.observed))


def _find_known(outcome: OutcomePrediction) -> NDArray[np.int64]:
    """Return the elements whose outcome or, of a censored one, whose density is known."""
    if outcome.observed is not None:
        return np.flatnonzero(np.isfinite(outcome.observed))
    if outcome.log_lik is not None and not outcome.categories:
        return np.flatnonzero(~np.isnan(outcome.log_lik).any(axis=0))
    return np.zeros(0, dtype=np.int64)


def _average_outcomes(expectation: Floats | None, draws: Floats, kept: NDArray[np.int64]) -> Floats:
    """Return the mean of each element: of expectations, or of draws where an expectation is not known."""
    averaged: Floats = draws.mean(axis=0)
    if expectation is None:
        return averaged
    expected: Floats = expectation[:, kept].mean(axis=0)
    return np.where(np.isnan(expected), averaged, expected)


def _sort_draws(draws: Floats) -> Floats:
    """Return draws sorted along the first axis; where one is not finite, all of its element are `nan`."""
    ordered = np.sort(draws.astype(np.float64, copy=False), axis=0)
    is_broken = ~(np.isfinite(ordered[0]) & np.isfinite(ordered[-1]))  # `nan` comes last
    if is_broken.any():
        ordered[:, is_broken] = np.nan
    return ordered


def average_densities(log_lik: Floats | None, kept: NDArray[np.int64]) -> Floats:
    """Return the log of the mean density of some elements over the draws [nats], `(e,)`; `nan` without any.

    >>> average_densities(np.log([[0.2, 0.5], [0.4, 0.5]]), np.array([0])).round(4).tolist()
    [-1.204]
    """
    if log_lik is None:
        return np.full(len(kept), np.nan)
    chosen = log_lik[:, kept]
    largest = chosen.max(axis=0)
    shift = np.where(np.isfinite(largest), largest, 0)
    with np.errstate(divide="ignore"):
        averaged: Floats = np.log(np.exp(chosen - shift).mean(axis=0)) + shift
    return averaged


def find_positions(observed: Floats, categories: Sequence[int]) -> NDArray[np.int64]:
    """Return which category each observed value is, from 0, `(e,)`.

    Raises
    ------
    RequestError
        One of them is no category.

    >>> find_positions(np.array([3.0, 1.0]), (1, 2, 3)).tolist()
    [2, 0]
    """
    known = np.asarray(categories, dtype=np.float64)
    positions = np.searchsorted(known, observed).clip(max=len(known) - 1)
    if (known[positions] != observed).any():
        other = observed[known[positions] != observed][0]
        message = f"the outcome was expected to be one of {known[0]:g} to {known[-1]:g}, found {other:g}."
        raise RequestError(message, hint="score rows whose categories the fit knows")
    return positions.astype(np.int64)


def _average_probabilities(outcome: OutcomePrediction, kept: NDArray[np.int64]) -> Floats:
    """Return the probability of each category, `(e, category)`; from shares of draws where none are given."""
    if not outcome.categories:
        return np.zeros((len(kept), 0))
    if outcome.parts:
        return mix_means([_average_probabilities(part, kept) for part in outcome.parts], outcome.weights)
    if outcome.probabilities is not None:
        averaged: Floats = outcome.probabilities[:, kept].mean(axis=0)
        return averaged
    draws = outcome.draws[:, kept]
    shares = [(draws == category).mean(axis=0) for category in outcome.categories]
    return np.stack(shares, axis=1)


def _stack_index(index: Sequence[tuple[int, ...]], kept: NDArray[np.int64]) -> NDArray[np.int64]:
    dimensions = len(index[0]) if len(index) else 0
    chosen = [index[position] for position in kept]
    return np.array(chosen, dtype=np.int64).reshape(len(kept), dimensions)


def take_elements(scores: ElementScores, kept: NDArray[np.int64]) -> ElementScores:
    """Return the scores of some elements."""
    return ElementScores(**{field.name: getattr(scores, field.name)[kept] for field in fields(ElementScores)})


def join_elements(parts: Sequence[ElementScores]) -> ElementScores:
    """Return the scores of several chunks as one."""
    return ElementScores(
        **{
            field.name: np.concatenate([getattr(part, field.name) for part in parts])
            for field in fields(ElementScores)
        }
    )


def is_inside(scores: ElementScores) -> Floats:
    """Return whether what was observed lies in each interval, 0 or 1, `(e, level)`; `nan` if unknown."""
    lower, upper = scores.ends[..., 0], scores.ends[..., 1]
    observed = scores.observed[:, None]
    inside = ((observed >= lower) & (observed <= upper)).astype(np.float64)
    inside[np.isnan(lower) | np.isnan(observed)] = np.nan
    assert inside.shape[1] == len(LEVELS)  # noqa: S101 - one column for each level
    return inside
