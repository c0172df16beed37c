"""CSV that people open in spreadsheets and terminals: neither obeys what a label holds."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING, Any

from workbench.errors import neutralise

if TYPE_CHECKING:
    import pandas as pd

_FORMULA = re.compile(r"[=+\-@\t\r\n|%]")
"""How a cell begins that a spreadsheet may take for a formula or a command.

OWASP, CSV Injection: https://owasp.org/www-community/attacks/CSV_Injection.
"""

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
"""A number, which is harmless whatever its sign."""


def format_csv(frame: pd.DataFrame, *, is_verbatim: bool = False) -> str:
    """Return a table as CSV whose texts are safe to look at.

    An apostrophe stands before texts that spreadsheets would run, and control characters other than tabs and
    line ends are replaced by their code points.

    Parameters
    ----------
    frame
        The table; its numbers are written as they are.
    is_verbatim
        Whether texts are written as they are too, for programs that look them up.

    >>> import pandas as pd
    >>> format_csv(pd.DataFrame({"label": ["=1+1", "-2.5", "a"], "mean": [-1.0, 2.0, 3.0]})).split()
    ['label,mean', "'=1+1,-1.0", '-2.5,2.0', 'a,3.0']
    """
    frame = frame if is_verbatim else _defuse(frame)
    has_returns = any(frame[name].map(_has_return).any() for name in frame.columns)
    # csv does not see that a carriage return alone ends a line in a spreadsheet
    return frame.to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC if has_returns else csv.QUOTE_MINIMAL)


def count_formulas(frame: pd.DataFrame) -> int:
    """Return how many cells of a table would be taken for formulas."""
    return sum(int(frame[name].map(_is_formula).sum()) for name in frame.columns)


def _defuse(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.apply(_defuse_column)


def _defuse_column(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column with safe texts; whole numbers with gaps between them stay whole."""
    if not column.map(lambda cell: isinstance(cell, str)).any():
        return column
    return column.map(lambda cell: _defuse_cell(cell) if isinstance(cell, str) else cell)


def _defuse_cell(cell: str) -> str:
    cell = neutralise(cell, "\t\r\n")
    return f"'{cell}" if _is_formula(cell) else cell


def _has_return(cell: object) -> bool:
    return isinstance(cell, str) and "\r" in cell


def _is_formula(cell: object) -> bool:
    return isinstance(cell, str) and bool(_FORMULA.match(cell)) and not _NUMBER.fullmatch(cell)
