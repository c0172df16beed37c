"""The cluster of each row of a run, by a column of its table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench import binding
from workbench.backends.base import Integers
from workbench.errors import RequestError
from workbench.late_imports import LateModule
from workbench.request import FitRequest
from workbench.results import Fit
from workbench.results.table_columns import GROUPS, TABLE_COLUMNS
from workbench.tables import Table

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
else:
    pa = LateModule("pyarrow")
    pc = LateModule("pyarrow.compute")

MISSING = -1
"""The code of a row without a cell."""


def find_stored_clusters(fit: Fit, request: FitRequest, column: str) -> Integers | None:
    """Return the cluster of each row, from 0, `(N,)`, as the run itself has it; `None` where it does not.

    Raises
    ------
    RequestError
        A cell is missing.
    """
    group = fit.find_group(TABLE_COLUMNS)
    stored = {} if group is None else dict(group.list_data())
    dataset = fit.tree[TABLE_COLUMNS].to_dataset() if GROUPS in stored else None
    if dataset is not None and column in dataset[f"{GROUPS}_column"].to_numpy().tolist():
        return number_clusters(dataset[GROUPS].sel({f"{GROUPS}_column": column}).to_numpy(), column)
    rules = fit.results.data.rules
    for name, columns in rules.get("variables", {}).items():
        if tuple(columns) == (column,) and name not in rules.get("by_group", {}):
            values = np.asarray(request.data.values.get(name, ()))
            if values.ndim == 1 and values.dtype.kind in "iu" and len(values) == request.data.rows:
                return number_clusters(values, column)
    return None


def read_clusters(fit: Fit, request: FitRequest, table: Table, column: str) -> Integers:
    """Return the cluster of each row, from 0, by the table of the run.

    Raises
    ------
    RequestError
        There is no such column, or a cell is missing; or the rows cannot be matched.
    """
    if not table.has_column(column):
        raise RequestError(
            f"`{table.path.name}` has no column `{column}`; its columns are {', '.join(table.columns)}."
        )
    if fit.results.data.dropped.count:
        bound = binding.rebind(fit.results.data.rules, request.program, table, missing="drop")
        table = bound.table
    if table.rows != request.data.rows:
        raise RequestError(
            f"`{table.path.name}` has {table.rows:,} rows, and the run {request.data.rows or 0:,}: the "
            "clusters of "
            "its rows are not known."
        )
    cells = table.cells.column(column)
    if pa.types.is_dictionary(cells.type):
        cells = cells.cast(cells.type.value_type)
    encoded = pc.dictionary_encode(cells).combine_chunks()
    return number_clusters(np.asarray(pc.fill_null(encoded.indices, MISSING)), column)


def number_clusters(codes: np.ndarray, column: str) -> Integers:
    """Return codes numbered from 0 without gaps.

    Raises
    ------
    RequestError
        A cell is missing: such rows belong to no cluster.

    >>> number_clusters(np.array([7, 3, 7]), "site")
    array([1, 0, 1])
    """
    missing = int((codes == MISSING).sum())
    if missing:
        raise RequestError(
            f"column `{column}` has no cell in {missing:,} rows: they belong to no cluster.",
            hint="fill them in, or fit the other rows alone",
        )
    return np.unique(codes, return_inverse=True)[1].astype(np.int64)
