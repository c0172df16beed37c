"""Texts, categories and group numbers encoded as integers that share their levels."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workbench import tables
from workbench.binding.context import BindingContext
from workbench.binding.phrases import format_names, join_remarks
from workbench.errors import UnseenLevel
from workbench.late_imports import LateModule
from workbench.tables import Table
from workbench.tables.arrow_arrays import as_array, as_numpy, as_texts

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc
else:
    pa = LateModule("pyarrow")
    pc = LateModule("pyarrow.compute")
    pd = LateModule("pandas")

_DIGITS = re.compile(r"([0-9]+)")
"""A number inside a text."""

_MOST_LEVELS = 6
"""How many levels a remark or a message lists."""

_ANSWERS = (
    {"no": "no", "n": "no", "yes": "yes", "y": "yes"},
    {"false": "false", "f": "false", "true": "true", "t": "true"},
)
"""Words for no and yes, in any case, with the level that each means."""

_MOST_UNKNOWN_ROWS = 1000
"""In how many rows unknown levels are looked for, once there is one."""

MOST_GAPS = 2
"""Integers remain the group numbers they are while the largest is at most this many times their count."""


@dataclass(frozen=True)
class EncodedColumns:
    """Columns as codes that share their levels.

    Attributes
    ----------
    codes
        By column: `(rows,)`, from `start`.
    levels
        What the codes stand for; empty where integers are used as they are.
    count
        How many codes there are.
    start
        The code of the first level.
    spellings
        Texts that count as a level they are not: `Yes` beside the level `yes`.
    """

    codes: dict[str, np.ndarray]
    levels: tuple[str, ...]
    count: int
    start: int = 1
    spellings: tuple[str, ...] = ()

    @property
    def remark(self) -> str:
        """The first few levels with their codes."""
        pairs = [f"{level} = {code}" for code, level in enumerate(self.levels[:_MOST_LEVELS], self.start)]
        more = f" and {len(self.levels) - _MOST_LEVELS} more" if len(self.levels) > _MOST_LEVELS else ""
        return join_remarks(f"{', '.join(pairs)}{more}." if pairs else "", describe_spellings(self.spellings))


def describe_spellings(spellings: Sequence[str]) -> str:
    """Return a remark about other spellings of yes and no.

    >>> describe_spellings(["No", "Yes"])
    'other spellings: `No`, `Yes`.'
    """
    return f"other spellings: {format_names(spellings)}." if spellings else ""


def find_case_variants(levels: Sequence[str]) -> tuple[str, ...]:
    """Return the levels that differ from another only in case.

    >>> find_case_variants(["a", "b", "B"])
    ('b', 'B')
    """
    counts = Counter(level.casefold() for level in levels)
    return tuple(level for level in levels if counts[level.casefold()] > 1)


def _rank(piece: str) -> tuple[int, int, str]:
    """Return the place of digits, which may be very many, by their value, and of other text behind them."""
    if not _DIGITS.fullmatch(piece):
        return 1, 0, piece
    digits = piece.lstrip("0")
    return 0, len(digits), digits


def sort_naturally(levels: Sequence[str]) -> tuple[str, ...]:
    """Return texts in order, numbers inside them by value.

    >>> sort_naturally(["b", "a10", "a9"])
    ('a9', 'a10', 'b')
    """

    def key(level: str) -> list[tuple[int, int, str]]:
        return [_rank(piece) for piece in _DIGITS.split(level) if piece]

    return tuple(sorted(levels, key=lambda level: (key(level), level)))


def has_levels(table: Table, column: str) -> bool:
    """Return whether a column holds texts or categories."""
    return tables.classify_column(table, column) in ("text", "categories")


def collect_levels(table: Table, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the levels that occur in columns: in the categories' own order if they have one, else sorted.

    Raises
    ------
    BindingError
        A text column consists mostly of numbers, so that its other texts are probably mistakes.
    """
    orders = [_find_category_order(table, column) for column in columns]
    present = {level for _, occurring in orders for level in occurring}
    if len({order for order, _ in orders}) == 1 and orders[0][0]:
        return tuple(level for level in orders[0][0] if level in present)
    for column in columns:
        _refuse_mostly_numeric(table, column)
    return _order_answers(present) or sort_naturally(list(present))


