"""Columns of numbers that identify rows or groups, and measure nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workbench.late_imports import LateModule
from workbench.tables import Table

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
else:
    pa = LateModule("pyarrow")
    pc = LateModule("pyarrow.compute")

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
"""A word of a name: `Passenger` and `Id` in `PassengerId`."""

_IDENTIFIERS = frozenset({"guid", "id", "identifier", "ids", "uuid"})
"""Words that say of a whole number that it identifies."""

_ROWS = frozenset(
    {
        "case",
        "entry",
        "idx",
        "index",
        "key",
        "no",
        "nr",
        "num",
        "number",
        "obs",
        "observation",
        "participant",
        "patient",
        "record",
        "respondent",
        "row",
        "rowid",
        "rownames",
        "rownum",
        "serial",
        "subject",
        "unnamed",
    }
)
"""Words of which the name of a column of row numbers may consist: `row`, `case no`, `Unnamed: 0`."""


def is_identifier(table: Table, column: str) -> bool:
    """Return whether a column holds whole numbers that only identify rows or groups.

    Its name says so: it has the word `id`, or consists of words for rows, and no number occurs twice.
    """
    words = {word.casefold() for word in _WORD.findall(column)}
    cells = table.cells.column(column)
    if not words or not _is_whole(cells):
        return False
    if words & _IDENTIFIERS:
        return True
    return words <= _ROWS and bool(pc.count_distinct(cells).as_py() == table.rows)


def _is_whole(cells: pa.ChunkedArray) -> bool:
    if pa.types.is_integer(cells.type):
        return True
    return pa.types.is_floating(cells.type) and bool(pc.all(pc.equal(cells, pc.floor(cells))).as_py())
