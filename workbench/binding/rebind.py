"""New data bound as the data of an earlier run were: same columns, same levels, same scales."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

from workbench import tables
from workbench.binding.bind import try_bind
from workbench.binding.bound_data import BoundData
from workbench.binding.columns.levels import has_levels
from workbench.binding.context import parse_column
from workbench.binding.group_sizes import find_group_sizes
from workbench.binding.options import BindingOptions
from workbench.binding.phrases import format_names
from workbench.errors import BindingError
from workbench.program import Program
from workbench.tables import Table

_DROPPING = " with --missing drop"
"""What a hint about missing cells says to those who can leave rows out by an option."""


def rebind(
    stored: Mapping[str, Any],
    program: Program,
    table: Table,
    *,
    given: Mapping[str, Any] | None = None,
    missing: Literal["refuse", "drop"] = "refuse",
    options: Collection[str] = (),
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
    options
        Options by which the caller's user can choose how rows are bound, such as ``--missing``: hints name
        no others.

    Raises
    ------
    BindingError
        A column is missing, a cell does not suit its variable, or a level did not occur in the fit.
    """
    try:
        return _rebind(stored, program, table, given, missing)
    except BindingError as error:
        restricted = restrict_hint(error, options)
        if restricted is error:
            raise
        raise restricted from error


def restrict_hint(error: BindingError, options: Collection[str]) -> BindingError:
    """Return the error of a binding with a hint for those who have only some of the options of a fit."""
    hint = keep_known_options(error.hint, options)
    return error if hint == error.hint else type(error)(error.message, hint=hint)


def keep_known_options(hint: str | None, options: Collection[str] = ()) -> str | None:
    """Return the hint of a binding for those who have only some of the options of ``workbench fit``.

    >>> keep_known_options("fill in the cells, or leave such rows out with --missing drop")
    'fill in the cells, or leave such rows out'
    >>> keep_known_options("give its value with --set N=VALUE")
    'new rows are bound as those of the fit were: give their columns in the same form'
    """
    if hint is None or set(re.findall(r"--[a-z][a-z-]*", hint)) <= set(options):
        return hint
    shorter = hint.replace(_DROPPING, "")
    if "--" not in shorter:
        return shorter
    return "new rows are bound as those of the fit were: give their columns in the same form"


def require_columns(stored: Mapping[str, Any], table: Table, replaced: Collection[str]) -> None:
    """Refuse a table that lacks columns which the rules of an earlier binding name.

    Parameters
    ----------
    stored
        `BoundData.rules`, as `run.json` keeps it under `data.rules`.
    table
        The new rows.
    replaced
        Variables that need no columns.

    Raises
    ------
    BindingError
        The message names the columns, and those that the table has.
    """
    absent = dict.fromkeys(
        column
        for name, columns in stored["variables"].items()
        for column in columns
        if name not in replaced and not table.has_column(parse_column(table, column).name)
    )
    if absent:
        raise BindingError(
            f"`{table.path.name}` has no column{'s' if len(absent) > 1 else ''} {format_names(absent)}, "
            f"which the fit used; its columns are {format_names(table.columns)}.",
            hint="new data need the columns that the data of the fit have",
        )


def _rebind(
    stored: Mapping[str, Any],
    program: Program,
    table: Table,
    given: Mapping[str, Any] | None,
    missing: Literal["refuse", "drop"],
) -> BoundData:
    """Return what `rebind` explains, with the hints of a first binding."""
    replaced = {**stored.get("by_group", {}), **(given or {})}
    columns = {name: tuple(own) for name, own in stored["variables"].items() if name not in replaced}
    require_columns(stored, table, replaced)
    _require_numbers(stored, program, table, columns)
    counts = {size: group["count"] for size, group in stored["groups"].items()}
    known = {**counts, **stored["given"], **replaced}
    chosen = BindingOptions(columns, known, dict.fromkeys(known, "the run"), missing=missing)
    attempt = try_bind(program, table, chosen, stored)
    if attempt.problems:
        raise attempt.problems[0]
    return attempt.data


def _require_numbers(
    stored: Mapping[str, Any], program: Program, table: Table, columns: Mapping[str, Sequence[str]]
) -> None:
    """Refuse texts in a column that held numbers: they would be taken for levels of another meaning.

    Raises
    ------
    BindingError
        The message names the column, and a cell.
    """
    levels = {
        name: stored["groups"].get(size, {}).get("levels")
        for size, group in find_group_sizes(program).items()
        for name in group.variables
    }
    for name, own in columns.items():
        for written in own:
            request = parse_column(table, written)
            is_level = levels.get(name) or stored.get("columns", {}).get(written, {}).get("levels")
            if is_level or request.unit or request.is_indicator or not has_levels(table, request.name):
                continue
            tables.to_numbers(table, request.name)  # names the first cell that is none
            raise BindingError(
                f"column `{request.name}` of `{table.path.name}` holds its numbers as text, where the fit "
                "had numbers.",
                hint="convert the column to numbers",
            )
