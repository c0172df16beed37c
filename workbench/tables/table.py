"""A table: the noun of this room."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa


@dataclass(frozen=True)
class Table:
    """A table with a header, or the values of a Stan data file.

    Attributes
    ----------
    path
        The file it came from; a bare name where it came from Python.
    sha256
        Hash of the file's bytes, or of the cells.
    cells
        The columns, in Arrow's memory. Numeric columns have a numeric type; a column with a cell that is not
        a number holds text.
    remarks
        What a reader of the file should know: a column without a name that was left out, a decimal comma.
    values
        Stan's data by name where the file is Stan's own and there is nothing to bind; else `None`.
    row_numbers
        `(rows,)`: the number of each row in the file, counted from 1, where rows were left out.
    """

    path: Path
    sha256: str
    cells: pa.Table
    remarks: tuple[str, ...] = ()
    values: Mapping[str, Any] | None = None
    row_numbers: np.ndarray | None = field(default=None, repr=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in the file's order."""
        return tuple(self.cells.column_names)

    @property
    def rows(self) -> int:
        """The number of rows, the header not counted; of Stan's own data the longest first dimension."""
        if self.values is None:
            return int(self.cells.num_rows)
        return max(_lengths(self.values), default=1 if self.values else 0)

    def row_number(self, position: int) -> int:
        """Return the number a row has in the file, counted from 1 below the header."""
        return position + 1 if self.row_numbers is None else int(self.row_numbers[position])


def _lengths(values: Mapping[str, Any]) -> Iterator[int]:
    """Yield the first dimension of every array, also of those in tuples."""
    for value in values.values():
        if isinstance(value, Mapping):
            yield from _lengths(value)
        elif isinstance(value, list):
            yield len(value)


def drop_rows(table: Table, rows: np.ndarray) -> Table:
    """Return a table without some rows; those that stay keep the numbers they have in the file.

    Parameters
    ----------
    table
        The table.
    rows
        `(rows,)`: true where a row is left out.
    """
    numbers = np.arange(1, table.rows + 1) if table.row_numbers is None else table.row_numbers
    return replace(table, cells=table.cells.filter(pa.array(~rows)), row_numbers=numbers[~rows])
