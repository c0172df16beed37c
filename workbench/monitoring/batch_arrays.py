"""What was computed of the rows of a batch, as arrays; and the rows that move a statistic most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.monitoring.events import BatchWatched, LeadingRow
from workbench.monitoring.folder import MonitorFolder
from workbench.monitoring.outcomes import WatchedRows
from workbench.monitoring.standing import MovedStatistic
from workbench.monitoring.state import MonitoredBatch, Period

Floats = NDArray[np.float64]

_FIELDS = ("observed", "mean", "lower", "upper", "tail_area")
"""The numbers of each element of an outcome."""

_LISTED = 5
"""Rows that the event of a batch names. Ours."""

MOST_LEADING = 20
"""Rows that a page lists. Ours."""


@dataclass(frozen=True)
class BatchRow:
    """A row of a batch, with the batch that it is in.

    Attributes
    ----------
    batch, name
        The number and the name of the batch.
    row
        The row, and how far it moves the statistic.
    """

    batch: int
    name: str
    row: LeadingRow


def pack_rows(rows: Sequence[WatchedRows]) -> dict[str, NDArray[Any]]:
    """Return the rows of each outcome as arrays by name."""
    found: dict[str, NDArray[Any]] = {}
    for place, item in enumerate(rows):
        found[f"rows_{place}"] = item.rows
        found |= {f"{name}_{place}": getattr(item, name).astype(np.float64) for name in _FIELDS}
        found[f"contributions_{place}"] = item.contributions.astype(np.float32)
    return found


def rank_rows(
    arrays: Mapping[str, NDArray[Any]], outcomes: Sequence[str], column: int, direction: int
) -> list[LeadingRow]:
    """Return the rows that move a statistic most in a direction, the first one most.

    Parameters
    ----------
    arrays
        Those of the batch.
    outcomes
        The outcomes of the batch.
    column
        The place of the statistic among those of outcomes.
    direction
        1 for rows that raise it, -1 for rows that lower it.
    """
    found: list[LeadingRow] = []
    for place, outcome in enumerate(outcomes):
        contributions = arrays[f"contributions_{place}"]
        if column >= contributions.shape[1]:
            continue
        own = contributions[:, column].astype(np.float64)
        order = np.argsort(-direction * own, kind="stable")[:MOST_LEADING]
        found += [
            LeadingRow(
                row=int(arrays[f"rows_{place}"][k]) + 1,
                outcome=outcome,
                contribution=float(own[k]),
                **{name: float(arrays[f"{name}_{place}"][k]) for name in _FIELDS if name != "tail_area"},
            )
            for k in order
            if np.isfinite(own[k]) and direction * own[k] > 0
        ]
    return sorted(found, key=lambda row: -direction * row.contribution)[:MOST_LEADING]


def list_leading_rows(
    arrays: Mapping[str, NDArray[Any]], outcomes: Sequence[str], column: int, direction: int
) -> tuple[LeadingRow, ...]:
    """Return the few rows that the event of a batch names; those with numbers that JSON has."""
    ranked = rank_rows(arrays, outcomes, column, direction)
    return tuple(row for row in ranked if _is_finite(row))[:_LISTED]


def _is_finite(row: LeadingRow) -> bool:
    return bool(np.isfinite([row.observed, row.mean, row.lower, row.upper, row.contribution]).all())


def find_moving_rows(folder: MonitorFolder, period: Period, finding: MovedStatistic) -> tuple[BatchRow, ...]:
    """Return the rows that moved the leading statistic most, in the batches since it moved.

    Raises
    ------
    MonitorDamaged
        A file of a batch is not as it was written.
    """
    if finding.family != "outcomes":
        return ()
    found: list[BatchRow] = []
    for batch in period.watched[finding.onset : finding.place + 1]:
        found += _rank(folder, batch, finding)
    found.sort(key=lambda each: -finding.direction * each.row.contribution)
    return tuple(found[:MOST_LEADING])


def _rank(folder: MonitorFolder, batch: MonitoredBatch, finding: MovedStatistic) -> list[BatchRow]:
    event: BatchWatched = batch.event
    own = next((each for each in event.transforms if each.family == "outcomes"), None)
    if own is None or finding.statistic not in own.names:
        return []
    arrays = folder.read_arrays(event.arrays)
    column = own.names.index(finding.statistic)
    ranked = rank_rows(arrays, event.outcomes, column, finding.direction)
    return [BatchRow(batch.number, event.name, row) for row in ranked]
