"""A column: what it holds, its numbers, its texts and its missing cells."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np

from workbench.errors import BindingError
from workbench.late_imports import LateModule
from workbench.tables.arrow_arrays import as_array, as_numpy, as_text
from workbench.tables.missing_words import describe_words
from workbench.tables.table import Table

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc
else:
    pa = LateModule("pyarrow")
    pc = LateModule("pyarrow.compute")
    pd = LateModule("pandas")

ColumnKind = Literal[
    "number", "yes or no", "text", "categories", "date", "time", "nothing", "nested", "bytes"
]

_MOST_ROWS = 6
"""How many of the bad rows a message names."""

_MOST_CHARACTERS = 200
"""How much of a cell a message shows."""


def classify_column(table: Table, column: str) -> ColumnKind:
    """Return what a column holds."""
    arrow_type = table.cells.column(column).type
    is_number = (
        pa.types.is_integer(arrow_type) or pa.types.is_floating(arrow_type) or pa.types.is_decimal(arrow_type)
    )
    kinds: tuple[tuple[bool, ColumnKind], ...] = (
        (is_number, "number"),
        (pa.types.is_boolean(arrow_type), "yes or no"),
        (pa.types.is_dictionary(arrow_type), "categories"),
        (pa.types.is_date(arrow_type) or pa.types.is_timestamp(arrow_type), "date"),
        (pa.types.is_time(arrow_type) or pa.types.is_duration(arrow_type), "time"),
        (pa.types.is_null(arrow_type), "nothing"),
        (pa.types.is_nested(arrow_type), "nested"),
        (_is_binary(arrow_type), "bytes"),
    )
    return next((kind for is_kind, kind in kinds if is_kind), "text")


def _is_binary(arrow_type: pa.DataType) -> bool:
    binary = (
        pa.types.is_binary,
        pa.types.is_large_binary,
        pa.types.is_fixed_size_binary,
        pa.types.is_binary_view,
    )
    return any(is_one(arrow_type) for is_one in binary)


def is_numeric(table: Table, column: str) -> bool:
    """Return whether every cell of a column that is not missing is a number, or yes or no."""
    return classify_column(table, column) in ("number", "yes or no")


def find_missing(table: Table, column: str) -> np.ndarray:
    """Return which cells of a column are missing, `(rows,)`; NaN counts as missing."""
    cells = table.cells.column(column)
    if not cells.null_count and not pa.types.is_floating(cells.type):
        return np.zeros(table.rows, dtype=bool)
    return as_numpy(pc.is_null(cells, nan_is_null=True))


def to_numbers(table: Table, column: str) -> np.ndarray:
    """Return a column as numbers, `(rows,)`: integers where it holds integers, yes and no as 1 and 0.

    Raises
    ------
    BindingError
        A cell is missing, infinite or not a number: its row and column. Row 1 is the first below the header.
    """
    match classify_column(table, column):
        case "date" | "time" as kind:
            raise _describe_dates(table, column, kind)
        case "nested" | "nothing" | "bytes" as kind:
            raise _describe_no_numbers(table, column, kind)
        case "number" | "yes or no":
            numbers = _to_numpy(table.cells.column(column))
        case _:
            cells = pd.Series(to_texts(table, column).to_pylist(), dtype=object)
            numbers = pd.to_numeric(cells, errors="coerce").to_numpy(float)
    is_bad = ~np.isfinite(numbers) if numbers.dtype.kind == "f" else np.zeros(0, dtype=bool)
    if is_bad.any():
        raise describe_bad_cells(table, column, is_bad, "a number")
    return numbers


def _to_numpy(cells: pa.ChunkedArray) -> np.ndarray:
    """Return numbers as NumPy holds them, without a copy where Arrow's memory allows it."""
    if pa.types.is_decimal(cells.type) or cells.null_count:
        cells = cells.cast(pa.float64())
    elif pa.types.is_boolean(cells.type) or (pa.types.is_integer(cells.type) and cells.type != pa.uint64()):
        cells = cells.cast(pa.int64())
    elif cells.type != pa.uint64():
        cells = cells.cast(pa.float64())
    return as_numpy(cells if not cells.null_count else pc.fill_null(cells, as_array(np.array([np.nan]))[0]))


