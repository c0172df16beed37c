"""Columns of the table that a run keeps by row for checks of residuals, used by the program or not.

Groups are kept as numbers without their texts, so that a run holds no names that the program does not use.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from workbench import tables
from workbench.binding import BoundData
from workbench.errors import BindingError
from workbench.late_imports import LateModule
from workbench.tables import Table

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
    import xarray as xr
else:
    pa = LateModule("pyarrow")
    pc = LateModule("pyarrow.compute")
    xr = LateModule("xarray")

TABLE_COLUMNS = "table_columns"
"""The group of `fit.nc` that holds them."""

GROUPS = "group"
"""The numbers of levels in columns that the program does not use, `(row, group_column)`; -1 where missing."""

TIMES = "time"
"""Columns that say when, used or not, `(row, time_column)`; dates in days since the first."""

MOST_ROWS = 1_000_000
"""Rows beyond which nothing is kept: residuals need replicates of each row, which are too many before."""

MOST_COLUMNS = 50
"""Columns of each kind that are kept, the first of the table."""

_TIME_WORDS = frozenset(
    ("date", "datetime", "day", "days", "elapsed", "epoch", "hour", "hours", "julian", "minute", "month",
     "months", "period", "quarter", "season", "second", "session", "t", "time", "timestamp", "trial", "visit",
     "wave", "week", "weeks", "year", "years")
)  # fmt: skip
"""Words in the name of a column of numbers that say when a row was observed."""

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
"""A word in a name, such as both in `visitDay` and `visit_day`."""


Reader = Callable[[Table, str], np.ndarray | None]
"""Reads a column as numbers by row; `None` for a column that is not of its kind."""


def build_table_columns(data: BoundData) -> xr.Dataset:
    """Return the columns that checks of residuals need; empty where there are none.

    Parameters
    ----------
    data
        The bound data: a row of its table is a row here.
    """
    table = data.table
    if table.values is not None or not 0 < table.rows <= MOST_ROWS:
        return xr.Dataset()
    used = _list_used_columns(data)
    groups = _collect(table, (name for name in table.columns if name not in used), _encode_groups)
    times = _collect(table, table.columns, _read_times)
    return xr.Dataset(
        {
            kind: (("row", f"{kind}_column"), np.column_stack(list(columns.values())))
            for kind, columns in ((GROUPS, groups), (TIMES, times))
            if columns
        },
        coords={f"{kind}_column": list(names) for kind, names in ((GROUPS, groups), (TIMES, times)) if names},
    )


def _list_used_columns(data: BoundData) -> set[str]:
    """Return the columns that some variable takes; a unit after a colon is not part of a name."""
    known = set(data.table.columns)
    taken = (column for columns in data.rules.get("variables", {}).values() for column in columns)
    return {column if column in known else column.rpartition(":")[0] for column in taken}


def _collect(table: Table, names: Iterable[str], read: Reader) -> Mapping[str, np.ndarray]:
    columns: dict[str, np.ndarray] = {}
    for name in names:
        values = read(table, name) if len(columns) < MOST_COLUMNS else None
        if values is not None:
            columns[name] = values
    return columns


def _encode_groups(table: Table, name: str) -> np.ndarray | None:
    """Return the number of each row's level; `None` for measurements, and where levels hardly repeat."""
    cells = table.cells.column(name)
    kind = tables.classify_column(table, name)
    is_whole = kind in ("text", "categories", "yes or no") or pa.types.is_integer(cells.type)
    if not is_whole:
        return None
    if pa.types.is_dictionary(cells.type):
        cells = cells.cast(cells.type.value_type)
    encoded = pc.dictionary_encode(cells).combine_chunks()
    if not 2 <= len(encoded.dictionary) <= table.rows / 2:
        return None
    return np.asarray(pc.fill_null(encoded.indices, -1), dtype=np.int32)


def _read_times(table: Table, name: str) -> np.ndarray | None:
    """Return a column that says when as numbers; `None` for others, and where a date is missing."""
    kind = tables.classify_column(table, name)
    if kind in ("date", "text"):
        with suppress(BindingError):
            return tables.dates_to_numbers(table, name, "days")[0].astype(np.float64)
        return None
    if kind != "number" or not _TIME_WORDS & {word.lower() for word in _WORD.findall(name)}:
        return None
    return np.asarray(table.cells.column(name).cast(pa.float64()), dtype=np.float64)
