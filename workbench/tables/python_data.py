"""Tables handed over from Python: a DataFrame, a dict of columns, or a dict of Stan's data."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.errors import BindingError
from workbench.late_imports import LateModule
from workbench.provenance import hash_text
from workbench.tables.columnar import check_cells
from workbench.tables.stan_json import parse_stan_values
from workbench.tables.table import Table, check_unique_names
from workbench.tables.text_columns import read_texts

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
else:
    pa = LateModule("pyarrow")
    pd = LateModule("pandas")

_NAME = "data"
"""What a table from Python is called in messages, where a file would have a name."""


def from_frame(frame: pd.DataFrame) -> Table:
    """Return a DataFrame as a table; a named index becomes a column.

    Raises
    ------
    BindingError
        A column holds cells of different types, there are no rows, or a name occurs twice.

    >>> from_frame(pd.DataFrame({"y": [1.5, 2.5]})).columns
    ('y',)
    """
    if any(label is not None for label in frame.index.names):
        index = [str(label) for label in frame.index.names if label is not None]
        check_unique_names(_NAME, [*index, *(str(label) for label in frame.columns)])
        frame = frame.reset_index()
    names = [str(label) for label in frame.columns]
    check_unique_names(_NAME, names)
    for name in names:
        _check_name(name)
    columns = {str(label): _convert_column(str(label), frame[label]) for label in frame.columns}
    cells, remarks = check_cells(_NAME, pa.table(columns))
    reading = read_texts(cells, is_typed=True)
    return Table(
        Path(_NAME),
        _hash_cells(cells),
        reading.cells,
        remarks,
        missing_words=reading.missing_words,
        formats=reading.formats,
    )


def _check_name(name: str) -> None:
    """Refuse the name of a column that is not text.

    Raises
    ------
    BindingError
        It holds half of a character.
    """
    try:
        name.encode("utf-8")
    except UnicodeEncodeError as reason:
        message = f"`{_NAME}` has a column called `{name}`, which is not text."
        raise BindingError(message, hint="rename it") from reason


def _convert_column(label: str, column: pd.Series[Any]) -> pa.Array:
    try:
        return pa.Array.from_pandas(column)
    except OverflowError as reason:
        message = f"column `{label}` of `{_NAME}` has an integer of more than 64 bits."
        raise BindingError(message, hint="use floating-point numbers") from reason
    except (pa.ArrowException, UnicodeError) as reason:
        message = (
            f"column `{label}` of `{_NAME}` has cells of different types: {str(reason).splitlines()[0]}."
        )
        raise BindingError(message, hint="give all cells of a column the same type") from reason


def from_mapping(content: Mapping[str, Any]) -> Table:
    """Return a dict as a table, or as Stan's data.

    A dict whose values are all one-dimensional and equally long is a table. Any other is Stan's data, which
    are used as they are.

    >>> from_mapping({"y": [1.5, 2.5], "x": ["a", "b"]}).columns
    ('y', 'x')
    >>> from_mapping({"N": 2, "y": [1.5, 2.5]}).values
    {'N': 2, 'y': [1.5, 2.5]}
    """
    lengths = {_find_length(value) for value in content.values()}
    if len(lengths) == 1 and lengths != {None}:
        columns = {name: list(v) if isinstance(v, tuple) else v for name, v in content.items()}
        try:
            frame = pd.DataFrame(columns)
        except (TypeError, ValueError) as reason:
            message = f"`{_NAME}` cannot be made a table: {reason}."
            raise BindingError(message, hint="give each column as a list, an array or a series") from reason
        return from_frame(frame)
    try:
        values = parse_stan_values(_NAME, {name: _to_lists(value) for name, value in content.items()})
    except RecursionError as reason:
        raise BindingError(f"`{_NAME}` is nested too deeply.") from reason
    return Table(Path(_NAME), hash_text(repr(sorted(values.items()))), pa.table({}), values=values)


def from_rows(name: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return rows that hold numbers, texts or nothing as a table; a cell that a row lacks is missing.

    Parameters
    ----------
    name
        What the table is called in messages.
    rows
        A mapping of cells by column for each row.

    Raises
    ------
    BindingError
        A cell is something else, or a column holds cells of different types.

    >>> from_rows("rows", [{"x": 1.5, "town": "Bath"}, {"x": 2}]).cells.to_pydict()
    {'x': [1.5, 2.0], 'town': ['Bath', None]}
    """
    names = list(dict.fromkeys(column for row in rows for column in row))
    columns = {column: _convert_cells(name, column, [row.get(column) for row in rows]) for column in names}
    for column in names:
        _check_name(column)
    cells, remarks = check_cells(name, pa.table(columns))
    reading = read_texts(cells, is_typed=True)
    return Table(
        Path(name),
        _hash_cells(cells),
        reading.cells,
        remarks,
        missing_words=reading.missing_words,
        formats=reading.formats,
    )


