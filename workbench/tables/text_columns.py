"""Columns of text: words for missing cells are removed, and numbers written for people become numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workbench.late_imports import LateModule
from workbench.tables.arrow_arrays import as_text, as_texts, find_first
from workbench.tables.formatted_numbers import parse_formatted_numbers, parse_plain_numbers
from workbench.tables.missing_words import AMONG_NUMBERS, count_words, find_missing_words

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
else:
    pa = LateModule("pyarrow")
    pc = LateModule("pyarrow.compute")

_MOST_SAMPLED = 100
"""Cells by which it is judged whether a column of text may hold numbers."""


@dataclass(frozen=True)
class TextReading:
    """How the texts of a table were read.

    Attributes
    ----------
    cells
        The table with what the texts mean.
    missing_words
        By column: how often each word stands for a missing cell.
    formats
        By column of numbers written for people: how they were read, in words.
    """

    cells: pa.Table
    missing_words: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    formats: Mapping[str, str] = field(default_factory=dict)


def read_texts(cells: pa.Table, decimal: str = ".", *, is_typed: bool = False) -> TextReading:
    """Return a table without words for missing cells, and with numbers where texts are written so.

    Parameters
    ----------
    cells
        The table; only its columns of text are changed.
    decimal
        The decimal sign of the table.
    is_typed
        Whether a text of digits is meant as text, as in a file or a DataFrame whose columns carry types.
    """
    missing_words: dict[str, Mapping[str, int]] = {}
    formats: dict[str, str] = {}
    columns = list(cells.columns)
    for position, column_field in enumerate(cells.schema):
        if not (pa.types.is_string(column_field.type) or pa.types.is_large_string(column_field.type)):
            continue
        written = columns[position].cast(pa.string())
        texts = pc.utf8_trim_whitespace(written)
        is_missing = find_missing_words(texts)
        column, how = _read_numbers(_blank_out(texts, is_missing), decimal, is_typed=is_typed)
        if column is None:
            column = _blank_out(written if is_typed else texts, is_missing)
        if column.null_count == len(column):
            column = pa.chunked_array([pa.nulls(len(column))])
        if column.null_count:
            missing_words[column_field.name] = count_words(texts.filter(pc.is_null(column)))
        if how:
            formats[column_field.name] = how
        columns[position] = column
    return TextReading(pa.Table.from_arrays(columns, names=cells.column_names), missing_words, formats)


def _read_numbers(
    texts: pa.ChunkedArray, decimal: str, *, is_typed: bool
) -> tuple[pa.ChunkedArray | None, str]:
    """Return texts as numbers, and in words what was removed; `None` where they are not all numbers."""
    if not _may_be_numbers(texts):
        return None, ""
    numbers = _blank_out(texts, pc.is_in(texts, value_set=as_texts(AMONG_NUMBERS)))
    if numbers.null_count == len(numbers):
        return None, ""
    plain = parse_plain_numbers(numbers, decimal)
    if plain is not None:
        return (None if is_typed else plain), ""
    formatted = parse_formatted_numbers(numbers, decimal)
    if formatted is None:
        return None, ""
    column, removed = formatted
    row = find_first(pc.match_substring_regex(pc.fill_null(numbers, as_text("0")), "[^0-9.]"))
    row = row if row >= 0 else 0
    return column, f"{removed}: `{numbers[row].as_py()}` is {column[row].as_py()}"


def _may_be_numbers(texts: pa.ChunkedArray) -> bool:
    """Return whether most of the first texts hold a digit, so that it pays to look at all of them."""
    sample = texts.drop_null().slice(0, _MOST_SAMPLED)
    count = pc.sum(pc.match_substring_regex(sample, "[0-9]")).as_py() or 0
    return len(sample) == 0 or 2 * count >= len(sample)


def _blank_out(texts: pa.ChunkedArray, is_missing: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.if_else(is_missing, as_text(None), texts)
