"""A column: its kind, its numbers, its texts and its gaps."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from workbench.errors import BindingError
from workbench.tables.table import Table

Kind = Literal["number", "yes or no", "text", "categories", "date", "time", "nothing", "nested"]


def classify_column(table: Table, column: str) -> Kind:
    """Return what a column holds."""
    found = table.cells.column(column).type
    is_number = pa.types.is_integer(found) or pa.types.is_floating(found) or pa.types.is_decimal(found)
    kinds: tuple[tuple[bool, Kind], ...] = (
        (is_number, "number"),
        (pa.types.is_boolean(found), "yes or no"),
        (pa.types.is_dictionary(found), "categories"),
        (pa.types.is_date(found) or pa.types.is_timestamp(found), "date"),
        (pa.types.is_time(found) or pa.types.is_duration(found), "time"),
        (pa.types.is_null(found), "nothing"),
        (pa.types.is_nested(found), "nested"),
    )
    return next((name for is_so, name in kinds if is_so), "text")


def is_numeric(table: Table, column: str) -> bool:
    """Return whether every cell of a column that is not missing is a number, or yes or no."""
    return classify_column(table, column) in ("number", "yes or no")


def find_missing(table: Table, column: str) -> np.ndarray:
    """Return which cells of a column are missing, `(rows,)`; a NaN is missing too."""
    cells = table.cells.column(column)
    if not cells.null_count and not pa.types.is_floating(cells.type):
        return np.zeros(table.rows, dtype=bool)
    return np.asarray(pc.is_null(cells, nan_is_null=True))


def to_numbers(table: Table, column: str) -> np.ndarray:
    """Return a column as numbers, `(rows,)`: integers where it holds integers, yes and no as 1 and 0.

    Raises
    ------
    BindingError
        A cell is missing, infinite or not a number: its row and column. Row 1 is the first below the header.
    """
    match classify_column(table, column):
        case "date" | "time" as found:
            raise _dated(table, column, found)
        case "nested" | "nothing" as found:
            raise _without_numbers(table, column, found)
        case "number" | "yes or no":
            numbers = _plain(table.cells.column(column))
        case _:
            cells = pd.Series(to_texts(table, column).to_pylist(), dtype=object)
            numbers = pd.to_numeric(cells, errors="coerce").to_numpy(float)
    is_bad = ~np.isfinite(numbers) if numbers.dtype.kind == "f" else np.zeros(0, dtype=bool)
    if is_bad.any():
        raise describe_bad_cells(table, column, is_bad)
    return numbers


def _plain(cells: pa.ChunkedArray) -> np.ndarray:
    """Return numbers as numpy holds them, without a copy where Arrow's memory allows it."""
    if pa.types.is_decimal(cells.type) or cells.null_count:
        cells = cells.cast(pa.float64())
    elif pa.types.is_boolean(cells.type) or (pa.types.is_integer(cells.type) and cells.type != pa.uint64()):
        cells = cells.cast(pa.int64())
    elif cells.type != pa.uint64():
        cells = cells.cast(pa.float64())
    if cells.num_chunks == 1:
        return np.asarray(cells.chunk(0).to_numpy(zero_copy_only=False))
    return np.asarray(cells.to_numpy())


def to_texts(table: Table, column: str) -> pa.ChunkedArray:
    """Return the cells of a column as texts, `(rows,)`, null where one is missing."""
    cells = table.cells.column(column)
    if pa.types.is_dictionary(cells.type):
        cells = cells.cast(cells.type.value_type)
    if pa.types.is_floating(cells.type):
        whole = pc.cast(cells, pa.int64(), safe=False)
        cells = whole if pc.all(pc.equal(pc.cast(whole, cells.type), cells)).as_py() is not False else cells
    if pa.types.is_boolean(cells.type):
        cells = pc.if_else(cells, "yes", "no")
    return cells.cast(pa.string())


def describe_bad_cells(table: Table, column: str, bad: np.ndarray) -> BindingError:
    """Return the words for cells that are no numbers, given which of `(rows,)` they are."""
    rows = np.flatnonzero(bad)
    cell = table.cells.column(column)[int(rows[0])].as_py()
    is_missing = cell is None or cell != cell
    found = "an empty cell" if is_missing else f"`{cell}`"
    gaps = find_missing(table, column)
    others = [str(table.row_number(int(row))) for row in rows[1:6]]
    ending = ", ..." if rows.size > 6 else ""
    more = f" ({rows.size - 1} more such cells below: row {', '.join(others)}{ending})" if others else ""
    hint = "mend or remove the row (row 1 is the first below the header)"
    if bool(gaps[rows].all()):
        hint = (
            "mend the cells, or leave such rows out with --missing drop (row 1 is the first below the header)"
        )
    return BindingError(
        f"column `{column}` of `{table.path.name}` has {found} at row {table.row_number(int(rows[0]))}, "
        f"where a number was expected{more}.",
        hint=hint,
    )


def _dated(table: Table, column: str, found: str) -> BindingError:
    what = "dates" if found == "date" else "times"
    message = (
        f"column `{column}` of `{table.path.name}` holds {what} "
        f"(`{table.cells.column(column)[0].as_py()}` at row {table.row_number(0)}), where numbers were "
        "expected."
    )
    hint = f"say how to count them: --column NAME={column}:days, or weeks, years, month, weekday"
    return BindingError(message, hint=hint)


def _without_numbers(table: Table, column: str, found: str) -> BindingError:
    what = "no cell that is not missing" if found == "nothing" else "lists or records"
    return BindingError(
        f"column `{column}` of `{table.path.name}` holds {what}, where numbers were expected.",
        hint="give one number for each row",
    )
