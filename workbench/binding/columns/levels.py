"""Texts, categories and group numbers made codes, their levels kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from workbench import tables
from workbench.binding.context import Question
from workbench.binding.phrases import listed
from workbench.errors import BindingError
from workbench.tables import Table

_DIGITS = re.compile(r"([0-9]+)")
_MOST_SHOWN = 6
MEND = "mend the cells, or leave such rows out with --missing drop (row 1 is the first below the header)"

MOST_GAPS = 2
"""Integers stay the group numbers they are while the largest is at most this many times their count."""


@dataclass(frozen=True)
class Coded:
    """Columns as codes that share their levels.

    Attributes
    ----------
    codes
        By column: `(rows,)`, from `start`.
    levels
        What the codes stand for; empty where integers stay as they are.
    count
        How many codes there are.
    start
        The code of the first level.
    """

    codes: dict[str, np.ndarray]
    levels: tuple[str, ...]
    count: int
    start: int = 1

    @property
    def remark(self) -> str:
        """The levels with their codes, the first few of them."""
        pairs = [f"{level} = {code}" for code, level in enumerate(self.levels[:_MOST_SHOWN], self.start)]
        more = f" and {len(self.levels) - _MOST_SHOWN} more" if len(self.levels) > _MOST_SHOWN else ""
        return f"{', '.join(pairs)}{more}." if pairs else ""


def natural_order(levels: Sequence[str]) -> tuple[str, ...]:
    """Return texts sorted, numbers inside them by value.

    >>> natural_order(["b", "a10", "a9"])
    ('a9', 'a10', 'b')
    """

    def key(level: str) -> list[tuple[int, int, str]]:
        parts = _DIGITS.split(level)
        return [(0, int(part), "") if _DIGITS.fullmatch(part) else (1, 0, part) for part in parts if part]

    return tuple(sorted(levels, key=lambda level: (key(level), level)))


def holds_levels(table: Table, column: str) -> bool:
    """Return whether a column holds texts or categories."""
    return tables.classify_column(table, column) in ("text", "categories")


def levels_of(table: Table, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the levels that occur in columns: in the categories' own order, else sorted.

    Raises
    ------
    BindingError
        A text column is mostly numbers, so that a text in it is rather a slip.
    """
    orders = [_own_order(table, column) for column in columns]
    if len({order for order, _ in orders}) == 1 and orders[0][0]:
        present = {level for _, found in orders for level in found}
        return tuple(level for level in orders[0][0] if level in present)
    for column in columns:
        check_no_slip(table, column)
    return natural_order(list({level for _, found in orders for level in found}))