def to_texts(table: Table, column: str) -> pa.ChunkedArray:
    """Return the cells of a column as texts, `(rows,)`, null where a cell is missing."""
    cells = table.cells.column(column)
    if pa.types.is_dictionary(cells.type):
        cells = cells.cast(cells.type.value_type)
    if pa.types.is_floating(cells.type):
        whole = pc.cast(cells, pa.int64(), safe=False)
        again = pc.cast(whole, cells.type, safe=False)  # of what is too large, another number
        cells = whole if pc.all(pc.equal(again, cells)).as_py() is not False else cells
    if pa.types.is_boolean(cells.type):
        cells = pc.if_else(cells, as_text("yes"), as_text("no"))
    return cells.cast(pa.string())


def describe_bad_cells(table: Table, column: str, is_bad: np.ndarray, expected: str = "") -> BindingError:
    """Return the error for cells that cannot be used: the first, and the rows of the others.

    Parameters
    ----------
    table, column
        Where the cells are.
    is_bad
        `(rows,)`: which of the cells.
    expected
        What was expected instead, with its article.
    """
    rows = np.flatnonzero(is_bad)
    is_missing = bool(find_missing(table, column)[rows[0]])
    words = table.missing_words.get(column, {})
    cell = _format_cell(table, column, int(rows[0]))
    too_large = " (infinite, or larger than any number of a computer)" if cell in ("inf", "-inf") else ""
    content = _describe_missing_cell(words) if is_missing else f"`{cell}`"
    numbers = [str(table.row_number(int(row))) for row in rows[:_MOST_ROWS]]
    message = f"column `{column}` of `{table.path.name}` has {content} at row {numbers[0]}{too_large}"
    if len(rows) > 1:
        listed = ", ".join(numbers[1:] + ["..."] * (len(rows) > _MOST_ROWS))
        message += f" (and {len(rows) - 1} more: row{'s' if len(rows) > 2 else ''} {listed})"
    message += f", where {expected} was expected." if expected else "."
    if is_missing and len(words) > 1:
        message += f" Of its missing cells, {describe_words(words)}."
    remedy = "correct or remove the row"
    if bool(find_missing(table, column)[rows].all()):
        remedy = "fill in the cells, or leave such rows out with --missing drop"
    elif len(rows) == table.rows:
        remedy = "no row has what was expected: convert the column, or give another one"
    return BindingError(message, hint=f"{remedy} (row 1 is the first below the header)")


def _format_cell(table: Table, column: str, row: int) -> str:
    """Return a cell as a message shows it; Arrow has dates that Python does not."""
    cell = table.cells.column(column)[row]
    try:
        text = str(cell.as_py())
    except (ValueError, OverflowError):
        text = f"{getattr(cell, 'value', '?')} ({cell.type})"
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}..."


def _describe_missing_cell(words: Mapping[str, int]) -> str:
    """Return what is in a missing cell, as far as the words of its column tell."""
    if not any(words):
        return "an empty cell"
    return f"a missing cell (`{next(iter(words))}`)" if len(words) == 1 else "a missing cell"


def _describe_dates(table: Table, column: str, kind: str) -> BindingError:
    message = (
        f"column `{column}` of `{table.path.name}` holds {kind}s "
        f"(`{_format_cell(table, column, 0)}` at row {table.row_number(0)}), where numbers were "
        "expected."
    )
    request = shlex.quote(f"{column}:days")
    hint = f"say how to count them: --column NAME={request}, or weeks, years, month, weekday"
    return BindingError(message, hint=hint)


def _describe_no_numbers(table: Table, column: str, kind: str) -> BindingError:
    contents = {
        "nothing": "only missing cells",
        "nested": "lists or records",
        "bytes": "bytes that are no text",
    }
    return BindingError(
        f"column `{column}` of `{table.path.name}` holds {contents[kind]}, where numbers were expected.",
        hint="give one number for each row",
    )
