"""Dates as numbers: time since the first date, or a part of the calendar."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench.errors import BindingError
from workbench.tables.table import Table

_SECONDS = {
    "seconds": 1.0,
    "minutes": 60.0,
    "hours": 3600.0,
    "days": 86400.0,
    "weeks": 604800.0,
    "years": 31557600.0,
}
"""Lengths [s]; a year is 365.25 days."""

_PARTS = {
    "year": pc.year,
    "month": pc.month,
    "day": pc.day,
    "weekday": lambda cells: pc.day_of_week(cells, count_from_zero=False),
    "yearday": pc.day_of_year,
    "hour": pc.hour,
}

DATE_UNITS = (*_SECONDS, *_PARTS)
"""How a date becomes a number: so long after the first date, or a part of the calendar (Monday is 1)."""

_MICROSECONDS = 1e6


def dates_to_numbers(
    table: Table, column: str, unit: str, origin: str | None = None
) -> tuple[np.ndarray, str]:
    """Return a column of dates as numbers, `(rows,)`, and the date they count from.

    Parameters
    ----------
    table, column
        Where the dates are.
    unit
        One of `DATE_UNITS`.
    origin
        The date to count from, as this function returned it for earlier data; `None` is the earliest here.

    Raises
    ------
    BindingError
        The column holds no dates, one is missing, or there is no such unit.
    """
    if unit not in DATE_UNITS:
        units = ", ".join(DATE_UNITS)
        raise BindingError(f"`{column}:{unit}` asks for dates in `{unit}`; there are {units}.")
    cells = _read_dates(table.cells.column(column))
    if cells is None:
        message = (
            f"`{column}:{unit}` asks for dates, but column `{column}` of `{table.path.name}` holds none."
        )
        raise BindingError(message, hint="write dates as 2026-11-21 or 2026-11-21 14:50:00")
    if cells.null_count:
        row = table.row_number(int(np.flatnonzero(np.asarray(pc.is_null(cells)))[0]))
        message = (
            f"column `{column}` of `{table.path.name}` has an empty cell at row {row}, where a date was "
            "expected."
        )
        raise BindingError(message, hint="mend the cell, or leave such rows out with --missing drop")
    if unit in _PARTS:
        return np.asarray(_PARTS[unit](cells).cast(pa.int64())), ""
    moments = np.asarray(_moments(cells), dtype="datetime64[us]")
    start = moments.min() if origin is None else np.datetime64(origin, "us")
    elapsed = (moments - start).astype(np.int64) / _MICROSECONDS / _SECONDS[unit]
    return elapsed, str(start)


def _read_dates(cells: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Return dates as they are or as their texts say, `None` where there are none."""
    if pa.types.is_date(cells.type) or pa.types.is_timestamp(cells.type):
        return cells
    if not (pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type)):
        return None
    try:
        return cells.cast(pa.timestamp("us"))
    except pa.ArrowInvalid:
        return None


def _moments(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return dates without a time zone, all counted in UTC."""
    if pa.types.is_timestamp(cells.type) and cells.type.tz is not None:
        cells = cells.cast(pa.timestamp("us", tz="UTC"))
    return cells.cast(pa.timestamp("us"))
