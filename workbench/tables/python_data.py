"""Tables handed over from Python: a DataFrame, a dict of columns, or a dict of Stan's data."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
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
