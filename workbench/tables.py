"""Tables read from files: columns by name, cells as they stand."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from workbench.errors import BindingError
from workbench.provenance import hash_file

_MISSING = frozenset({"", "NA", "NaN", "nan", "N/A", "null", "NULL", "."})


@dataclass(frozen=True)
class Table:
    """A table with a header.

    Attributes
    ----------
    path
        The file it came from.
    sha256
        Hash of the file's bytes.
    frame
        The cells. Numeric columns have a numeric type; a column with a cell that is not a number holds text.
    """

    path: Path
    sha256: str
    frame: pd.DataFrame

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in the file's order."""
        return tuple(self.frame.columns)

    @property
    def rows(self) -> int:
        """The number of rows, the header not counted."""
        return len(self.frame)


def read(path: Path) -> Table:
    """Read a CSV file whose first line names the columns.

    Raises
    ------
    BindingError
        The file is missing, empty, not UTF-8, has lines of unequal length, or names a column twice.
    """
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise BindingError(f"a table was expected at `{path}`, but it {what}.", hint="check the path")
    _check_header(path)
    try:
        frame = pd.read_csv(
            path, encoding="utf-8-sig", keep_default_na=False, na_values=sorted(_MISSING), index_col=False
        )
    except pd.errors.ParserError as reason:
        raise BindingError(f"`{path}` is not a readable CSV file: {str(reason).strip()}.") from reason
    if frame.empty:
        raise BindingError(f"`{path}` has a header but no rows; at least one row was expected.")
    return Table(path, hash_file(path), frame)


def _check_header(path: Path) -> None:
    """Refuse what pandas would mend in silence: a missing header or a name given twice."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            header = next(csv.reader(stream), [])
    except UnicodeDecodeError as reason:
        message = f"`{path}` is not UTF-8 text: byte {reason.start} cannot be read."
        raise BindingError(message, hint="save the table as CSV in UTF-8") from reason
    if not header:
        raise BindingError(f"`{path}` is empty; a header line with column names was expected.")
    twice = [name for name, count in Counter(header).items() if count > 1]
    if twice:
        raise BindingError(
            f"`{path}` names the column `{twice[0]}` more than once.", hint="rename one of them"
        )


def numeric_column(table: Table, column: str) -> np.ndarray:
    """Return a column as floats, `(rows,)`.

    Raises
    ------
    BindingError
        A cell is missing, infinite or not a number: its row and column. Row 1 is the first below the header.
    """
    cells = table.frame[column]
    numbers = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=float)
    bad = np.flatnonzero(~np.isfinite(numbers))
    if bad.size:
        raise _bad_cells(table, column, bad)
    return numbers


def _bad_cells(table: Table, column: str, bad: np.ndarray) -> BindingError:
    cell = table.frame[column].iloc[bad[0]]
    found = "an empty cell" if pd.isna(cell) else f"`{cell}`"
    more = f" ({bad.size - 1} more such cells below)" if bad.size > 1 else ""
    return BindingError(
        f"column `{column}` of `{table.path.name}` has {found} at row {bad[0] + 1}, "
        f"where a number was expected{more}.",
        hint="mend or remove the row (row 1 is the first below the header)",
    )


def is_numeric(table: Table, column: str) -> bool:
    """Return whether every cell of a column that is not missing is a number."""
    return bool(pd.api.types.is_numeric_dtype(table.frame[column]))
