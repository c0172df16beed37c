"""Rows that follow those of the fit: appended to them, their predictors continued where that is plain."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.binding import BoundData
from workbench.errors import RequestError
from workbench.prediction.growth import NEW, Growth, find_growth
from workbench.prediction.levels import NewRows
from workbench.prediction.new_rows import steps_through
from workbench.request import FitRequest
from workbench.results import Fit
from workbench.tables import Calendar, Table, check_next_rows

Integers = NDArray[np.int64]

_PERIODS = 2
"""Whole periods that a column repeats before it counts as periodic. Ours."""


def append_rows(
    request: FitRequest, growth: Growth, new: NewRows, rows: int
) -> tuple[dict[str, Any], dict[str, Integers]]:
    """Return the data of the fit with new rows behind its own, and the place in the fit of each element.

    Parameters
    ----------
    request, growth
        The run's request, and the sizes that grow.
    new
        The new rows, bound.
    rows
        How many they are.
    """
    data: dict[str, Any] = dict(new.bound.values)
    fitted = count_rows(request, growth)
    for declared in request.program.data:
        if declared.name in growth.rows:
            data[declared.name] = fitted + rows
        axis = next((axis for axis, size in enumerate(declared.axes) if size.text in growth.rows), None)
        if axis is not None:
            old, added = np.asarray(request.data.values[declared.name]), np.asarray(data[declared.name])
            data[declared.name] = np.concatenate([old, added], axis=axis)
    followed = np.concatenate([np.arange(fitted), np.full(rows, NEW)]).astype(np.int64)
    return data, {**new.places, **dict.fromkeys(growth.rows, followed)}


def check_calendar(fit: Fit, table: Table | None, rows: int) -> tuple[str, ...]:
    """Return the names of the rows that follow those of a fit by their times; none where these are not known.

    Parameters
    ----------
    fit
        The fit, whose table may have had a column of times.
    table
        The next rows; `None` where none are given.
    rows
        How many there are.

    Raises
    ------
    BindingError
        The rows do not follow: they overlap, lie behind a gap, or run backwards in time.
    """
    stored = fit.results.data.rules.get("calendar")
    if not stored:
        return ()
    calendar = Calendar(**{**stored, "columns": tuple(stored["columns"])})
    times = check_next_rows(calendar, table, rows)
    return () if times is None else tuple(calendar.write(time) for time in times)


def check_following(fit: Fit, request: FitRequest, table: Table) -> None:
    """Refuse rows that do not follow those of a fit in time, where its program steps from row to row.

    Parameters
    ----------
    fit, request
        The fit, and the request that it answered.
    table
        The rows that are put behind those of the fit.

    Raises
    ------
    BindingError
        As `check_calendar`.
    """
    rows = find_growth(request, fit.results.data).rows
    program = request.program
    by_row = (
        item.name
        for item in (*program.data, *program.parameters, *program.transformed_parameters)
        if any(axis.text in rows for axis in item.axes)
    )
    if any(steps_through(fit.results.model.source, name) for name in by_row):
        check_calendar(fit, table, table.rows)


def count_rows(request: FitRequest, growth: Growth) -> int:
    """Return the number of rows of the fit."""
    return next(int(request.data.values[size]) for size in sorted(growth.rows))


def continue_rows(request: FitRequest, growth: Growth, outcomes: Collection[str], rows: int) -> NewRows:
    """Return rows that follow those of the fit, where the data say how their predictors go on.

    A predictor goes on if it counts up in equal steps, as years do, or repeats itself, as months do.

    Raises
    ------
    RequestError
        A predictor does neither: its values must be given.
    """
    values: dict[str, Any] = dict(request.data.values)
    absent = []
    for declared in request.program.data:
        axis = next((axis for axis, size in enumerate(declared.axes) if size.text in growth.rows), None)
        if declared.name in growth.rows:
            values[declared.name] = rows
        elif axis is not None:
            old = np.moveaxis(np.asarray(values[declared.name]), axis, 0)
            if declared.name in outcomes:
                added = np.repeat(np.sort(old, axis=0)[:1], rows, axis=0)
                absent.append(declared.name)
            else:
                added = _continue_columns(declared.name, old, rows)
            values[declared.name] = np.moveaxis(added, 0, axis)
    bound = _replace_values(request.data, values)
    places = {size: np.arange(int(values[size])) for size in growth.groups if size in values}
    return NewRows(bound, places, tuple(absent), ())


def _replace_values(data: BoundData, values: Mapping[str, Any]) -> BoundData:
    return replace(data, variables=tuple(replace(item, value=values[item.name]) for item in data.variables))


def _continue_columns(name: str, old: np.ndarray, rows: int) -> np.ndarray:
    """Return the next rows of a variable, `(rows, ...)`, each of its columns by itself."""
    flat = old.reshape(len(old), -1)
    columns = [_continue_column(flat[:, place], rows) for place in range(flat.shape[1])]
    if any(column is None for column in columns):
        message = (
            f"`{name}` neither counts up in equal steps nor repeats itself: its values in the next {rows} "
            "rows are not known."
        )
        raise RequestError(message, hint="give them in a table: workbench predict RUN DATA --horizon H")
    found = np.stack([column for column in columns if column is not None], axis=1)
    return found.reshape(rows, *old.shape[1:]).astype(old.dtype)


def _continue_column(values: np.ndarray, rows: int) -> np.ndarray | None:
    """Return the next values of a column; `None` where they are not plain.

    >>> _continue_column(np.array([2001, 2002, 2003]), 2).tolist()
    [2004, 2005]
    >>> _continue_column(np.array([1, 2, 3, 1, 2, 3, 1]), 3).tolist()
    [2, 3, 1]
    """
    steps = np.diff(values)
    if len(steps) and np.allclose(steps, steps[0], rtol=1e-9, atol=0):
        following: np.ndarray = values[-1] + steps[0] * np.arange(1, rows + 1)
        return following
    for period in range(1, len(values) // _PERIODS + 1):
        if np.array_equal(values[period:], values[:-period]):
            positions = (len(values) + np.arange(rows)) % period
            repeated: np.ndarray = values[:period][positions]
            return repeated
    return None
