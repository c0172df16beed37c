"""CSV and TSV, read by Arrow's parser. If that fails, the file is searched for the cell that is to blame."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from workbench.errors import BindingError
from workbench.provenance import hash_file
from workbench.tables.dialect import Dialect, detect_dialect
from workbench.tables.file_format import open_decompressed
from workbench.tables.missing_words import MISSING, count_words
from workbench.tables.table import Table
from workbench.tables.text_columns import read_texts

_BLOCK = 1 << 24
"""Bytes read at a time. The first block decides the types; a later one that disagrees makes them wider."""

_WIDER = {"null": "int64", "int64": "double", "double": "string"}
"""By type: the next wider one."""

_CONVERSION_ERROR = re.compile(r"In CSV column #(\d+):.*conversion error to ([\w\[\]]+)", re.DOTALL)
"""Arrow's message for a block that disagrees with the type of a column."""

_MOST_COUNTED = 1_000_000
"""Largest table that is read a second time to count the words for missing cells among its numbers."""

_OUT_OF_SYNC = "out of sync"
"""Arrow's message for a line end within quotes, where none was expected."""


def read_delimited(path: Path) -> Table:
    """Read a text file whose first line names the columns.

    Raises
    ------
    BindingError
        The file is empty, is not in the expected encoding, has lines of unequal length, or names a column
        twice.
    """
    dialect = detect_dialect(path)
    if any("\ufffd" in name for name in dialect.written):
        raise _describe_bad_byte(path, dialect)
    cells, has_quotes = _read_cells(path, dialect)
    if any(pa.types.is_binary(field.type) for field in cells.schema):
        raise _describe_bad_byte(path, dialect)
    if not cells.num_rows:
        raise BindingError(f"`{path}` has a header but no rows; at least one row was expected.")
    named = [position for position, name in enumerate(dialect.header) if name]
    cells = cells.select(named)
    words = _count_missing_words(path, dialect, cells, has_quotes)
    reading = read_texts(cells.rename_columns([name.strip() for name in cells.column_names]), dialect.decimal)
    return Table(
        path,
        hash_file(path),
        reading.cells,
        _collect_remarks(dialect),
        missing_words={**words, **reading.missing_words},
        formats=reading.formats,
    )


def _read_cells(path: Path, dialect: Dialect) -> tuple[pa.Table, bool]:
    """Return the cells, and whether quoted cells may hold line ends.

    Where a later block disagrees with a column's type, the file is read again with a wider one.
    """
    types: dict[str, Any] = {}
    has_quotes = dialect.has_quotes
    while True:
        try:
            with open_decompressed(path) as stream:
                return arrow_csv.read_csv(stream, **_make_options(dialect, types, has_quotes)), has_quotes
        except pa.ArrowInvalid as reason:
            text = str(reason)
            disagreement = _CONVERSION_ERROR.search(text)
            if disagreement is not None and disagreement[2] != "string":
                wider = pa.type_for_alias(_WIDER.get(disagreement[2], "string"))
                types[dialect.written[int(disagreement[1])]] = wider
            elif _OUT_OF_SYNC in text and not has_quotes:
                has_quotes = True
            else:
                raise _describe_unreadable(path, dialect, text) from reason


def _make_options(dialect: Dialect, types: dict[str, Any], has_quotes: bool) -> dict[str, Any]:
    encoding = "utf8" if dialect.encoding.startswith("utf-8") else dialect.encoding
    return {
        "read_options": arrow_csv.ReadOptions(block_size=_BLOCK, encoding=encoding),
        "parse_options": arrow_csv.ParseOptions(
            delimiter=dialect.separator, quote_char=dialect.quote, newlines_in_values=has_quotes
        ),
        "convert_options": arrow_csv.ConvertOptions(
            null_values=list(MISSING),
            strings_can_be_null=False,  # `read_texts` counts the words for missing cells among texts
            column_types=types,
            decimal_point=dialect.decimal,
        ),
    }


def _count_missing_words(
    path: Path, dialect: Dialect, cells: pa.Table, has_quotes: bool
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
    options = _make_options(dialect, dict.fromkeys(names, pa.string()), has_quotes)
    options["convert_options"].include_columns = names
    options["convert_options"].null_values = []
    with open_decompressed(path) as stream:
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


def _describe_unreadable(path: Path, dialect: Dialect, reason: str) -> BindingError:
    """Return the error for a file that Arrow cannot parse: a line of another length, or a bad byte."""
    if "UTF8" in reason or "UTF-8" in reason or "codec can't decode" in reason:
        return _describe_bad_byte(path, dialect)
    width = len(dialect.header)
    with open_decompressed(path) as stream:
        text = io.TextIOWrapper(stream, encoding=dialect.encoding, errors="replace", newline="")
        reader = csv.reader(text, delimiter=dialect.separator, quotechar=dialect.quote)
        for cells in reader:
            if cells and len(cells) != width:
                is_one_more = len(cells) == width + 1
                hint = (
                    "the first column may lack a name"
                    if is_one_more
                    else "put quotes around a cell that contains the separator"
                )
                message = (
                    f"`{path}` is not a readable CSV file: line {reader.line_num} has {len(cells)} cells, "
                    f"but the header names {width} columns."
                )
                return BindingError(message, hint=hint)
    return BindingError(f"`{path}` is not a readable CSV file: {reason.splitlines()[0]}.")


def _describe_bad_byte(path: Path, dialect: Dialect) -> BindingError:
    """Return the error for a file that is not the text it should be, with the place of the first bad byte."""
    hint = "save the table as CSV in UTF-8, or convert it: iconv -f latin1 -t utf8 OLD > NEW"
    if not dialect.encoding.startswith("utf-8"):
        encoding = dialect.encoding.upper()
        message = f"`{path}` begins as {encoding} text, but not all of it is {encoding}."
        return BindingError(message, hint=hint)
    offset = 0
    with open_decompressed(path) as stream:
        for number, line in enumerate(io.BufferedReader(cast("io.RawIOBase", stream))):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as reason:
                place = f"row {number}" if number else "the header"
                message = (
                    f"`{path}` is not UTF-8 text: byte {offset + reason.start + 1} "
                    f"(0x{line[reason.start]:02x}), in {place}, cannot be read."
                )
                return BindingError(message, hint=hint)
            offset += len(line)
    return BindingError(f"`{path}` is not UTF-8 text.", hint=hint)
