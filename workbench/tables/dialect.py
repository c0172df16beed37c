"""How a text file writes its table: encoding, separator, decimal sign and header."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import BindingError
from workbench.tables.file_format import open_decompressed

_SAMPLE = 1 << 18
_LINES = 50
_SEPARATORS = (",", "\t", ";", "|")
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+")
_DECIMAL_POINT = re.compile(r"[+-]?\d*\.\d+")
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


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
        The header as the file writes it.
    has_quotes
        Whether a cell among the first lines is quoted, and so may hold line ends.
    """

    encoding: str
    separator: str
    quote: str
    decimal: str
    written: tuple[str, ...]
    has_quotes: bool

    @property
    def header(self) -> tuple[str, ...]:
        """The names of the columns, without blanks around them; an empty one where a column has no name."""
        return tuple(name.strip() for name in self.written)


def detect_dialect(path: Path) -> Dialect:
    """Return the dialect of a text file, judged by its first lines.

    Raises
    ------
    BindingError
        The file has no header, a name twice or none at all, or is no text.
    """
    with open_decompressed(path) as stream:
        sample = bytes(stream.read(_SAMPLE))
    encoding = next((name for mark, name in _MARKS.items() if sample.startswith(mark)), "utf-8")
    if encoding == "utf-8" and b"\x00" in sample:
        message = f"`{path}` is not UTF-8 text: its byte {sample.index(0) + 1} is zero."
        raise BindingError(message, hint="save the table as CSV in UTF-8")
    text = codecs.getincrementaldecoder(encoding)("replace").decode(sample)
    quote = "'" if text.startswith("'") and '"' not in text else '"'
    separator = _separator(text, quote)
    lines = _split(text, separator, quote)
    header = tuple(lines[0]) if lines else ()
    dialect = Dialect(encoding, separator, quote, _decimal(lines[1:], separator), header, quote in text)
    _check_header(path, dialect.header)
    return dialect


def _separator(text: str, quote: str) -> str:
    """Return the separator that splits every line alike, into most cells; else the header's own."""
    lines = {separator: _split(text, separator, quote) for separator in _SEPARATORS}
    counts = {separator: [len(cells) for cells in found] for separator, found in lines.items() if found}
    even = {separator: found[0] for separator, found in counts.items() if len(set(found)) == 1}
    widest = even if max(even.values(), default=1) > 1 else {sep: found[0] for sep, found in counts.items()}
    return max(widest, key=lambda separator: widest[separator], default=",")


def _split(text: str, separator: str, quote: str) -> list[list[str]]:
    """Return the cells of the first lines that are not blank; the last line of the sample may be cut off."""
    if len(text) > _SAMPLE // 4:
        text = text.rpartition("\n")[0] or text
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, quotechar=quote)
    found: list[list[str]] = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                found.append(cells)
            if len(found) == _LINES:
                break
    except csv.Error:  # a cell beyond csv's limit: what was read until there must do
        pass
    return found


def _decimal(lines: list[list[str]], separator: str) -> str:
    """Return a comma where cells are written with one and none with a point."""
    cells = [cell.strip() for line in lines for cell in line]
    has_comma = any(_DECIMAL_COMMA.fullmatch(cell) for cell in cells)
    has_point = any(_DECIMAL_POINT.fullmatch(cell) for cell in cells)
    return "," if separator == ";" and has_comma and not has_point else "."


def _check_header(path: Path, header: tuple[str, ...]) -> None:
    """Refuse what others would mend in silence: a missing header or a name given twice."""
    if not any(header):
        raise BindingError(f"`{path}` is empty; a header line with column names was expected.")
    twice = [name for name, count in Counter(header).items() if name and count > 1]
    if twice:
        raise BindingError(
            f"`{path}` names the column `{twice[0]}` more than once.", hint="rename one of them"
        )
