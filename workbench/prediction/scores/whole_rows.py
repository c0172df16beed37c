"""Scores of whole rows whose outcome has several components: joint densities, and the energy score.

References
----------
Gneiting and Raftery (2007), Strictly proper scoring rules, prediction, and estimation, JASA 102, section 4.3,
doi:10.1198/016214506000001437 (the energy score, the CRPS of vectors).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from workbench.prediction.predictions import OutcomePrediction, Predictions
from workbench.prediction.scores.elements import average_densities

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_PAIRS = 20_000
"""Pairs of draws from which the spread of a row is averaged; all of them are many more. Ours."""

_SEED = 215
"""Seed that pairs draws."""


@dataclass(frozen=True)
class RowScores:
    """The scores of rows whose outcome was observed whole.

    Attributes
    ----------
    rows
        The zero-based number of each in the table, `(r,)`.
    log_density
        Log of the joint predictive density of all components [nats], `(r,)`; `nan` where unknown.
    energy
        Energy score [unit of the outcome], `(r,)`; `nan` for whole numbers and categories.
    is_of_table
        Whether the rows of the table are the categories of one outcome, which has one density.
    """

    rows: Integers
    log_density: Floats
    energy: Floats
    is_of_table: bool = False


def score_rows(outcome: OutcomePrediction, chunk: Predictions) -> RowScores | None:
    """Return the scores of whole rows in a chunk; `None` for an outcome with one value a row.

    Parameters
    ----------
    outcome
        One of the predictions.
    chunk
        All of them, with the joint density of each row where that is known.
    """
    if outcome.observed is None or not len(outcome.rows):
        return None
    rows, count = np.unique(outcome.rows, return_counts=True)
    density = chunk.row_log_lik
    is_continuous = not outcome.is_integer and not outcome.categories and bool((count > 1).all())
    if density is None and not is_continuous:
        return None
    order = np.argsort(outcome.rows, kind="stable")
    parts = np.split(order, np.cumsum(count)[:-1])
    whole = np.array([np.isfinite(outcome.observed[part]).all() for part in parts])
    if density is not None and density.shape[1] != len(rows):  # of the whole table
        joint = average_densities(density, np.zeros(1, dtype=np.int64))
        return RowScores(rows[:1], joint, np.full(1, np.nan), is_of_table=True) if whole.all() else None
    kept = np.flatnonzero(whole)
    energy = np.full(len(kept), np.nan)
    if is_continuous:
        rng = np.random.default_rng((_SEED, chunk.first_row))
        energy = np.array([_score_row(outcome, parts[place], rng) for place in kept])
    return RowScores(rows[kept].astype(np.int64), average_densities(density, kept), energy)


def _score_row(outcome: OutcomePrediction, places: Integers, rng: np.random.Generator) -> float:
    assert outcome.observed is not None  # noqa: S101 - asked by the caller
    return compute_energy_score(outcome.draws[:, places], outcome.observed[places], rng)


def compute_energy_score(draws: Floats, observed: Floats, rng: np.random.Generator) -> float:
    """Return the energy score of one vector [unit of the outcome]; fewer than two draws have none: `nan`.

    It is the mean of ``|x - y|`` less half the mean of ``|x - x'|`` over pairs of different draws, by the
    Euclidean norm; pairs are taken at random where there are many, so that it has no bias. With a single
    component it is the CRPS.

    Parameters
    ----------
    draws
        Draws of the vector, `(s, k)`.
    observed
        What was observed, `(k,)`.
    rng
        Pairs the draws.

    >>> rng = np.random.default_rng(1)
    >>> compute_energy_score(np.array([[0.0, 0.0], [3.0, 4.0]]), np.array([0.0, 0.0]), rng)
    0.0
    """
    count = len(draws)
    if count < 2 or not np.isfinite(draws).all():
        return float("nan")
    mixed = draws[rng.permutation(count)]
    most = max(1, min(count - 1, _PAIRS // count))
    lags = np.arange(1, count) if most == count - 1 else rng.choice(np.arange(1, count), most, replace=False)
    spread = np.mean([np.linalg.norm(mixed - np.roll(mixed, lag, axis=0), axis=1).mean() for lag in lags])
    return float(np.linalg.norm(draws - observed, axis=1).mean() - spread / 2)


def join_rows(parts: Sequence[RowScores]) -> RowScores | None:
    """Return the scores of several chunks as one; `None` where no chunk has any."""
    if not parts:
        return None
    arrays = [field.name for field in fields(RowScores) if field.name != "is_of_table"]
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in arrays}
    return RowScores(**joined, is_of_table=parts[0].is_of_table)