def _order_answers(levels: Collection[str]) -> tuple[str, ...]:
    """Return no and yes in this order, as they are written where they are written alike; else nothing."""
    for meanings in _ANSWERS:
        meant = {level: meanings.get(level.casefold()) for level in levels}
        if set(meant.values()) == set(meanings.values()):
            is_alike = len(levels) == 2
            return tuple(
                sorted(levels, key=lambda level: meant[level] or "")
                if is_alike
                else sorted(set(meanings.values()))
            )
    return ()


def _find_category_order(table: Table, column: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the order of a column's categories, empty if it has none, and the levels that occur."""
    cells = table.cells.column(column)
    if tables.classify_column(table, column) != "categories":
        return (), tuple(dict.fromkeys(_to_texts(pc.unique(cells.drop_null()))))
    whole = cells.combine_chunks()
    whole = whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole
    order = _to_texts(whole.dictionary)
    return order, tuple(order[i] for i in pc.unique(whole.indices.drop_null()).to_pylist())


def _to_texts(values: pa.Array) -> tuple[str, ...]:
    if pa.types.is_boolean(values.type):
        return tuple("yes" if value else "no" for value in values.to_pylist())
    return tuple(str(value) for value in values.to_pylist())


def _refuse_mostly_numeric(table: Table, column: str) -> None:
    """Refuse a text column if at least half of its distinct texts are numbers: the others are mistakes.

    Raises
    ------
    BindingError
        The first cell that is not a number.
    """
    if tables.classify_column(table, column) != "text":
        return
    distinct = pd.Series(_to_texts(pc.unique(table.cells.column(column).drop_null())), dtype=object)
    if 2 * pd.to_numeric(distinct, errors="coerce").notna().sum() >= len(distinct) > 0:
        tables.to_numbers(table, column)


def encode(table: Table, columns: Sequence[str], levels: tuple[str, ...], start: int = 1) -> EncodedColumns:
    """Return columns as positions among levels, the first of which has the code `start`.

    Raises
    ------
    BindingError
        A cell is missing, or is none of the levels.
    """
    codes: dict[str, np.ndarray] = {}
    spellings: dict[str, None] = {}
    for column in dict.fromkeys(columns):
        positions, found = _find_positions(table, column, levels)
        codes[column] = positions + start
        spellings |= dict.fromkeys(found)
    return EncodedColumns(codes, levels, len(levels), start, sort_naturally(list(spellings)))


def _find_positions(table: Table, column: str, levels: tuple[str, ...]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the position of each cell among the levels, and the texts that only mean a level: yes or no."""
    refuse_missing(table, column)
    texts = tables.to_texts(table, column)
    positions = _find_places(texts, levels)
    spellings: tuple[str, ...] = ()
    if (positions < 0).any():
        texts, spellings = _replace_spellings(texts, levels)
        positions = _find_places(texts, levels)
    unknown = np.flatnonzero(positions < 0)
    if unknown.size:
        new = dict.fromkeys(texts[int(row)].as_py() for row in unknown[:_MOST_UNKNOWN_ROWS])
        raise UnseenLevel(
            f"column `{column}` of `{table.path.name}` has {format_names(new, _MOST_LEVELS)}, first at row "
            f"{table.row_number(int(unknown[0]))}, which did not occur in the data of the fit; its levels "
            f"there are {format_names(levels)}.",
            hint="leave these rows out, or fit again with them",
        )
    return positions.astype(np.int64), spellings


def _find_places(texts: pa.ChunkedArray, levels: tuple[str, ...]) -> np.ndarray:
    """Return the position of each text among the levels, -1 where it is none of them."""
    places = pc.index_in(texts, value_set=as_texts(levels))
    return as_numpy(pc.fill_null(places, as_array(np.array([-1], dtype=np.int32))[0]))


def _replace_spellings(
    texts: pa.ChunkedArray, levels: tuple[str, ...]
) -> tuple[pa.ChunkedArray, tuple[str, ...]]:
    """Return texts with each word for yes or no as the level of that meaning, and the words replaced."""
    replaced: list[str] = []
    for meanings in _ANSWERS:
        by_meaning = {meanings.get(level.casefold()): level for level in levels}
        if set(by_meaning) != set(meanings.values()):
            continue
        for text in _to_texts(pc.unique(texts)):
            meant = meanings.get(text.casefold())
            if meant is not None and by_meaning[meant] != text:
                texts = pc.if_else(pc.equal(texts, text), by_meaning[meant], texts)
                replaced.append(text)
    return texts, tuple(replaced)


def list_spellings(levels: Sequence[str]) -> dict[str, str]:
    """Return the words, in lower case, that count as a level of yes and no; none for other levels.

    >>> list_spellings(("No", "Yes")) == {"no": "No", "n": "No", "yes": "Yes", "y": "Yes"}
    True
    >>> list_spellings(("no", "yes", "maybe"))
    {}
    """
    for meanings in _ANSWERS:
        by_meaning = {meanings.get(level.casefold()): level for level in levels}
        if len(levels) == 2 and set(by_meaning) == set(meanings.values()):
            return {word: by_meaning[meant] for word, meant in meanings.items()}
    return {}


def refuse_missing(table: Table, column: str) -> None:
    """Refuse a column that has missing cells.

    Raises
    ------
    BindingError
        The rows of the first missing cells.
    """
    is_missing = tables.find_missing(table, column)
    if is_missing.any():
        raise tables.describe_bad_cells(table, column, is_missing)


def encode_groups(
    context: BindingContext, columns: Sequence[str], stored: Sequence[str], count: int | None, is_size: bool
) -> EncodedColumns:
    """Return columns as group numbers that share their levels.

    Parameters
    ----------
    context
        The binding.
    columns
        The columns of the arrays that have the same number of groups.
    stored
        The levels of an earlier binding, which are used again.
    count
        The number of groups, if it was given; integers are then used as they are.
    is_size
        Whether something has an element for each group.

    Raises
    ------
    BindingError
        A cell is missing or not an integer, or a text is probably a mistake.
    """
    table = context.table
    if stored:
        return encode(table, columns, tuple(stored))
    if any(not tables.is_numeric(table, column) or _is_yes_or_no(table, column) for column in columns):
        return encode(table, columns, _collect_levels_of_any(table, columns))
    numbers = {column: to_integers(table, column) for column in dict.fromkeys(columns)}
    if any(values.dtype.kind == "f" for values in numbers.values()):
        return EncodedColumns(numbers, (), count or 0)  # the check of the value names the cell
    distinct = np.unique(np.concatenate([_find_distinct(values) for values in numbers.values()]))
    largest = int(distinct[-1])
    are_group_numbers = distinct[0] >= 1 and (largest <= MOST_GAPS * len(distinct) or not is_size)
    if count is not None or are_group_numbers:
        return EncodedColumns(numbers, (), count if count is not None else largest)
    return encode(table, columns, tuple(str(number) for number in distinct))


def _find_distinct(numbers: np.ndarray) -> np.ndarray:
    """Return the distinct integers of an array in order, by counting where they lie close together."""
    low, high = int(numbers.min()), int(numbers.max())
    if high - low > len(numbers):
        return np.unique(numbers)
    return np.flatnonzero(np.bincount(numbers - low)) + low


def _is_yes_or_no(table: Table, column: str) -> bool:
    return tables.classify_column(table, column) == "yes or no"


def _collect_levels_of_any(table: Table, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the levels of columns that may also hold yes and no, or numbers beside texts."""
    for column in columns:
        if tables.classify_column(table, column) in ("date", "time", "nested", "nothing", "bytes"):
            tables.to_numbers(table, column)
    return collect_levels(table, columns)


def to_integers(table: Table, column: str) -> np.ndarray:
    """Return a column as integers if its numbers are all whole; else as it is, for the checks to refuse."""
    numbers = tables.to_numbers(table, column)
    if numbers.dtype.kind in "iu" or bool((numbers != np.round(numbers)).any()):
        return numbers
    return numbers.astype(np.int64) if np.abs(numbers).max() < 2.0**63 else numbers
