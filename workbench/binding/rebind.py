"""New data bound as the data of an earlier run were: same columns, same levels, same scales."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.binding.bind import try_bind
from workbench.binding.bound_data import BindingOptions, BoundData
from workbench.binding.phrases import listed
from workbench.errors import BindingError
from workbench.program import Program
from workbench.tables import Table


def rebind(
    stored: Mapping[str, Any],
    program: Program,
    table: Table,
    *,
    given: Mapping[str, Any] | None = None,
) -> BoundData:
    """Bind new rows by the rules an earlier binding left.

    Group sizes keep their number, groups what belongs to them, codes their levels, indicators their
    reference, dates their origin and predictors their scale; only the rows are new.

    Parameters
    ----------
    stored
        `BoundData.rules`, as `run.json` keeps it under `data.rules`.
    program
        The program of that run.
    table
        The new rows.
    given
        Values that take the place of columns that the new rows do not have.

    Raises
    ------
    BindingError
        A column is missing, a cell does not suit, or a level was not among those of the fit.
    """
    replaced = {**stored.get("by_group", {}), **(given or {})}
    columns = {name: tuple(one) for name, one in stored["variables"].items() if name not in replaced}
    missing = [
        column
        for one in columns.values()
        for column in one
        if column not in table.columns and column.rpartition(":")[0] not in table.columns
    ]
    if missing:
        raise BindingError(
            f"`{table.path.name}` has no column {listed(dict.fromkeys(missing))}, which the fit was made "
            "with; its "
            f"columns are {listed(table.columns)}.",
            hint="new data need the columns of the old",
        )
    sizes = {size: one["count"] for size, one in stored["groups"].items()}
    known = {**sizes, **stored["given"], **replaced}
    examined = try_bind(
        program, table, BindingOptions(columns, known, dict.fromkeys(known, "the run")), stored
    )
    if examined.problems:
        raise examined.problems[0]
    return examined.data
