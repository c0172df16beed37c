"""CSV and TSV, read by Arrow's parser; the words for what is wrong found afterwards, cell by cell."""

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
from workbench.tables.table import Table

MISSING = ("", "NA", "NaN", "nan", "N/A", "#N/A", "<NA>", "null", "NULL", ".")
"""Cells that count as missing."""

_BLOCK = 1 << 24
"""Bytes read at a time; types are judged by the first, and judged anew where a later one disagrees."""

_WIDER = {"null": "int64", "int64": "double", "double": "string"}
_DISAGREES = re.compile(r"In CSV column #(\d+):.*conversion error to ([\w\[\]]+)", re.DOTALL)
_OUT_OF_STEP = "out of sync"


def read_delimited(path: Path) -> Table:
    """Read a text file whose first line names the columns.

    Raises
    ------
    BindingError
        The file is empty, of another encoding, has lines of unequal length, or names a column twice.
    """
    dialect = detect_dialect(path)
    if any("\ufffd" in name for name in dialect.written):
        raise _bad_byte(path, dialect)
    cells = _parsed(path, dialect)
    if any(pa.types.is_binary(field.type) for field in cells.schema):
        raise _bad_byte(path, dialect)
    if not cells.num_rows:
        raise BindingError(f"`{path}` has a header but no rows; at least one row was expected.")
    named = [position for position, name in enumerate(dialect.header) if name]
    cells = cells.select(named).rename_columns([dialect.header[position] for position in named])
    return Table(path, hash_file(path), _trimmed(cells), _remarks(dialect))


def _parsed(path: Path, dialect: Dialect) -> pa.Table:
    """Return the cells; where a later block disagrees with a column's type, read again with a wider one."""
    types: dict[str, Any] = {}
    quoted = dialect.has_quotes
    while True:
        try:
            with open_decompressed(path) as stream:
                return arrow_csv.read_csv(stream, **_options(dialect, types, quoted))
        except pa.ArrowInvalid as reason:
            words = str(reason)
            disagreement = _DISAGREES.search(words)
            if disagreement is not None and disagreement[2] != "string":
                types[dialect.written[int(disagreement[1])]] = pa.type_for_alias(
                    _WIDER.get(disagreement[2], "string")
                )
            elif _OUT_OF_STEP in words and not quoted:
                quoted = True
            else:
                raise _unreadable(path, dialect, words) from reason


def _options(dialect: Dialect, types: dict[str, Any], quoted: bool) -> dict[str, Any]:
    encoding = "utf8" if dialect.encoding.startswith("utf-8") else dialect.encoding
    return {
        "read_options": arrow_csv.ReadOptions(block_size=_BLOCK, encoding=encoding),
        "parse_options": arrow_csv.ParseOptions(
            delimiter=dialect.separator, quote_char=dialect.quote, newlines_in_values=quoted
        ),
        "convert_options": arrow_csv.ConvertOptions(
            null_values=list(MISSING),
            strings_can_be_null=True,
            column_types=types,
            decimal_point=dialect.decimal,
        ),
    }


def _trimmed(cells: pa.Table) -> pa.Table:
    """Return the cells with no blanks around texts; a text of blanks alone is missing."""
    for position, field in enumerate(cells.schema):
        if pa.types.is_string(field.type):
            column = pc.utf8_trim_whitespace(cells.column(position))
            gaps = pc.is_in(column, value_set=pa.array(MISSING))
            column = pc.if_else(gaps, pa.scalar(None, pa.string()), column)
            cells = cells.set_column(position, field.name, column)
    return cells


def _remarks(dialect: Dialect) -> tuple[str, ...]:
    unnamed = [str(position) for position, name in enumerate(dialect.header, start=1) if not name]
    remarks = [f"column {position} of the file has no name and was left out." for position in unnamed]
    if dialect.decimal == ",":
        remarks.append("the file is read with a decimal comma and semicolons between cells.")
    return tuple(remarks)


def _unreadable(path: Path, dialect: Dialect, words: str) -> BindingError:
    """Return the words for a file that does not parse: the first line of another length, or a bad byte."""
    if "UTF8" in words or "UTF-8" in words or "codec can't decode" in words:
        return _bad_byte(path, dialect)
    width = len(dialect.header)
    with open_decompressed(path) as stream:
        text = io.TextIOWrapper(stream, encoding=dialect.encoding, errors="replace", newline="")
        reader = csv.reader(text, delimiter=dialect.separator, quotechar=dialect.quote)
        for cells in reader:
            if cells and len(cells) != width:
                hint = "the first column may lack a name" if len(cells) == width + 1 else None
                message = (
                    f"`{path}` is not a readable CSV file: line {reader.line_num} has {len(cells)} cells, "
                    f"where the header names {width} columns."
                )
                return BindingError(message, hint=hint or "quote a cell that holds the separator")
    return BindingError(f"`{path}` is not a readable CSV file: {words.splitlines()[0]}.")


def _bad_byte(path: Path, dialect: Dialect) -> BindingError:
    """Return where a file stops being the text it should be."""
    hint = "save the table as CSV in UTF-8, or: iconv -f latin1 -t utf8 OLD > NEW"
    if not dialect.encoding.startswith("utf-8"):
        return BindingError(f"`{path}` is not the {dialect.encoding.upper()} text it begins as.", hint=hint)
    at = 0
    with open_decompressed(path) as stream:
        for number, line in enumerate(io.BufferedReader(cast("io.RawIOBase", stream))):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as reason:
                where = f"row {number}" if number else "the header"
                message = (
                    f"`{path}` is not UTF-8 text: byte {at + reason.start + 1} (0x{line[reason.start]:02x}), "
                    f"in {where}, cannot be read."
                )
                return BindingError(message, hint=hint)
            at += len(line)
    return BindingError(f"`{path}` is not UTF-8 text.", hint=hint)
