"""New data bound as the data of an earlier run were: same columns, same levels, same scales."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from workbench.binding.bind import try_bind
from workbench.binding.bound_data import BoundData
from workbench.binding.context import parse_column
from workbench.binding.options import BindingOptions
from workbench.binding.phrases import format_names
from workbench.errors import BindingError
from workbench.program import Program
from workbench.tables import Table


def rebind(
    stored: Mapping[str, Any],
    program: Program,
    table: Table,
    *,
    given: Mapping[str, Any] | None = None,
    missing: Literal["refuse", "drop"] = "refuse",
) -> BoundData:
    """Bind new rows by the rules of an earlier binding.

    The number of groups and the values of each group stay the same, and so do the levels of codes, the
    reference levels of indicators, the origin of dates and the scales of predictors. Only the rows are new.

    Parameters
    ----------
    stored
        `BoundData.rules`, as `run.json` keeps it under `data.rules`.
    program
        The program of that run.
    table
        The new rows.
    given
        Values that replace columns which the new rows do not have.
    missing
        Whether rows with a missing cell are refused or dropped.

    Raises
    ------
    BindingError
        A column is missing, a cell does not suit its variable, or a level did not occur in the fit.
    """
    replaced = {**stored.get("by_group", {}), **(given or {})}
    columns = {name: tuple(own) for name, own in stored["variables"].items() if name not in replaced}
    absent = [
        column
        for own in columns.values()
        for column in own
        if not table.has_column(parse_column(table, column).name)
    ]
    if absent:
        raise BindingError(
            f"`{table.path.name}` has no column {format_names(dict.fromkeys(absent))}, which the fit used; "
            f"its columns are {format_names(table.columns)}.",
            hint="new data need the columns that the data of the fit have",
        )
    counts = {size: group["count"] for size, group in stored["groups"].items()}
    known = {**counts, **stored["given"], **replaced}
    options = BindingOptions(columns, known, dict.fromkeys(known, "the run"), missing=missing)
    attempt = try_bind(program, table, options, stored)
    if attempt.problems:
        raise attempt.problems[0]
    return attempt.data