def _own_order(table: Table, column: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the order of a column's categories, if it has one, and the levels that occur."""
    cells = table.cells.column(column)
    if tables.classify_column(table, column) != "categories":
        return (), tuple(dict.fromkeys(_texts(pc.unique(cells.drop_null()))))
    whole = cells.combine_chunks()
    whole = whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole
    order = _texts(whole.dictionary)
    return order, tuple(order[i] for i in pc.unique(whole.indices.drop_null()).to_pylist())


def _texts(values: pa.Array) -> tuple[str, ...]:
    if pa.types.is_boolean(values.type):
        return tuple("yes" if one else "no" for one in values.to_pylist())
    return tuple(str(one) for one in values.to_pylist())


def check_no_slip(table: Table, column: str) -> None:
    """Refuse a text column most of whose different texts are numbers: the others are rather slips.

    Raises
    ------
    BindingError
        At least half of the texts read as numbers.
    """
    if tables.classify_column(table, column) != "text":
        return
    found = pd.Series(_texts(pc.unique(table.cells.column(column).drop_null())), dtype=object)
    if 2 * pd.to_numeric(found, errors="coerce").notna().sum() >= len(found) > 0:
        tables.to_numbers(table, column)


def code(table: Table, columns: Sequence[str], levels: tuple[str, ...], start: int = 1) -> Coded:
    """Return columns as positions among levels.

    Raises
    ------
    BindingError
        A cell is missing, or is none of the levels: its row.
    """
    codes = {column: _codes(table, column, levels) + start for column in dict.fromkeys(columns)}
    return Coded(codes, levels, len(levels), start)


def _codes(table: Table, column: str, levels: tuple[str, ...]) -> np.ndarray:
    gaps = tables.find_missing(table, column)
    if gaps.any():
        raise missing_cells(table, column, gaps)
    texts = tables.to_texts(table, column)
    found = np.asarray(pc.fill_null(pc.index_in(texts, value_set=pa.array(levels, pa.string())), -1))
    strange = np.flatnonzero(found < 0)
    if strange.size:
        new = dict.fromkeys(texts[int(row)].as_py() for row in strange[:1000])
        raise BindingError(
            f"column `{column}` of `{table.path.name}` has {listed(new, 6)}, first at row "
            f"{table.row_number(int(strange[0]))}, which the fit has not seen; its levels are "
            f"{listed(levels)}.",
            hint="leave such rows out, or fit anew with them",
        )
    return found.astype(np.int64)


def missing_cells(table: Table, column: str, gaps: np.ndarray) -> BindingError:
    """Return the words for missing cells, given which of `(rows,)` they are."""
    rows = [table.row_number(int(row)) for row in np.flatnonzero(gaps)[:6]]
    others = f" ({int(gaps.sum()) - 1} more such cells below: row {', '.join(map(str, rows[1:]))}"
    more = f"{others}{', ...' if gaps.sum() > 6 else ''})" if gaps.sum() > 1 else ""
    return BindingError(
        f"column `{column}` of `{table.path.name}` has an empty cell at row {rows[0]}{more}.",
        hint=MEND,
    )


def code_groups(
    question: Question, columns: Sequence[str], stored: Sequence[str], count: int | None, is_size: bool
) -> Coded:
    """Return columns as group numbers that share their levels.

    Parameters
    ----------
    question
        Where the columns are.
    columns
        Columns of the arrays with the same number of groups.
    stored
        Levels of an earlier binding, which are then the levels.
    count
        The number of groups where it was given; integers are then taken as they are.
    is_size
        Whether something has an element for each group.

    Raises
    ------
    BindingError
        A cell is missing or no integer, or a text is rather a slip.
    """
    table = question.table
    if stored:
        return code(table, columns, tuple(stored))
    if any(not tables.is_numeric(table, column) or _is_yes_or_no(table, column) for column in columns):
        return code(table, columns, _levels_of_any(table, columns))
    numbers = {column: whole_numbers(table, column) for column in dict.fromkeys(columns)}
    if any(one.dtype.kind == "f" for one in numbers.values()):
        return Coded(numbers, (), count or 0)  # the check of the values names the cell
    different = np.unique(np.concatenate([_different(one) for one in numbers.values()]))
    largest = int(different[-1])
    stays = different[0] >= 1 and (largest <= MOST_GAPS * len(different) or not is_size)
    if count is not None or stays:
        return Coded(numbers, (), count if count is not None else largest)
    return code(table, columns, tuple(str(one) for one in different))


def _different(numbers: np.ndarray) -> np.ndarray:
    """Return the different integers of an array, by counting where they lie close together."""
    low, high = int(numbers.min()), int(numbers.max())
    if high - low > len(numbers):
        return np.unique(numbers)
    return np.flatnonzero(np.bincount(numbers - low)) + low


def _is_yes_or_no(table: Table, column: str) -> bool:
    return tables.classify_column(table, column) == "yes or no"


def _levels_of_any(table: Table, columns: Sequence[str]) -> tuple[str, ...]:
    """Return levels where some columns may hold yes and no, or numbers beside texts."""
    for column in columns:
        if tables.classify_column(table, column) in ("date", "time", "nested", "nothing"):
            tables.to_numbers(table, column)
    return levels_of(table, columns)


def whole_numbers(table: Table, column: str) -> np.ndarray:
    """Return a column as integers where all its numbers are whole, else as it is, for the checks to see."""
    numbers = tables.to_numbers(table, column)
    if numbers.dtype.kind in "iu" or bool((numbers != np.round(numbers)).any()):
        return numbers
    return numbers.astype(np.int64) if np.abs(numbers).max() < 2.0**63 else numbers