def _convert_cells(name: str, column: str, cells: Sequence[Any]) -> pa.Array:
    """Return the cells of a column.

    Raises
    ------
    BindingError
        The message names the column, and the first row that is to blame.
    """
    for row, cell in enumerate(cells, 1):
        if not isinstance(cell, (str, int, float, NoneType)):
            kind = "a list" if isinstance(cell, (list, tuple)) else "an object"
            message = f"column `{column}` of `{name}` holds {kind} at row {row}."
            raise BindingError(message, hint="a cell is a number, a text, true or false, or null")
    kinds = {_find_kind(cell) for cell in cells if cell is not None}
    if len(kinds) > 1:
        first = next(_find_kind(cell) for cell in cells if cell is not None)
        row = next(row for row, cell in enumerate(cells, 1) if cell is not None and _find_kind(cell) != first)
        message = (
            f"column `{column}` of `{name}` has cells of different types: {first} before row {row}, "
            f"{_find_kind(cells[row - 1])} there."
        )
        raise BindingError(message, hint="give all cells of a column the same type")
    try:
        if "a number" in kinds and any(isinstance(cell, float) for cell in cells):
            return pa.array([None if cell is None else float(cell) for cell in cells], pa.float64())
        return pa.array(cells)
    except (OverflowError, pa.ArrowException) as reason:
        message = f"column `{column}` of `{name}` has an integer of more than 64 bits."
        raise BindingError(message, hint="use floating-point numbers") from reason
    except UnicodeError as reason:
        raise BindingError(f"column `{column}` of `{name}` has a cell that is not text.") from reason


def _find_kind(cell: Any) -> str:
    return "a text" if isinstance(cell, str) else "true or false" if isinstance(cell, bool) else "a number"


@cache
def no_data() -> Table:
    """Return what a program without data is fitted to: one and the same table without columns."""
    return Table(Path("no data"), hash_text("{}"), pa.table({}), values={})


def _find_length(value: Any) -> int | None:
    """Return the length of a one-dimensional value; `None` for any other."""
    if isinstance(value, (str, bytes, Mapping)) or not hasattr(value, "__len__"):
        return None
    is_nested = getattr(value, "ndim", 1) != 1 or (
        isinstance(value, (list, tuple))
        and any(isinstance(element, (list, tuple, np.ndarray)) for element in value)
    )
    return None if is_nested else len(value)


def _to_lists(value: Any) -> Any:
    """Return arrays, series and NumPy's numbers as Python's own lists and numbers."""
    if isinstance(value, (np.ndarray, np.generic, pd.Series, pd.DataFrame)):
        return np.asarray(value).tolist()
    if isinstance(value, Mapping):
        return {str(name): _to_lists(member) for name, member in value.items()}
    return [_to_lists(element) for element in value] if isinstance(value, (list, tuple)) else value


class _HashStream:
    """A file for writing that keeps only the hash of its bytes."""

    closed = False

    def __init__(self) -> None:
        self.digest = hashlib.sha256()

    def write(self, content: Any) -> int:
        self.digest.update(content)
        return len(content)

    def flush(self) -> None:
        """Do nothing: there is no file."""

    def close(self) -> None:
        """Do nothing: there is no file."""


def _hash_cells(cells: pa.Table) -> str:
    """Return the hash of cells, from Arrow's own form of them, batch by batch."""
    sink = _HashStream()
    with pa.PythonFile(sink, mode="w") as stream, pa.ipc.new_stream(stream, cells.schema) as writer:
        writer.write_table(cells)
    return sink.digest.hexdigest()
