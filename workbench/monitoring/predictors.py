"""The predictors of a batch against those of the fit's own table and of all earlier batches.

That predictors have moved says nothing about whether the model still holds: its predictions of such rows may
be as good as ever, but they rest on fewer rows like them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from workbench.monitoring.permutations import (
    Statistic,
    choose_pool,
    energy_of,
    mean_of,
    permute,
    unevenness_of,
)
from workbench.monitoring.transforms import Transforms, share_equally
from workbench.prediction.chunk import find_row_axis
from workbench.prediction.growth import Growth
from workbench.request import FitRequest
from workbench.results.outcomes import list_outcome_data

Floats = NDArray[np.float64]

ENERGY = "all predictors together"
"""The name of the energy distance."""

_MOST_ROWS = 2_000
"""Rows that are compared with each other: their distances take 16 MB. Ours."""

_MOST_LEVELS = 12
"""Distinct whole numbers of a predictor that count as levels; more count as a scale. Ours."""


@dataclass(frozen=True)
class Predictors:
    """The predictors of some rows.

    Attributes
    ----------
    names
        Their columns.
    is_level
        Whether each holds codes of levels, `(d,)`.
    values
        `(n, d)` [unit of the column, or the code].
    """

    names: tuple[str, ...]
    is_level: tuple[bool, ...]
    values: Floats

    def follow(self, others: Sequence[Predictors]) -> Floats:
        """Return these rows and others as one array."""
        return np.concatenate([self.values, *(item.values for item in others)])


def list_predictors(
    request: FitRequest, growth: Growth, rules: Mapping[str, Any], values: Mapping[str, Any]
) -> Predictors:
    """Return the predictors of rows that are bound: those of the fit, or of a batch.

    Parameters
    ----------
    request, growth
        The run's request, on the scale of its results, and the sizes that grow with its table.
    rules
        Its rules of binding, which name columns.
    values
        The data block.
    """
    outcomes = set(list_outcome_data(request.program))
    columns: Mapping[str, Sequence[str]] = rules.get("variables", {})
    names: list[str] = []
    levels: list[bool] = []
    blocks: list[Floats] = []
    for item in request.program.data:
        axis = find_row_axis(item, growth.rows)
        if axis is None or item.name in outcomes or item.name not in columns:
            continue
        own = np.moveaxis(np.asarray(values[item.name], dtype=float), axis, 0)
        own = own.reshape(len(own), -1)
        known = list(columns[item.name])
        if len(known) != own.shape[1]:
            known = (
                [item.name] if own.shape[1] == 1 else [f"{item.name}[{i + 1}]" for i in range(own.shape[1])]
            )
        fitted = np.asarray(request.data.values[item.name])
        is_level = item.is_integer and (
            any(item.upper is not None and item.upper.text == size for size in growth.groups)
            or len(np.unique(fitted)) <= _MOST_LEVELS
        )
        names += known
        levels += [is_level] * own.shape[1]
        blocks.append(own)
    matrix = np.concatenate(blocks, axis=1) if blocks else np.zeros((0, 0))
    return Predictors(tuple(names), tuple(levels), matrix)


def list_rows(request: FitRequest, growth: Growth, values: Mapping[str, Any]) -> Floats:
    """Return everything that belongs to rows that are bound, outcomes included, `(n, d)`."""
    blocks = []
    for item in request.program.data:
        axis = find_row_axis(item, growth.rows)
        if axis is not None and item.name in values:
            own = np.moveaxis(np.asarray(values[item.name], dtype=float), axis, 0)
            blocks.append(own.reshape(len(own), -1))
    return np.ascontiguousarray(np.concatenate(blocks, axis=1)) if blocks else np.zeros((0, 0))


def transform_predictors(batch: Predictors, earlier: Floats, seed: int) -> Transforms:
    """Return statistics of the predictors of a batch as uniform numbers.

    Of a column on a scale these are its location and its spread, by the ranks of its values; of levels, how
    unevenly they come; and of all columns together the energy distance.

    Parameters
    ----------
    batch
        The rows of the batch.
    earlier
        The same columns of the fit's table and of all earlier batches, `(n, d)`.
    seed
        What random numbers derive from: another one for each batch.
    """
    rng = np.random.default_rng(seed)
    own, others = choose_pool(len(batch.values), len(earlier), _MOST_ROWS, rng)
    pooled = np.concatenate([batch.values[own], earlier[others]])
    names: list[str] = []
    groups: list[str] = []
    statistics: list[Statistic] = []
    for place, (name, is_level) in enumerate(zip(batch.names, batch.is_level, strict=True)):
        column = pooled[:, place]
        if is_level:
            names.append(f"{name}: levels")
            groups.append(name)
            statistics.append(unevenness_of(column.astype(np.int64)))
        else:
            names += [f"{name}: location", f"{name}: spread"]
            groups += [name, name]
            ranks = (rankdata(column) - 0.5) / len(column) - 0.5
            statistics.append(mean_of(np.stack([ranks, np.abs(ranks)], axis=1)))
    if len(batch.names) > 1:
        names.append(ENERGY)
        groups.append(ENERGY)
        statistics.append(energy_of(_place_points(pooled, batch.is_level)))
    nothing = np.zeros(0)
    if not statistics:
        return Transforms("predictors", (), nothing, nothing, nothing)
    values, scores = permute(len(own), len(pooled), statistics, rng)
    return Transforms("predictors", tuple(names), share_equally(tuple(groups)), values, scores)


def _place_points(pooled: Floats, is_level: Sequence[bool]) -> Floats:
    """Return rows as points: columns on a scale by their SD, levels at equal distances, `(p, d)`."""
    blocks: list[Floats] = []
    for place, level in enumerate(is_level):
        column = pooled[:, place]
        if level:
            codes = np.unique(column, return_inverse=True)[1]
            block = np.zeros((len(column), codes.max() + 1))
            block[np.arange(len(column)), codes] = np.sqrt(0.5)
            blocks.append(block)
        else:
            spread = column.std()
            blocks.append(((column - column.mean()) / (spread if spread > 0 else 1))[:, None])
    return np.concatenate(blocks, axis=1)
