"""A table: the noun of this room."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.errors import BindingError
from workbench.late_imports import LateModule
from workbench.tables.arrow_arrays import as_array

if TYPE_CHECKING:
    import pyarrow as pa
else:
    pa = LateModule("pyarrow")


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
        Stan's data by name where the file is a Stan data file, so that there is nothing to bind; else `None`.
    row_numbers
        `(rows,)`: the number of each row in the file, counted from 1, where rows were left out.
    missing_words
        By column with missing cells: how often each word, such as `n/a`, stands for one in the file.
    formats
        By column whose numbers are written for people: what was removed from them, in words.
    """

    path: Path
    sha256: str
    cells: pa.Table
    remarks: tuple[str, ...] = ()
    values: Mapping[str, Any] | None = None
    row_numbers: np.ndarray | None = field(default=None, repr=False)
    missing_words: Mapping[str, Mapping[str, int]] = field(default_factory=dict, repr=False)
    formats: Mapping[str, str] = field(default_factory=dict, repr=False)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in the file's order."""
        return tuple(self.cells.column_names)

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(self.columns)

    def has_column(self, name: str) -> bool:
        """Return whether there is a column of that name, in a time that does not grow with their number."""
        return name in self._names

    @property
    def rows(self) -> int:
        """The number of rows without the header; of Stan's data, the longest first dimension."""
        if self.values is None:
            return int(self.cells.num_rows)
        return max(_find_lengths(self.values), default=1 if self.values else 0)

    def row_number(self, position: int) -> int:
        """Return the number of a row in the file, counted from 1 below the header."""
        return position + 1 if self.row_numbers is None else int(self.row_numbers[position])


def _find_lengths(values: Mapping[str, Any]) -> Iterator[int]:
    """Yield the first dimension of every array, including those in tuples."""
    for value in values.values():
        if isinstance(value, Mapping):
            yield from _find_lengths(value)
        elif isinstance(value, list):
            yield len(value)


def drop_rows(table: Table, is_dropped: np.ndarray) -> Table:
    """Return a table without some rows; the others keep the numbers they have in the file.

    Parameters
    ----------
    table
        The table.
    is_dropped
        `(rows,)`: whether a row is left out.
    """
    numbers = np.arange(1, table.rows + 1) if table.row_numbers is None else table.row_numbers
    is_kept = ~is_dropped
    return replace(table, cells=table.cells.filter(as_array(is_kept)), row_numbers=numbers[is_kept])


def check_unique_names(source: str, names: Sequence[str]) -> None:
    """Refuse a table in which two columns have the same name.

    Raises
    ------
    BindingError
        The first such name.
    """
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        message = f"`{source}` has more than one column called `{repeated[0]}`."
        raise BindingError(message, hint="rename one of them")
