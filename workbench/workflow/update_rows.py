"""The rows of a run with new ones below them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from workbench import binding, tables
from workbench.binding import BindingOptions, BoundData
from workbench.errors import RequestError, UnseenLevel, WorkbenchError
from workbench.late_imports import LateModule
from workbench.program import Program
from workbench.provenance import hash_texts
from workbench.request import FitRequest
from workbench.results import Fit
from workbench.tables import Table
from workbench.workflow.study_base import read_unchanged_table

if TYPE_CHECKING:
    import pyarrow as pa
else:
    pa = LateModule("pyarrow")

_OPTIONS = ("--missing",)
"""The options of `workbench update` that say how rows are bound."""


def check_can_take_rows(fit: Fit) -> None:
    """Refuse a run whose data came without a table.

    Raises
    ------
    RequestError
        The data came without a table.
    """
    if not fit.results.data.rules.get("variables"):
        raise RequestError(
            "the run was fitted to Stan's own data, which do not say what belongs to a row, and which sizes "
            "grow with new rows.",
            hint="put old and new rows into one file and fit that; or fit a table, whose runs can be updated",
        )


def bind_new_rows(
    fit: Fit, request: FitRequest, table: Table, missing: Literal["refuse", "drop"] = "refuse"
) -> BoundData:
    """Return new rows alone, bound by the rules of a run.

    Raises
    ------
    BindingError
        A column is missing, a cell does not suit its variable, or a level did not occur in the fit.
    """
    rules = fit.results.data.rules
    return binding.rebind(rules, request.program, table, missing=missing, options=_OPTIONS)


def append_table(
    fit: Fit, request: FitRequest, table: Table, missing: Literal["refuse", "drop"] = "refuse"
) -> BoundData:
    """Return the data of a run with new rows below its own.

    Predictors that the run standardized are put on its scale, on which the priors are stated: the posterior
    of its rows is the prior of the new ones, and does not depend on how rows come in batches.

    Raises
    ------
    BindingError
        A column is missing, a cell does not suit its variable, or a level did not occur in the fit.
    """
    known = fit.results.data.rules
    rules = _add_codes(known, request.program, table)
    try:
        new = binding.rebind(rules, request.program, table, missing=missing)
    except UnseenLevel as reason:
        return _bind_anew(fit, request, table, missing, reason)
    counts = {size: group["count"] for size, group in rules["groups"].items()}
    grown = {size: count for size, count in counts.items() if count != known["groups"][size]["count"]}
    variables = tuple(
        replace(item, value=grown.get(item.name, item.value)) for item in request.data.variables
    )
    old = replace(request.data, variables=variables)
    both = binding.append_rows(old, new, request.program, _continue_calendar(rules, table))
    tips = (
        f"`{size}` grows from {known['groups'][size]['count']} to {count}: the new rows have further codes."
        for size, count in grown.items()
    )
    return replace(both, tips=(*both.tips, *tips))


def _add_codes(rules: Mapping[str, Any], program: Program, table: Table) -> Mapping[str, Any]:
    """Return rules in which groups that are numbered in the table go up to its highest code.

    Groups with levels of text are numbered by these; of groups with data of their own, those of new groups
    are not known: both stay as they are.
    """
    declared = {item.name: item for item in program.data}
    described = {axis.text for name in rules.get("by_group", {}) for axis in declared[name].axes}
    groups = {size: dict(group) for size, group in rules.get("groups", {}).items()}
    for item in program.data:
        size = item.upper.text if item.is_integer and item.upper is not None else ""
        if size not in groups or groups[size]["levels"] or size in described:
            continue
        for column in rules["variables"].get(item.name, ()):
            groups[size]["count"] = max(groups[size]["count"], _find_highest_code(table, column))
    return {**rules, "groups": groups}


def _find_highest_code(table: Table, column: str) -> int:
    """Return the highest whole number of a column; 0 where it has none, or other numbers too."""
    if not table.has_column(column) or not tables.is_numeric(table, column):
        return 0
    known = table.cells.column(column).filter(pa.array(~tables.find_missing(table, column)))
    numbers = np.asarray(known.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)
    if not numbers.size or not np.isfinite(numbers).all() or (numbers != np.floor(numbers)).any():
        return 0
    return int(numbers.max())


def _continue_calendar(rules: Mapping[str, Any], table: Table) -> Mapping[str, Any]:
    """Return rules whose calendar ends with the new rows; without one where these do not follow the old."""
    kept = {name: rule for name, rule in rules.items() if name != "calendar"}
    stored = rules.get("calendar")
    if stored:
        calendar = tables.advance(tables.Calendar(**{**stored, "columns": tuple(stored["columns"])}), table)
        if calendar is not None:
            kept["calendar"] = {**asdict(calendar), "columns": list(calendar.columns)}
    return kept


def _bind_anew(
    fit: Fit, request: FitRequest, table: Table, missing: Literal["refuse", "drop"], reason: UnseenLevel
) -> BoundData:
    """Return both tables bound together, so that levels are numbered anew: the run's own table is read again.

    Raises
    ------
    UnseenLevel
        The run's table has changed or is not there, or the two tables do not fit together.
    """
    results = fit.results
    try:
        old = read_unchanged_table(results)
        both = _join_tables(old, table)
    except (WorkbenchError, pa.ArrowInvalid, pa.ArrowTypeError) as problem:
        because = problem.message if isinstance(problem, WorkbenchError) else f"{problem}".splitlines()[0]
        raise UnseenLevel(
            reason.message,
            hint=f"new levels need the run's own table, read again: {because.rstrip('.')}; or leave these "
            "rows out, or fit all rows together",
        ) from problem
    return bind_anew(fit, request, both, missing, keeps_scale=True)


def bind_anew(
    fit: Fit,
    request: FitRequest,
    table: Table,
    missing: Literal["refuse", "drop"] = "refuse",
    *,
    keeps_scale: bool = False,
) -> BoundData:
    """Return a table bound as that of a run was, with levels and groups of its own.

    Parameters
    ----------
    fit, request
        The run: which variables take which columns, and the values that come from elsewhere.
    table
        The rows.
    missing
        Whether rows with a missing cell are refused or dropped; a run that dropped some drops them here too.
    keeps_scale
        Whether predictors that the run standardized keep its scale, or get that of the table.

    Raises
    ------
    BindingError
        A column is missing, or a cell does not suit its variable.
    """
    data = fit.results.data
    rules = data.rules
    groups = set(rules.get("groups", {}))
    given = {name: value for name, value in rules.get("given", {}).items() if name not in groups}
    first = {
        written: entry["levels"][0]
        for written, entry in rules.get("columns", {}).items()
        if entry.get("levels")
    }
    allowed: Literal["refuse", "drop"] = "drop" if data.dropped.count else missing
    standardized = rules.get("standardized", {})  # on which the program states its priors
    options = BindingOptions(
        {name: tuple(columns) for name, columns in rules["variables"].items()},
        given,
        dict.fromkeys(given, "the run"),
        {name: level for name, level in first.items() if table.has_column(name)},
        allowed,
        standardize=bool(standardized) and not keeps_scale,
    )
    scales = {"standardized": standardized} if standardized and keeps_scale else None
    attempt = binding.try_bind(request.program, table, options, scales)
    if attempt.problems:
        raise binding.restrict_hint(attempt.problems[0], _OPTIONS)
    return attempt.data


def _join_tables(old: Table, new: Table) -> Table:
    """Return the rows of both tables, in the columns that both have."""
    shared = [name for name in old.columns if new.has_column(name)]
    cells = pa.concat_tables(
        [old.cells.select(shared), new.cells.select(shared)], promote_options="permissive"
    )
    return Table(binding.name_both(old.path, new.path), hash_texts(old.sha256, new.sha256), cells)
