"""Tables handed over from Python: a DataFrame, a dict of columns, or Stan's data in a dict."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from workbench.errors import BindingError
from workbench.provenance import hash_text
from workbench.tables.columnar import check_cells
from workbench.tables.stan_json import stan_values
from workbench.tables.table import Table

NAME = "data"
"""What a table from Python is called where a file would have a name."""


def from_frame(frame: pd.DataFrame, name: str = NAME) -> Table:
    """Return a DataFrame as a table; a named index is a column too.

    Raises
    ------
    BindingError
        A column holds things of several kinds, there are no rows, or a name comes twice.

    >>> from_frame(pd.DataFrame({"y": [1.5, 2.5]})).columns
    ('y',)
    """
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise BindingError(
            f"`{name}` names the column `{twice[0]}` more than once.", hint="rename one of them"
        )
    if any(label is not None for label in frame.index.names):
        frame = frame.reset_index()
    columns = {str(label): _column(name, str(label), frame[label]) for label in frame.columns}
    cells, remarks = check_cells(name, pa.table(columns))
    return Table(Path(name), _hash(cells), cells, remarks)


def _column(name: str, label: str, column: pd.Series[Any]) -> pa.Array:
    try:
        return pa.Array.from_pandas(column)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as reason:
        message = f"column `{label}` of `{name}` holds cells of several kinds: {str(reason).splitlines()[0]}."
        raise BindingError(message, hint="give every cell of a column one type") from reason


def from_mapping(content: Mapping[str, Any], name: str = NAME) -> Table:
    """Return a dict as a table, or as Stan's own data.

    A dict whose values are all one-dimensional and equally long is a table; any other is Stan's data, used as
    it is.

    >>> from_mapping({"y": [1.5, 2.5], "x": ["a", "b"]}).columns
    ('y', 'x')
    >>> from_mapping({"N": 2, "y": [1.5, 2.5]}).values
    {'N': 2, 'y': [1.5, 2.5]}
    """
    lengths = {_length(value) for value in content.values()}
    if len(lengths) == 1 and lengths != {None}:
        return from_frame(
            pd.DataFrame({key: list(v) if isinstance(v, tuple) else v for key, v in content.items()})
        )
    values = stan_values(name, {key: _listed(value) for key, value in content.items()})
    return Table(Path(name), hash_text(repr(sorted(values.items()))), pa.table({}), values=values)


NO_DATA = Table(Path("no data"), hash_text("{}"), pa.table({}), values={})
"""What a program without data is fitted to."""


def _length(value: Any) -> int | None:
    """Return how long a one-dimensional value is; `None` for any other."""
    if isinstance(value, (str, bytes, Mapping)) or not hasattr(value, "__len__"):
        return None
    is_nested = getattr(value, "ndim", 1) != 1 or (
        isinstance(value, (list, tuple)) and any(isinstance(one, (list, tuple, np.ndarray)) for one in value)
    )
    return None if is_nested else len(value)


def _listed(value: Any) -> Any:
    """Return arrays, series and numpy's numbers as Python's own lists and numbers."""
    if isinstance(value, (np.ndarray, np.generic, pd.Series, pd.DataFrame)):
        return np.asarray(value).tolist()
    if isinstance(value, Mapping):
        return {str(key): _listed(one) for key, one in value.items()}
    return [_listed(one) for one in value] if isinstance(value, (list, tuple)) else value


class _Digest:
    """Takes bytes as a file would and keeps their hash alone."""

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


def _hash(cells: pa.Table) -> str:
    """Return the hash of cells, from Arrow's own form of them, batch by batch."""
    sink = _Digest()
    with pa.PythonFile(sink, mode="w") as stream, pa.ipc.new_stream(stream, cells.schema) as writer:
        writer.write_table(cells)
    return sink.digest.hexdigest()
