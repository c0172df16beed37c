"""Dates as numbers: the time since the first date, or a part of the calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.errors import BindingError
from workbench.late_imports import LateModule
from workbench.tables.columns import describe_bad_cells
from workbench.tables.table import Table

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
else:
    pa = LateModule("pyarrow")
    pc = LateModule("pyarrow.compute")

_SECONDS = {
    "seconds": 1.0,
    "minutes": 60.0,
    "hours": 3600.0,
    "days": 86400.0,
    "weeks": 604800.0,
    "years": 31557600.0,
}
"""Lengths of the units of time [s]; a year is 365.25 days."""

_CALENDAR = {
    "year": lambda cells: pc.year(cells),
    "month": lambda cells: pc.month(cells),
    "day": lambda cells: pc.day(cells),
    "weekday": lambda cells: pc.day_of_week(cells, count_from_zero=False),
    "yearday": lambda cells: pc.day_of_year(cells),
    "hour": lambda cells: pc.hour(cells),
}
"""Parts of the calendar, with Arrow's functions for them; Monday is 1."""

DATE_UNITS = (*_SECONDS, *_CALENDAR)
"""How a date becomes a number: units of time since the first date, and parts of the calendar."""

_MICROSECONDS = 1e6
"""In a second."""


def check_date_unit(column: str, unit: str) -> None:
    """Refuse a unit that dates do not have.

    Raises
    ------
    BindingError
        The units that there are.
    """
    if unit not in DATE_UNITS:
        raise BindingError(
            f"`{column}:{unit}` requests dates in the unknown unit `{unit}`; the units are "
            f"{', '.join(DATE_UNITS)}.",
            hint=f"write {column}:days",
        )


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
        The date to count from, as this function returned it for earlier data; `None` is the earliest date
        of the column.

    Raises
    ------
    BindingError
        The column holds no dates, a date is missing, or there is no such unit.
    """
    check_date_unit(column, unit)
    cells = parse_dates(table.cells.column(column))
    if cells is None:
        message = (
            f"`{column}:{unit}` requests dates, but column `{column}` of `{table.path.name}` holds none."
        )
        raise BindingError(message, hint="write dates as 2026-11-21 or 2026-11-21 14:50:00")
    if cells.null_count:
        raise describe_bad_cells(table, column, np.asarray(pc.is_null(cells)), "a date")
    if unit in _CALENDAR:
        return np.asarray(_CALENDAR[unit](cells).cast(pa.int64())), ""
    times = np.asarray(_to_utc(cells), dtype="datetime64[us]")
    start = times.min() if origin is None else np.datetime64(origin, "us")
    elapsed = (times - start).astype(np.int64) / _MICROSECONDS / _SECONDS[unit]
    return elapsed, str(start)


def parse_dates(cells: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Return dates as they are, or as texts state them; `None` where there are none."""
    if pa.types.is_date(cells.type) or pa.types.is_timestamp(cells.type):
        return cells
    if not (pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type)):
        return None
    try:
        return cells.cast(pa.timestamp("us"))
    except pa.ArrowInvalid:
        return None


def _to_utc(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return dates without a time zone; those that have one are converted to UTC."""
    if pa.types.is_timestamp(cells.type) and cells.type.tz is not None:
        cells = cells.cast(pa.timestamp("us", tz="UTC"))
    return cells.cast(pa.timestamp("us"))
