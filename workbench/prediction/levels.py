"""New rows bound as those of the fit were, with groups that the fit has not seen where that is allowed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from workbench import binding, tables
from workbench.binding import BoundData
from workbench.errors import BindingError, ProgramError, RequestError, UnseenLevel
from workbench.prediction.growth import NEW, Growth, list_labels, place_rows
from workbench.program import Declaration, Program
from workbench.request import FitRequest
from workbench.results import Fit
from workbench.results.outcomes import list_outcome_data
from workbench.tables import Table

Integers = NDArray[np.int64]

NewGroups: TypeAlias = Literal["refuse", "draw", "average"]
"""What happens to groups that the fit has not seen."""

_MOST_NAMED = 6
"""How many new groups a message lists. Ours."""


@dataclass(frozen=True)
class NewRows:
    """New rows, bound.

    Attributes
    ----------
    bound
        The data block; outcomes without a column hold values that nothing reads.
    places
        By size that grows: the place in the fit of each element, `NEW` for one that the fit does not know.
    absent
        The data of outcomes that the new rows do not have.
    labels
        The names of the rows; empty where no column names them.
    others
        Other values for outcomes without a column: nothing that is predicted may depend on which they hold.
    """

    bound: BoundData
    places: Mapping[str, Integers]
    absent: tuple[str, ...]
    labels: tuple[str, ...]
    others: Mapping[str, Any] = field(default_factory=dict)


def bind_new_rows(
    fit: Fit,
    request: FitRequest,
    growth: Growth,
    table: Table,
    *,
    new_groups: NewGroups = "refuse",
    per_row: Sequence[str] = (),
) -> NewRows:
    """Return new rows bound by the rules of a fit.

    Parameters
    ----------
    fit, request
        The run, and its request on the scale of its results.
    growth
        The sizes that grow with a table.
    table
        The new rows; columns of outcomes may be missing.
    new_groups
        Whether groups that the fit has not seen are refused or have elements of their own.
    per_row
        Parameters with an element for each row, so that a row is a group.

    Raises
    ------
    BindingError
        A column is missing, a cell does not suit its variable, or a group is new and refused.
    RequestError
        The run was not fitted to a table, or the table has no rows.
    """
    rules: dict[str, Any] = dict(fit.results.data.rules)
    if fit.results.data.standardized.is_on_data_scale:
        rules["standardized"] = {}
    by_group = {name: request.data.values[name] for name in rules.get("by_group", {})}
    rules["by_group"] = {name: np.asarray(value).tolist() for name, value in by_group.items()}
    if not table.rows:
        raise RequestError(f"`{table.path.name}` has no rows.", hint="give at least one row to predict")
    absent = find_absent(fit, request.program, table)
    counts = {size: int(request.data.values[size]) for size in growth.groups if size in request.data.values}
    if new_groups != "refuse":
        rules = _add_levels(rules, request, growth, table)
    old = request.data.values
    declared = {item.name: item for item in request.program.data}
    filled = {
        name: _lower(declared[name], _fill_outcome(old[name], table.rows, fit.results.data.rows))
        for name in absent
    }
    try:
        bound = binding.rebind(rules, request.program, table, given=filled)
    except UnseenLevel as error:
        hint = "--new-groups draw predicts them by the distribution of groups; or leave these rows out"
        raise BindingError(error.message, hint=hint) from error
    _check_group_values(rules, request.program, bound, table)
    labels = list_labels(bound, growth)
    places = {size: _place_groups(counts[size], int(bound.values[size])) for size in counts}
    rows = place_rows(labels, list_labels(request.data, growth), table.rows)
    if not labels and not absent and are_fitted(request, bound):
        rows = np.arange(table.rows)
    places |= dict.fromkeys(growth.rows, rows)
    if per_row and new_groups == "refuse" and (rows == NEW).any():
        column = rules.get("row_names", "") if list_labels(request.data, growth) else ""
        raise _describe_new_rows(per_row[0], table, labels, rows, column)
    others = {
        name: _cap(
            declared[name], _fill_outcome(old[name], table.rows, fit.results.data.rows, 1), bound.values
        )
        for name in absent
    }
    return NewRows(bound, places, tuple(absent), labels, others)


def _check_group_values(rules: Mapping[str, Any], program: Program, bound: BoundData, table: Table) -> None:
    """Refuse a row in which a predictor of its group is not what the fit had of that group.

    Raises
    ------
    BindingError
        The message names the column, the row, and both values.
    """
    for declared in program.data:
        is_raw = declared.name in rules["by_group"] and declared.name not in rules.get("standardized", {})
        size = declared.axes[0].text if is_raw and declared.axes else ""
        group = next(
            (
                item.name
                for item in program.data
                if item.is_integer and item.upper and item.upper.text == size
            ),
            "",
        )
        if not group or np.ndim(bound.values[group]) != 1 or len(declared.axes) > 2:
            continue
        stored = np.asarray(rules["by_group"][declared.name], dtype=float)
        stored = stored.reshape(len(stored), -1)
        codes = np.asarray(bound.values[group]) - 1
        for place, column in enumerate(rules["variables"].get(declared.name, [])):
            if (
                stored.shape[1] <= place
                or not table.has_column(column)
                or not tables.is_numeric(table, column)
            ):
                continue
            found, known = tables.to_numbers(table, column).astype(float), stored[codes, place]
            other = np.flatnonzero(~np.isclose(found, known, rtol=1e-6, atol=1e-9) & np.isfinite(found))
            if other.size:
                row = int(other[0])
                where = f"column `{column}` of `{table.path.name}` is {found[row]:g} at row"
                message = (
                    f"{where} {table.row_number(row)}, and {known[row]:g} for that group in the fit: "
                    "predictors of groups are those of the fit."
                )
                raise BindingError(message, hint="leave the column out, or give the row to a new group")


def are_fitted(request: FitRequest, bound: BoundData) -> bool:
    """Return whether all new rows are those of the fit, in its order."""
    old = request.data.values
    return all(
        np.shape(old[name]) == np.shape(value) and np.array_equal(np.asarray(old[name]), np.asarray(value))
        for name, value in bound.values.items()
    )


def find_absent(fit: Fit, program: Program, table: Table) -> list[str]:
    """Return the data of outcomes whose columns the new rows do not have, or not in every row."""
    columns = fit.results.data.rules.get("variables", {})
    names = [name for name in list_outcome_data(program) if name in columns]
    return [
        name
        for name in names
        if not set(columns[name]) <= set(table.columns)
        or any(tables.find_missing(table, column).any() for column in columns[name])
    ]


def _fill_outcome(old: Any, rows: int, fitted: int | None, rank: int = 0) -> np.ndarray:
    """Return values that the declaration of an outcome allows, for rows where it is not known.

    They are the lowest of the fit, or with `rank` 1 the next higher ones where there are any.
    """
    values = np.asarray(old)
    axis = next((axis for axis, length in enumerate(values.shape) if length == fitted), 0)
    ordered = np.sort(values, axis=axis)
    found = np.take(ordered, [0], axis=axis)
    if rank:
        higher = np.where(ordered > found, ordered, np.take(ordered, [-1], axis=axis))
        found = higher.min(axis=axis, keepdims=True)
    return np.repeat(found, rows, axis=axis)


def _lower(declared: Declaration, values: np.ndarray) -> np.ndarray:
    """Return the lowest whole numbers that a declaration allows, where other data bound them from above.

    The lowest of the fit may exceed the bound of a new row: successes, where the new row has no trials.
    """
    lower, upper = declared.lower, declared.upper
    if not declared.is_integer or upper is None or lower is None or not lower.text.isdigit():
        return values
    return np.full_like(values, int(lower.text))


def _cap(declared: Declaration, values: np.ndarray, data: Mapping[str, Any]) -> np.ndarray:
    """Return whole numbers that are no higher than their bounds."""
    if not declared.is_integer or declared.upper is None:
        return values
    try:
        bound = np.asarray(declared.upper.evaluate(data))
    except ProgramError:  # it is computed in a way that only Stan can follow
        return values
    capped: np.ndarray = np.minimum(values, bound).astype(values.dtype)
    return capped


def _place_groups(known: int, count: int) -> Integers:
    return np.concatenate([np.arange(known), np.full(max(0, count - known), NEW)]).astype(np.int64)


def _describe_new_rows(
    parameter: str, table: Table, labels: Sequence[str], rows: Integers, column: str
) -> RequestError:
    """Return the error for rows that have no element of a parameter with one for each row.

    Parameters
    ----------
    parameter
        The parameter.
    table, labels, rows
        The new rows, their names, and their places in the fit.
    column
        The column that names the rows of the fit; empty where none does.
    """
    own = f"`{parameter}` has an element for each row of the fit"
    hint = f"--new-groups draw predicts rows that the fit has not seen, by the distribution of `{parameter}`"
    name = table.path.name
    if column and not labels:
        message = f"{own}. Those rows are recognised by column `{column}`, which `{name}` does not have."
        return RequestError(message, hint=f"give that column; {hint}")
    if not column:
        message = (
            f"{own}. No column names those rows, so that they are recognised only as a whole: the same table "
            f"in the same order, which `{name}` is not."
        )
        return RequestError(message, hint=f"give the whole table; {hint}")
    new = np.flatnonzero(rows == NEW)
    named = [labels[row] for row in new[:_MOST_NAMED]]
    more = f" and {len(new) - _MOST_NAMED} more" if len(new) > _MOST_NAMED else ""
    message = (
        f"{own}, and {len(new)} of the {len(rows)} rows of `{name}` are not among them: "
        f"{', '.join(named)}{more}."
    )
    return RequestError(message, hint=hint)


# --- groups that the fit has not seen ---------------------------------------------------------------


def _add_levels(rules: dict[str, Any], request: FitRequest, growth: Growth, table: Table) -> dict[str, Any]:
    """Return the rules with the groups of the new rows behind those of the fit."""
    groups = {size: dict(group) for size, group in rules.get("groups", {}).items()}
    by_group = dict(rules.get("by_group", {}))
    for size in sorted(growth.groups & groups.keys()):
        columns = find_group_columns(rules, request.program, size)
        first_rows = _find_new_levels(groups[size], table, columns)
        if not first_rows:
            continue
        if groups[size]["levels"]:
            groups[size]["levels"] = [*groups[size]["levels"], *first_rows]
        else:
            groups[size]["count"] = max(int(level) for level in first_rows)
        groups[size]["count"] = (
            len(groups[size]["levels"]) if groups[size]["levels"] else groups[size]["count"]
        )
        for declared in request.program.data:
            if declared.name in by_group and size in [item.text for item in declared.axes]:
                columns_of = rules["variables"].get(declared.name, [])
                scale = rules.get("standardized", {}).get(declared.name)
                by_group[declared.name] = _add_group_values(
                    declared, by_group[declared.name], columns_of, table, list(first_rows.values()), scale
                )
    return {**rules, "groups": groups, "by_group": by_group}


def find_group_columns(rules: Mapping[str, Any], program: Program, size: str) -> list[str]:
    """Return the columns that say which group of a size a row belongs to."""
    return [
        column
        for declared in program.data
        if declared.is_integer and declared.upper is not None and declared.upper.text == size
        for column in rules["variables"].get(declared.name, [])
    ]


def _find_new_levels(group: Mapping[str, Any], table: Table, columns: Sequence[str]) -> dict[str, int]:
    """Return the levels in the new rows that the fit has not seen, each with the first row that has it."""
    found: dict[str, int] = {}
    known = set(group["levels"])
    for column in columns:
        if not table.has_column(column):
            continue
        if known:
            texts = tables.to_texts(table, column).to_pylist()
            for row, text in enumerate(texts):
                if text is not None and text not in known and not _is_spelling(text, known):
                    found.setdefault(text, row)
        else:
            numbers = tables.to_numbers(table, column)
            for number in np.unique(numbers[numbers > group["count"]]):
                if float(number).is_integer():
                    found.setdefault(str(int(number)), int(np.flatnonzero(numbers == number)[0]))
    return found


def _is_spelling(text: str, known: set[str]) -> bool:
    """Return whether a text is another spelling of yes or no, which binding knows."""
    words = {"no", "n", "yes", "y", "false", "f", "true", "t"}
    return text.casefold() in words and {level.casefold() for level in known} <= words


def _add_group_values(
    declared: Declaration,
    old: Any,
    columns: Sequence[str],
    table: Table,
    rows: Sequence[int],
    scale: Mapping[str, Any] | None,
) -> Any:
    """Return predictors of groups with those of the new groups, each from the first row of the group."""
    if declared.is_integer or not 1 <= len(declared.axes) <= 2:
        message = f"`{declared.name}` describes groups, and cannot be read for new ones."
        raise RequestError(message, hint="predict the groups of the fit only")
    values = np.column_stack([tables.to_numbers(table, column)[list(rows)] for column in columns])
    if scale is not None:
        values = (values - np.asarray(scale["mean"])) / np.asarray(scale["sd"])
    new = values if len(declared.axes) > 1 else values[:, 0]
    return np.concatenate([np.asarray(old, dtype=float), new]).tolist()
