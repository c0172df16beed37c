"""CSV that people open in spreadsheets and terminals: neither obeys what a label holds."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from workbench.errors import neutralise

if TYPE_CHECKING:
    import pandas as pd

_FORMULA = re.compile(r"[=+\-@\t\r\n|%]")
"""How a cell begins that a spreadsheet may take for a formula or a command.

OWASP, CSV Injection: https://owasp.org/www-community/attacks/CSV_Injection.
"""

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
"""A number, which is harmless whatever its sign."""


class CsvWriter:
    """Writes rows of a table as CSV whose texts are safe to look at.

    An apostrophe stands before texts that spreadsheets would run, and control characters other than tabs and
    line ends are replaced by their code points.

    Parameters
    ----------
    stream
        Where to write, opened with `newline=""`.
    columns
        The names of the columns.
    is_verbatim
        Whether texts are written as they are, for programs that look them up.

    Attributes
    ----------
    formulas
        How many cells got an apostrophe so far.
    """

    def __init__(self, stream: TextIO, columns: Sequence[str], *, is_verbatim: bool = False) -> None:
        self.formulas = 0
        self._is_verbatim = is_verbatim
        self._plain = csv.writer(stream, lineterminator="\n")
        self._quoting = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
        self._write(list(columns))

    def write(self, cells: Iterable[object]) -> None:
        """Append a row; missing values are empty, whatever stands for them."""
        row = [_clean(cell) for cell in cells]
        if not self._is_verbatim:
            self.formulas += sum(map(_is_formula, row))
            row = [_defuse_cell(cell) if isinstance(cell, str) else cell for cell in row]
        self._write(row)

    def _write(self, row: list[Any]) -> None:
        # csv does not see that a carriage return alone ends a line in a spreadsheet
        writer = self._quoting if any(map(_has_return, row)) else self._plain
        writer.writerow(row)


def format_csv(frame: pd.DataFrame, *, is_verbatim: bool = False) -> str:
    """Return a table as CSV, as `CsvWriter` writes it.

    Parameters
    ----------
    frame
        The table; its numbers are written as they are.
    is_verbatim
        Whether texts are written as they are too.

    >>> import pandas as pd
    >>> format_csv(pd.DataFrame({"label": ["=1+1", "-2.5", "a"], "mean": [-1.0, 2.0, 3.0]})).split()
    ['label,mean', "'=1+1,-1.0", '-2.5,2.0', 'a,3.0']
    """
    stream = io.StringIO(newline="")
    writer = CsvWriter(stream, [str(name) for name in frame.columns], is_verbatim=is_verbatim)
    for row in zip(*(frame[name].tolist() for name in frame.columns), strict=True):
        writer.write(row)
    return stream.getvalue()


def _clean(cell: object) -> object:
    """Return a cell as it is written: nothing where it is missing, which is then not equal to itself."""
    if cell is None or isinstance(cell, str):
        return cell
    return cell if (cell == cell) is True else None


def _defuse_cell(cell: str) -> str:
    cell = neutralise(cell, "\t\r\n")
    return f"'{cell}" if _is_formula(cell) else cell


def _has_return(cell: object) -> bool:
    return isinstance(cell, str) and "\r" in cell


def _is_formula(cell: object) -> bool:
    return isinstance(cell, str) and bool(_FORMULA.match(cell)) and not _NUMBER.fullmatch(cell)
