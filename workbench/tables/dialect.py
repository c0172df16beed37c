"""How a text file writes its table: encoding, separator, decimal sign and header."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workbench.errors import BindingError
from workbench.late_imports import LateModule
from workbench.tables.file_format import open_decompressed
from workbench.tables.source import TableSource
from workbench.tables.table import check_unique_names

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
else:
    pa = LateModule("pyarrow")
    pc = LateModule("pyarrow.compute")

_SAMPLE = 1 << 18
"""Bytes of the file that are examined for what holds everywhere, such as the separator."""

_LONGEST_LINE = 1 << 26
"""Characters of the longest line that may be part of a header."""

_LINES = 50
"""Lines of the sample that are split into cells."""

_SEPARATORS = (",", "\t", ";", "|")
"""What may stand between cells."""

_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+")
"""A number with a decimal comma."""

_DECIMAL_POINT = re.compile(r"[+-]?\d*\.\d+")
"""A number with a decimal point."""

_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",  # it begins like that of UTF-16
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""By the first bytes of a text: its encoding, as Python calls it."""


@dataclass(frozen=True)
class Dialect:
    """How a table is written as text.

    Attributes
    ----------
    encoding
        Python's name of it; UTF-8 unless a byte order mark says otherwise.
    separator, quote, decimal
        One character each.
    written
        The whole header, however long, as the file writes it.
    skipped
        Lines before the header, which hold nothing but blanks and separators.
    has_quotes
        Whether a cell of the sample is quoted, so that cells may hold line ends.
    """

    encoding: str
    separator: str
    quote: str
    decimal: str
    written: tuple[str, ...]
    skipped: int
    has_quotes: bool

    @property
    def header(self) -> tuple[str, ...]:
        """The names of the columns, without blanks around them; empty where a column has no name."""
        return tuple(name.strip() for name in self.written)


def detect_dialect(source: TableSource) -> Dialect:
    """Return the dialect of a text file, judged by its first lines.

    Raises
    ------
    BindingError
        The file has no header, names a column twice or none at all, or is not text.
    """
    path = source.path
    with open_decompressed(source) as stream:
        sample = bytes(stream.read(_SAMPLE))
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS.items() if sample.startswith(mark)), "utf-8")
    if encoding == "utf-8" and b"\x00" in sample:
        message = f"`{path}` is not UTF-8 text: its byte {sample.index(0) + 1} is zero."
        raise BindingError(message, hint="save the table as CSV in UTF-8")
    text = codecs.getincrementaldecoder(encoding)("replace").decode(sample)
    quote = "'" if text.startswith("'") and '"' not in text else '"'
    separator = _detect_separator(text, quote)
    decimal = _detect_decimal(_split_lines(text, separator, quote)[1:], separator)
    dialect = Dialect(encoding, separator, quote, decimal, (), 0, quote in text)
    dialect = _read_header(source, dialect)
    _check_header(source, dialect.header)
    return dialect


def _read_header(source: TableSource, dialect: Dialect) -> Dialect:
    """Return a dialect with the whole header: the first line with a name, however long it is.

    Raises
    ------
    BindingError
        A name, or a line, is so long that it hardly is one.
    """
    with open_decompressed(source) as stream:
        text = io.TextIOWrapper(stream, encoding=dialect.encoding, errors="replace", newline="")
        reader = csv.reader(
            _iterate_lines(text, source), delimiter=dialect.separator, quotechar=dialect.quote
        )
        skipped = 0
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    return replace(dialect, written=tuple(cells), skipped=skipped)
                skipped = reader.line_num
        except csv.Error as reason:
            raise BindingError(
                f"`{source.path}` has a column with a name of more than {csv.field_size_limit()} characters.",
                hint="a quote in the header may not be closed",
            ) from reason
    return dialect


def _iterate_lines(text: io.TextIOWrapper, source: TableSource) -> Iterator[str]:
    while line := text.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE:
            message = f"`{source.path}` has a header of more than {_LONGEST_LINE} characters."
            raise BindingError(message, hint="a header line with column names was expected")
        yield line


def _detect_separator(text: str, quote: str) -> str:
    """Return the separator that gives every line the same number of cells, and most of them.

    If no separator splits all lines alike, return the one that splits the header into most cells.
    """
    lines = {separator: _split_lines(text, separator, quote) for separator in _SEPARATORS}
    counts = {separator: [len(cells) for cells in split] for separator, split in lines.items() if split}
    even = {separator: widths[0] for separator, widths in counts.items() if len(set(widths)) == 1}
    first = {separator: widths[0] for separator, widths in counts.items()}
    candidates = even if max(even.values(), default=1) > 1 else first
    if max(candidates.values(), default=1) == 1:
        return ","
    return max(candidates, key=lambda separator: candidates[separator])


def _split_lines(text: str, separator: str, quote: str) -> list[list[str]]:
    """Return the cells of the first lines that are not blank; the last line of the sample may be cut off."""
    if len(text) > _SAMPLE // 4:
        text = text.rpartition("\n")[0] or text
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, quotechar=quote)
    lines: list[list[str]] = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                lines.append(cells)
            if len(lines) == _LINES:
                break
    except csv.Error:  # a cell longer than csv allows: the lines before it suffice
        pass
    return lines


def _detect_decimal(lines: list[list[str]], separator: str) -> str:
    """Return a comma if semicolons separate cells, some number has a comma, and none has a point."""
    cells = [cell.strip() for line in lines for cell in line]
    has_comma = any(_DECIMAL_COMMA.fullmatch(cell) for cell in cells)
    has_point = any(_DECIMAL_POINT.fullmatch(cell) for cell in cells)
    return "," if separator == ";" and has_comma and not has_point else "."


def has_decimal_commas(cells: pa.Table) -> bool:
    """Return whether some cell of a table has a decimal comma, and none a decimal point.

    Parameters
    ----------
    cells
        The whole table, as it is with a decimal point.
    """
    if any(pa.types.is_floating(column_field.type) for column_field in cells.schema):
        return False
    texts = [column for column in cells.columns if pa.types.is_string(column.type)]
    return _any_match(texts, _DECIMAL_COMMA) and not _any_match(texts, _DECIMAL_POINT)


def _any_match(columns: list[pa.ChunkedArray], pattern: re.Pattern[str]) -> bool:
    whole = rf"^\s*(?:{pattern.pattern})\s*$"
    return any(pc.any(pc.match_substring_regex(column, whole)).as_py() for column in columns)


def _check_header(source: TableSource, header: tuple[str, ...]) -> None:
    """Refuse what other readers repair silently: a missing header, or a name that occurs twice."""
    if not any(header):
        raise BindingError(f"`{source.path}` is empty; a header line with column names was expected.")
    check_unique_names(str(source.path), [name for name in header if name])
