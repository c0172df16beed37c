"""The calendar of a table: which columns say when each row was, how far apart rows are, what comes next."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from workbench.errors import BindingError
from workbench.late_imports import LateModule
from workbench.tables.columns import classify_column, find_missing, is_numeric, to_texts
from workbench.tables.dates import parse_dates
from workbench.tables.table import Table
from workbench.thresholds import FEWEST_CALENDAR_ROWS

if TYPE_CHECKING:
    import pyarrow as pa
else:
    pa = LateModule("pyarrow")

Times: TypeAlias = NDArray[np.datetime64]
Form: TypeAlias = Literal["year", "quarter", "month", "day", "second"]
"""How a time is written."""

_PARTS: dict[str, Form] = {"month": "month", "quarter": "quarter"}
"""Columns of numbers that stand beside a column `year`."""

_MONTH = re.compile(r"^(\d{4})-(\d{2})$")
_QUARTER = re.compile(r"^(\d{4})[- ]?Q([1-4])$")
"""Texts of months and quarters: `1969-01`, `1969 Q1`."""


@dataclass(frozen=True)
class Calendar:
    """When the rows of a table were.

    Attributes
    ----------
    columns
        The column of dates, or those of the year and of its month or quarter.
    last
        The time of the last row, as ISO 8601 writes it.
    months, microseconds
        The step from a row to the next, in one of the two; both are 0 where steps differ.
    form
        How times are written.
    is_end_of_month
        Whether each date is the last of its month.
    is_backward
        Whether times fall from row to row.
    """

    columns: tuple[str, ...]
    last: str
    months: int = 0
    microseconds: int = 0
    form: Form = "day"
    is_end_of_month: bool = False
    is_backward: bool = False

    @property
    def is_regular(self) -> bool:
        """Whether all steps are the same, so that the next times are known."""
        return bool(self.months or self.microseconds)

    def list_next(self, count: int) -> Times:
        """Return the times of the rows that come next.

        >>> calendar = Calendar(("year", "quarter"), "2009-07-01", months=3, form="quarter")
        >>> [calendar.write(time) for time in calendar.list_next(2)]
        ['2009 Q4', '2010 Q1']
        """
        last = np.datetime64(self.last, "us")
        steps = np.arange(1, count + 1)
        if self.microseconds:
            return last + (steps * self.microseconds).astype("timedelta64[us]")
        month = last.astype("datetime64[M]") + (steps * self.months).astype("timedelta64[M]")
        following: Times
        if self.is_end_of_month:
            days = (month + np.timedelta64(1, "M")).astype("datetime64[D]") - np.timedelta64(1, "D")
            following = days.astype("datetime64[us]")
        else:
            following = month.astype("datetime64[us]") + (last - last.astype("datetime64[M]"))
        return following

    def write(self, time: np.datetime64) -> str:
        """Return a time as text."""
        month = str(time.astype("datetime64[M]"))
        if self.form == "quarter":
            return f"{month[:4]} Q{(int(month[5:]) + 2) // 3}"
        if self.form == "second":
            return str(time.astype("datetime64[s]")).replace("T", " ").removesuffix(":00")
        return {"year": month[:4], "month": month, "day": str(time.astype("datetime64[D]"))}[self.form]


def find_calendar(table: Table) -> Calendar | None:
    """Return when the rows of a table were: of the first columns whose times rise or fall from row to row."""
    if table.rows < FEWEST_CALENDAR_ROWS:
        return None
    for columns, form in _list_candidates(table):
        times = read_times(table, columns)
        if times is None or np.isnat(times).any() or not _has_plain_years(times):
            continue
        steps = np.diff(times)
        zero = np.timedelta64(0, "us")
        if (steps > zero).all() or (steps < zero).all():
            has_hours = form == "day" and (times != times.astype("datetime64[D]")).any()
            return _build(columns, times, "second" if has_hours else form)
    return None


def _has_plain_years(times: Times) -> bool:
    """Return whether all years have four digits: others are no times, or cannot be written."""
    years = times.astype("datetime64[Y]").astype(np.int64) + 1970
    return bool(((years >= 1000) & (years <= 9999)).all())


def _list_candidates(table: Table) -> Iterator[tuple[tuple[str, ...], Form]]:
    for column in table.columns:
        kind = classify_column(table, column)
        if kind == "date":
            yield (column,), "day"
        elif kind == "text":
            form = _recognise(table, column)
            if form is not None:
                yield (column,), form
    names = {name.casefold(): name for name in reversed(table.columns)}
    if "year" not in names or not is_numeric(table, names["year"]):
        return
    for part, form in _PARTS.items():
        if part in names and is_numeric(table, names[part]):
            yield (names["year"], names[part]), form
    yield (names["year"],), "year"


def _recognise(table: Table, column: str) -> Form | None:
    """Return how the first text of a column writes a time; `None` where it writes none."""
    first = to_texts(table, column)[0].as_py()
    if first is None or not first[:4].isdigit():
        return None
    if _MONTH.match(first):
        return "month"
    return "quarter" if _QUARTER.match(first) else "day"


def read_times(table: Table, columns: tuple[str, ...]) -> Times | None:
    """Return the time of each row, `(rows,)`, missing ones as not a time; `None` where there are none."""
    if not all(table.has_column(column) for column in columns):
        return None
    numeric = [is_numeric(table, column) for column in columns]
    if any(numeric):
        return _read_numbers(table, columns) if all(numeric) else None
    (column,) = columns
    dates = parse_dates(table.cells.column(column))
    if dates is not None:
        return np.asarray(dates.cast(pa.timestamp("us")), dtype="datetime64[us]")
    return _read_texts(table, column)


def _read_numbers(table: Table, columns: tuple[str, ...]) -> Times | None:
    """Return times from the year, and the month or quarter beside it."""
    missing = np.logical_or.reduce([find_missing(table, column) for column in columns])
    parts = [
        np.where(missing, 1, np.nan_to_num(table.cells.column(column).to_numpy().astype(float), nan=1.0))
        for column in columns
    ]
    is_whole = all((part == np.round(part)).all() for part in parts)
    if not is_whole or not (np.abs(parts[0]) < 10_000).all():
        return None
    months = np.zeros(len(parts[0]))
    if len(columns) > 1:
        of_quarter = columns[1].casefold() == "quarter"
        if (parts[1] < 1).any() or (parts[1] > (4 if of_quarter else 12)).any():
            return None
        months = (parts[1] - 1) * (3 if of_quarter else 1)
    count = ((parts[0] - 1970) * 12 + months).astype(np.int64)
    times = count.astype("datetime64[M]").astype("datetime64[us]")
    times[missing] = np.datetime64("NaT", "us")
    return times


def _read_texts(table: Table, column: str) -> Times | None:
    """Return times from texts of months or quarters; `None` where a text is neither."""
    if classify_column(table, column) != "text":
        return None
    found: list[str] = []
    for text in to_texts(table, column).to_pylist():
        month, quarter = _MONTH.match(text or ""), _QUARTER.match(text or "")
        if text is None:
            found.append("NaT")
        elif month and 1 <= int(month[2]) <= 12:
            found.append(text)
        elif quarter:
            found.append(f"{quarter[1]}-{3 * int(quarter[2]) - 2:02d}")
        else:
            return None
    return np.array(found, dtype="datetime64[M]").astype("datetime64[us]")


def _build(columns: tuple[str, ...], times: Times, form: Form) -> Calendar:
    """Return the calendar of times that rise or fall: whole months before other steps."""
    month = times.astype("datetime64[M]")
    months = np.diff(month).astype(np.int64)
    within = times - month
    day = times.astype("datetime64[D]")
    ends = (day + np.timedelta64(1, "D")).astype("datetime64[M]") != month
    is_end = bool(ends.all() and (times == day).all()) and not (within == within[0]).all()
    is_backward = bool(times[-1] < times[0])
    last = str(times[-1])
    if (months == months[0]).all() and months[0] and ((within == within[0]).all() or is_end):
        return Calendar(columns, last, int(months[0]), 0, form, is_end, is_backward)
    steps = np.diff(times).astype(np.int64)
    step = int(steps[0]) if (steps == steps[0]).all() else 0
    return Calendar(columns, last, 0, step, form, False, is_backward)


def check_next_rows(calendar: Calendar, table: Table | None, count: int) -> Times | None:
    """Return the times of the rows that come next, if these are known, and refuse rows with other ones.

    Parameters
    ----------
    calendar
        That of the rows before them.
    table
        The next rows; `None` where none are given. Those without its columns are not examined.
    count
        How many of them there are.

    Raises
    ------
    BindingError
        Rows overlap, lie behind a gap, or run backwards; the message has the dates.
    """
    _refuse_backward(calendar)
    expected = calendar.list_next(count) if calendar.is_regular else None
    found = None if table is None else read_times(table, calendar.columns)
    if found is None or table is None:
        return expected
    found = found[:count]
    name, columns = table.path.name, " and ".join(f"`{column}`" for column in calendar.columns)
    if np.isnat(found).any():
        row = table.row_number(int(np.flatnonzero(np.isnat(found))[0]))
        raise BindingError(f"row {row} of `{name}` has no time in {columns}.", hint="give every row its time")
    _refuse_order(calendar, table, found)
    if expected is not None and (found != expected[: len(found)]).any():
        raise _describe_gap(calendar, table, found, expected)
    return found


def _refuse_backward(calendar: Calendar) -> None:
    if calendar.is_backward:
        columns = " and ".join(f"`{column}`" for column in calendar.columns)
        message = (
            f"the rows of the fit run backwards in time: its last one is the earliest, "
            f"{calendar.write(np.datetime64(calendar.last, 'us'))}."
        )
        raise BindingError(
            message, hint=f"sort the table by {columns}, the earliest row first, and fit again"
        )


def _refuse_order(calendar: Calendar, table: Table, found: Times) -> None:
    """Refuse rows in another order than that of time, and rows that the fit has."""
    name = table.path.name
    late = np.flatnonzero(np.diff(found) <= np.timedelta64(0, "us"))
    if late.size:
        row = int(late[0])
        message = (
            f"the rows of `{name}` are not in the order of time: row {table.row_number(row + 1)}, "
            f"{calendar.write(found[row + 1])}, comes after {calendar.write(found[row])}."
        )
        raise BindingError(message, hint="sort the rows, the earliest first, each time once")
    last = np.datetime64(calendar.last, "us")
    if found[0] <= last:
        message = (
            f"`{name}` begins at {calendar.write(found[0])}, and the fit ends at {calendar.write(last)}."
        )
        following = (
            f"the next row is {calendar.write(calendar.list_next(1)[0])}"
            if calendar.is_regular
            else f"the next row is after {calendar.write(last)}"
        )
        raise BindingError(message, hint=f"leave out the rows that the fit has: {following}")


def _describe_gap(calendar: Calendar, table: Table, found: Times, expected: Times) -> BindingError:
    """Return the error for the first row at another time than expected."""
    row = int(np.flatnonzero(found != expected[: len(found)])[0])
    before = np.datetime64(calendar.last, "us") if not row else found[row - 1]
    owner = "the fit's last row" if not row else "the row before"
    message = (
        f"row {table.row_number(row)} of `{table.path.name}` is {calendar.write(found[row])}: after "
        f"{calendar.write(before)}, {owner}, {calendar.write(expected[row])} was expected."
    )
    is_gap = found[row] > expected[row]
    hint = "give every row in between: each is one step" if is_gap else "give rows in the steps of the fit"
    return BindingError(message, hint=hint)


def advance(calendar: Calendar, table: Table) -> Calendar | None:
    """Return the calendar of a table with further rows behind its own; `None` where these do not follow."""
    try:
        times = check_next_rows(calendar, table, table.rows)
    except BindingError:
        return None
    has_times = all(table.has_column(column) for column in calendar.columns)
    return replace(calendar, last=str(times[-1])) if times is not None and has_times else None
