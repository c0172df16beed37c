"""A batch of rows with outcomes against rows of a reference period, for a model known to be a little wrong.

What the model says of a row is then only a way to look at it: its log score, its residual, the pull on each
parameter. A batch is compared with the rows of the reference period and of all earlier batches
(`permutations.py`): whatever the model gets wrong, it got wrong there as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.errors import RequestError
from workbench.monitoring.outcomes import (
    DISPERSION,
    GIVE_OUTCOMES,
    LOG_SCORE,
    MEAN,
    NOTHING_OBSERVED,
    WatchedRows,
    join_watched,
    list_followed,
    watch_rows,
)
from workbench.monitoring.permutations import choose_pool, mean_of, permute
from workbench.monitoring.transforms import Transforms, share_equally
from workbench.prediction.chunk import OpenPredictor
from workbench.prediction.predictions import OutcomePrediction, Predictions
from workbench.prediction.scores.elements import average_densities

Floats = NDArray[np.float64]

_MOST_ROWS = 10_000
"""Rows that are compared with each other. Ours: half a gigabyte of random numbers."""


@dataclass(frozen=True)
class RowsScored:
    """How the rows of a batch look to a model.

    Attributes
    ----------
    names, groups
        The scores, and the variable that each belongs to.
    values
        Of each row, `(n, k)`.
    rows
        The rows, for each outcome; contributions are left out.
    """

    names: tuple[str, ...]
    groups: tuple[str, ...]
    values: Floats
    rows: tuple[WatchedRows, ...]


def score_rows(opened: OpenPredictor, chunks: Iterable[Predictions]) -> RowsScored:
    """Return the scores of rows whose outcomes are known.

    Parameters
    ----------
    opened
        The run, which is not updated by what comes.
    chunks
        Its predictions of the rows, with their log densities.

    Raises
    ------
    RequestError
        No outcome is known, or a row has several values.
    """
    parts: dict[str, list[tuple[Floats, WatchedRows]]] = {}
    names: dict[str, list[tuple[str, str]]] = {}
    for chunk in chunks:
        for outcome in chunk.outcomes:
            if outcome.observed is None:
                continue
            if len(set(outcome.rows.tolist())) != len(outcome.rows):
                message = f"`{outcome.name}` has several values in a row, which are not compared row by row."
                raise RequestError(message, hint="monitor it without --against-reference")
            found, names[outcome.name] = _score(opened, outcome)
            parts.setdefault(outcome.name, []).append(
                (found, watch_rows(outcome, outcome.draws, chunk.level, np.zeros((len(found), 0))))
            )
    if not parts:
        raise RequestError(NOTHING_OBSERVED, hint=GIVE_OUTCOMES)
    prefixes = {name: f"{name}: " if len(parts) > 1 else "" for name in parts}
    return RowsScored(
        tuple(prefixes[outcome] + name for outcome in parts for name, _ in names[outcome]),
        tuple(prefixes[outcome] + group for outcome in parts for _, group in names[outcome]),
        np.concatenate([np.concatenate([found for found, _ in each]) for each in parts.values()], axis=1),
        tuple(join_watched([rows for _, rows in each]) for each in parts.values()),
    )


def transform_against(batch: RowsScored, earlier: Floats, seed: int) -> Transforms:
    """Return the mean scores of a batch as uniform numbers.

    Parameters
    ----------
    batch
        The rows of the batch.
    earlier
        The scores of the rows of the reference period and of all earlier batches, `(n, k)`.
    seed
        What random numbers derive from: another one for each batch.
    """
    rng = np.random.default_rng(seed)
    own, others = choose_pool(len(batch.values), len(earlier), _MOST_ROWS, rng)
    pooled = np.concatenate([batch.values[own], earlier[others]])
    values, scores = permute(len(own), len(pooled), [mean_of(pooled)], rng)
    return Transforms("outcomes", batch.names, share_equally(batch.groups), values, scores)


def _score(opened: OpenPredictor, outcome: OutcomePrediction) -> tuple[Floats, list[tuple[str, str]]]:
    assert outcome.observed is not None  # noqa: S101 - asked by the caller
    mean = (outcome.draws if outcome.expectation is None else outcome.expectation).mean(axis=0)
    spread = outcome.draws.std(axis=0)
    residual = (outcome.observed - mean) / np.where(spread > 0, spread, 1)
    columns = [residual, residual**2]
    names = [(MEAN, MEAN), (DISPERSION, DISPERSION)]
    if outcome.log_lik is not None:
        columns.insert(0, average_densities(outcome.log_lik, np.arange(len(residual))))
        names.insert(0, (LOG_SCORE, LOG_SCORE))
        for name, group, draws in list_followed(opened):
            direction = (draws - draws.mean()) / draws.std()
            columns.append(direction @ outcome.log_lik / len(draws))
            names.append((name, group))
    return np.stack(columns, axis=1), names
