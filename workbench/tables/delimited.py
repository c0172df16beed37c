"""CSV and TSV, read by Arrow's parser. If that fails, the file is searched for the cell that is to blame."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from workbench.errors import BindingError
from workbench.late_imports import LateModule
from workbench.provenance import hash_file
from workbench.tables.arrow_arrays import find_first
from workbench.tables.dialect import Dialect, detect_dialect, has_decimal_commas
from workbench.tables.file_format import open_decompressed
from workbench.tables.missing_words import MISSING, count_words
from workbench.tables.source import TableSource
from workbench.tables.table import Table
from workbench.tables.text_columns import read_texts

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv as arrow_csv
else:
    pa = LateModule("pyarrow")
    pc = LateModule("pyarrow.compute")
    arrow_csv = LateModule("pyarrow.csv")

_BLOCK = 1 << 24
"""Bytes read at a time. The first block decides the types; a later one that disagrees makes them wider."""

_LARGEST_BLOCK = 1 << 30
"""Bytes that are read at a time at most, where a line is longer than a block."""

_WIDER = {"null": "int64", "int64": "double", "double": "string"}
"""By type: the next wider one."""

_CONVERSION_ERROR = re.compile(r"In CSV column #(\d+):.*conversion error to ([\w\[\]]+)", re.DOTALL)
"""Arrow's message for a block that disagrees with the type of a column."""

_MOST_COUNTED = 1_000_000
"""Largest table that is read a second time to count the words for missing cells among its numbers."""

_OUT_OF_SYNC = "out of sync"
"""Arrow's message for a line end within quotes, where none was expected."""

_LINE_TOO_LONG = ("straddl", "block size", "Empty CSV file or block")
"""What Arrow's messages say where a line is longer than a block."""


def read_delimited(source: TableSource) -> Table:
    """Read a text file whose first line names the columns.

    Raises
    ------
    BindingError
        The file is empty, is not in the expected encoding, has lines of unequal length, or names a column
        twice.
    """
    dialect = detect_dialect(source)
    if any("\ufffd" in name for name in dialect.written):
        raise _describe_bad_byte(source, dialect)
    cells, parsing = _read_cells(source, dialect)
    if dialect.separator == ";" and dialect.decimal == "." and has_decimal_commas(cells):
        dialect = replace(dialect, decimal=",")
        cells, parsing = _read_cells(source, dialect)
    _check_cells(source, dialect, cells)
    named = [position for position, name in enumerate(dialect.header) if name]
    cells = cells.select(named)
    words = _count_missing_words(source, dialect, cells, parsing)
    reading = read_texts(cells.rename_columns([name.strip() for name in cells.column_names]), dialect.decimal)
    return Table(
        source.path,
        hash_file(source.file),
        reading.cells,
        _collect_remarks(dialect),
        missing_words={**words, **reading.missing_words},
        formats=reading.formats,
    )


def _check_cells(source: TableSource, dialect: Dialect, cells: pa.Table) -> None:
    """Refuse cells that are not text, and a table without rows.

    Raises
    ------
    BindingError
        A cell has bytes that are not text, or a zero byte; there are no rows; or Arrow sees another header.
    """
    if any(pa.types.is_binary(field.type) for field in cells.schema):
        raise _describe_bad_byte(source, dialect)
    if tuple(cells.column_names) != dialect.written:
        raise BindingError(
            f"`{source.path}` is not a readable CSV file: the names in its header cannot be told from each "
            "other.",
            hint="put quotes around the whole of a name that holds a quote, a separator or a line end",
        )
    if not cells.num_rows:
        raise BindingError(f"`{source.path}` has a header but no rows; at least one row was expected.")
    for name, column in zip(cells.column_names, cells.columns, strict=True):
        has_zero = pc.match_substring(column, "\x00") if pa.types.is_string(column.type) else None
        row = -1 if has_zero is None else find_first(has_zero)
        if row >= 0:
            message = f"`{source.path}` is not text: column `{name}` has a zero byte in row {row + 1}."
            raise BindingError(message, hint="save the table as CSV in UTF-8")


@dataclass(frozen=True)
class Parsing:
    """How Arrow parses a file, as far as that is not known before it does.

    Attributes
    ----------
    types
        By column: its type, where the first block does not decide it.
    has_quotes
        Whether quoted cells may hold line ends.
    block
        Bytes read at a time.
    """

    types: Mapping[str, Any]
    has_quotes: bool
    block: int


def _read_cells(source: TableSource, dialect: Dialect) -> tuple[pa.Table, Parsing]:
    """Return the cells, and how they were parsed.

    Where a later block disagrees with a column's type, the file is read again with a wider one; where a line
    is longer than a block, with longer blocks.
    """
    parsing = Parsing({}, dialect.has_quotes, _BLOCK)
    while True:
        try:
            with open_decompressed(source) as stream:
                return arrow_csv.read_csv(stream, **_make_options(dialect, parsing)), parsing
        except pa.ArrowMemoryError:  # the file is not to blame
            raise
        except (pa.ArrowException, UnicodeError) as reason:
            parsing = _adjust(source, dialect, parsing, reason)


