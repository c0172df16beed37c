"""Rows that follow each other, each predicted given those before it: draws weighted by how likely these were.

References
----------
Bürkner, Gabry and Vehtari (2020), Approximate leave-future-out cross-validation for Bayesian time series
models, Journal of Statistical Computation and Simulation 90, doi:10.1080/00949655.2020.1783262 (the weights).
Dawid (1984), Present position and potential developments: the prequential approach, JRSS A 147,
doi:10.2307/2981683 (what one step ahead is for).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.estimation.sampling.psis import compute_importance_weights
from workbench.prediction.predictions import Floats, OutcomePrediction

_SEED = 216
"""Seed that draws again by weights, with that of the run."""


def update_by_earlier_rows(
    outcomes: Sequence[OutcomePrediction], rows: range, seed: int
) -> tuple[OutcomePrediction, ...]:
    """Return outcomes in rows that follow each other, each row given those before it.

    With draws of the fit's posterior and `l[j]` the density of row `j` given the rows before it, the
    predictive density of row `h` is the average of `l[h]` with weights proportional to the product of `l[j]`
    over `j < h`: their logarithms add up to the joint log density of all rows. Draws are drawn again by these
    weights; rows from where k-hat is too large are left out.

    Parameters
    ----------
    outcomes
        Each with the log densities of its elements, `(s, e)`.
    rows
        The rows, in order.
    seed
        Draws again.
    """
    draws = len(outcomes[0].draws)
    by_row = np.zeros((draws, len(rows)))
    for outcome in outcomes:
        assert outcome.log_lik is not None  # noqa: S101 - asked by the caller
        for place, row in enumerate(outcome.rows.tolist()):
            by_row[:, row - rows.start] += outcome.log_lik[:, place]
    before = np.cumsum(by_row, axis=1) - by_row
    random = np.random.default_rng((_SEED, seed))
    chosen, log_weights = [], []
    for step in range(len(rows)):
        found = compute_importance_weights(before[:, step])
        if not found.is_reliable:
            break
        places = (random.random() + np.arange(draws)) / draws
        chosen.append(np.minimum(np.searchsorted(np.cumsum(found.weights), places), draws - 1))
        with np.errstate(divide="ignore"):
            log_weights.append(np.log(draws * found.weights))
    kept = range(rows.start, rows.start + len(chosen))
    return tuple(
        _weigh(
            select_rows(outcome, kept), kept.start, np.stack(chosen, axis=1), np.stack(log_weights, axis=1)
        )
        for outcome in outcomes
    )


def _weigh(outcome: OutcomePrediction, first: int, chosen: Any, log_weights: Floats) -> OutcomePrediction:
    """Return an outcome whose draws are drawn again row by row; the mean of its densities is weighted."""
    steps = outcome.rows - first
    again = chosen[:, steps]

    def take(values: Floats | None) -> Any:
        return None if values is None else np.take_along_axis(values, again, axis=0)

    probabilities = outcome.probabilities
    if probabilities is not None:
        probabilities = np.take_along_axis(probabilities, again[..., None], axis=0)
    log_lik = None if outcome.log_lik is None else outcome.log_lik + log_weights[:, steps]
    return replace(
        outcome,
        draws=take(outcome.draws),
        expectation=take(outcome.expectation),
        probabilities=probabilities,
        log_lik=log_lik,
    )


def select_rows(outcome: OutcomePrediction, rows: range) -> OutcomePrediction:
    """Return an outcome in some rows alone."""
    return select_elements(outcome, np.flatnonzero((outcome.rows >= rows.start) & (outcome.rows < rows.stop)))


def select_elements(outcome: OutcomePrediction, kept: NDArray[np.int64]) -> OutcomePrediction:
    """Return some elements of an outcome alone."""

    def keep(values: Floats | None) -> Floats | None:
        return None if values is None else values[..., kept]

    return replace(
        outcome,
        index=tuple(outcome.index[place] for place in kept),
        rows=outcome.rows[kept],
        draws=outcome.draws[:, kept],
        expectation=keep(outcome.expectation),
        observed=keep(outcome.observed),
        log_lik=keep(outcome.log_lik),
        probabilities=None if outcome.probabilities is None else outcome.probabilities[:, kept],
    )