def _adjust(source: TableSource, dialect: Dialect, parsing: Parsing, reason: Exception) -> Parsing:
    """Return how to parse a file for which another way has failed.

    Raises
    ------
    BindingError
        There is no other way.
    """
    text = str(reason)
    disagreement = _CONVERSION_ERROR.search(text)
    if disagreement is not None and disagreement[2] != "string":
        wider = pa.type_for_alias(_WIDER.get(disagreement[2], "string"))
        name = dialect.written[int(disagreement[1])]
        return replace(parsing, types={**parsing.types, name: wider})
    if _OUT_OF_SYNC in text and not parsing.has_quotes:
        return replace(parsing, has_quotes=True)
    if any(words in text for words in _LINE_TOO_LONG) and parsing.block < _LARGEST_BLOCK:
        return replace(parsing, block=8 * parsing.block)
    raise _describe_unreadable(source, dialect, text) from reason


def _make_options(dialect: Dialect, parsing: Parsing) -> dict[str, Any]:
    encoding = "utf8" if dialect.encoding.startswith("utf-8") else dialect.encoding
    return {
        "read_options": arrow_csv.ReadOptions(
            block_size=parsing.block, encoding=encoding, skip_rows=dialect.skipped
        ),
        "parse_options": arrow_csv.ParseOptions(
            delimiter=dialect.separator, quote_char=dialect.quote, newlines_in_values=parsing.has_quotes
        ),
        "convert_options": arrow_csv.ConvertOptions(
            null_values=list(MISSING),
            strings_can_be_null=False,  # `read_texts` counts the words for missing cells among texts
            column_types=dict(parsing.types),
            decimal_point=dialect.decimal,
        ),
    }


def _count_missing_words(
    source: TableSource, dialect: Dialect, cells: pa.Table, parsing: Parsing
) -> dict[str, dict[str, int]]:
    """Return by column of numbers how often each word stands for a missing cell.

    Arrow's parser does not keep these words, so that the columns are read once more, as texts.
    """
    names = [
        column_field.name
        for column_field, column in zip(cells.schema, cells.columns, strict=True)
        if column.null_count and not pa.types.is_string(column_field.type)
    ]
    if not names or cells.num_rows > _MOST_COUNTED:
        return {}
    options = _make_options(dialect, replace(parsing, types=dict.fromkeys(names, pa.string())))
    options["convert_options"].include_columns = names
    options["convert_options"].null_values = []
    with open_decompressed(source) as stream:
        written = arrow_csv.read_csv(stream, **options)
    return {
        name.strip(): count_words(written.column(name).filter(pc.is_null(cells.column(name))))
        for name in names
    }


def _collect_remarks(dialect: Dialect) -> tuple[str, ...]:
    unnamed = [position for position, name in enumerate(dialect.header, start=1) if not name]
    remarks = [f"column {position} of the file has no name and was left out." for position in unnamed]
    if dialect.decimal == ",":
        remarks.append("the file was read with a decimal comma, and with semicolons between cells.")
    return tuple(remarks)


def _describe_unreadable(source: TableSource, dialect: Dialect, reason: str) -> BindingError:
    """Return the error for a file that Arrow cannot parse: a line of another length, or a bad byte."""
    if "UTF8" in reason or "UTF-8" in reason or "codec can't decode" in reason:
        return _describe_bad_byte(source, dialect)
    if any(words in reason for words in _LINE_TOO_LONG):
        message = f"`{source.path}` is not a readable CSV file: a line of it has more than a GiB."
        return BindingError(message, hint="a quote may not be closed")
    uneven = _find_uneven_line(source, dialect)
    if uneven is None:
        return BindingError(f"`{source.path}` is not a readable CSV file: {reason.splitlines()[0]}.")
    line, count = uneven
    width = len(dialect.header)
    hint = "put quotes around a cell that contains the separator"
    if count == width + 1:
        hint = "the first column may lack a name"
    cells, columns = f"{count} cell{'s' * (count != 1)}", f"{width} column{'s' * (width != 1)}"
    message = f"line {line} has {cells}, but the header names {columns}."
    return BindingError(f"`{source.path}` is not a readable CSV file: {message}", hint=hint)


def _find_uneven_line(source: TableSource, dialect: Dialect) -> tuple[int, int] | None:
    """Return the number of the first line that is longer or shorter than the header, and its cells."""
    with open_decompressed(source) as stream:
        text = io.TextIOWrapper(stream, encoding=dialect.encoding, errors="replace", newline="")
        reader = csv.reader(text, delimiter=dialect.separator, quotechar=dialect.quote)
        with suppress(csv.Error):  # a cell longer than csv allows
            for cells in reader:
                if cells and len(cells) != len(dialect.header) and reader.line_num > dialect.skipped:
                    return reader.line_num, len(cells)
    return None


def _describe_bad_byte(source: TableSource, dialect: Dialect) -> BindingError:
    """Return the error for a file that is not the text it should be, with the place of the first bad byte."""
    hint = "save the table as CSV in UTF-8, or convert it: iconv -f latin1 -t utf8 OLD > NEW"
    if not dialect.encoding.startswith("utf-8"):
        encoding = dialect.encoding.upper()
        message = f"`{source.path}` begins as {encoding} text, but not all of it is {encoding}."
        return BindingError(message, hint=hint)
    offset = 0
    with open_decompressed(source) as stream:
        for number, line in enumerate(io.BufferedReader(cast("io.RawIOBase", stream))):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as reason:
                place = f"row {number}" if number else "the header"
                message = (
                    f"`{source.path}` is not UTF-8 text: byte {offset + reason.start + 1} "
                    f"(0x{line[reason.start]:02x}), in {place}, cannot be read."
                )
                return BindingError(message, hint=hint)
            offset += len(line)
    return BindingError(f"`{source.path}` is not UTF-8 text.", hint=hint)
