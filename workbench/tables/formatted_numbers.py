"""Numbers as people write them: with separated thousands, a currency, a percent sign, or in parentheses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.late_imports import LateModule

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
else:
    pa = LateModule("pyarrow")
    pc = LateModule("pyarrow.compute")


_BLANKS = "[ \u00a0\u2009\u202f]"
"""Blanks that may separate thousands: plain, unbreakable, and thin ones."""

_CURRENCY = (
    r"(?:US\$|[$€£¥₹₩₽₺₫₱₴₦]"
    "|USD|EUR|GBP|CHF|JPY|CNY|CAD|AUD|NZD|INR|BRL|MXN|ZAR|SEK|NOK|DKK|PLN|CZK|kr|zł|Kč)"
)
"""Signs and codes of currencies."""

_MINUS = "[-−]"
"""The hyphen, and the minus sign of typographers."""


@dataclass(frozen=True)
class NumberFormat:
    """One way to write numbers.

    Attributes
    ----------
    decimal
        The decimal sign.
    grouping
        What separates thousands, as a regular expression.
    thousands
        The same in words.
    """

    decimal: str
    grouping: str
    thousands: str

    @property
    def grouped(self) -> str:
        """The regular expression of an unsigned number whose thousands are separated."""
        indian = r"|\d{1,2}(?:,\d{2})+,\d{3}" if self.grouping == "," else ""
        return rf"(?:\d{{1,3}}(?:{self.grouping}\d{{3}})+{indian})(?:\{self.decimal}\d*)?"

    @property
    def cell(self) -> str:
        """The regular expression of a cell."""
        plain = rf"\d+(?:\{self.decimal}\d*)?|\{self.decimal}\d+"
        sign, currency = rf"(?:\+|{_MINUS})?", rf"{_CURRENCY}?"
        number = rf"(?:{self.grouped}|{plain})"
        signed = rf"{sign}{_BLANKS}?{currency}{_BLANKS}?{sign}{number}{_BLANKS}?(?:{_CURRENCY}|%)?"
        return rf"^(?:{signed}|\({_BLANKS}?{currency}{_BLANKS}?{number}{_BLANKS}?{currency}\))$"


_FORMATS = {
    ".": (
        NumberFormat(".", ",", "commas"),
        NumberFormat(".", "['’]", "apostrophes"),
        NumberFormat(".", _BLANKS, "blanks"),
    ),
    ",": (
        NumberFormat(",", r"\.", "points"),
        NumberFormat(",", "['’]", "apostrophes"),
        NumberFormat(",", _BLANKS, "blanks"),
    ),
}
"""By decimal sign: the formats that are tried, in this order."""

_SAMPLE = 20
"""Cells that are looked at before a whole column is."""

_PLAIN = r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$"
"""A number as computers write it."""


def parse_plain_numbers(texts: pa.ChunkedArray, decimal: str = ".") -> pa.ChunkedArray | None:
    """Return texts as numbers if each that is not null is one as computers write it, else `None`."""
    if decimal == ",":
        texts = pc.replace_substring(texts, ",", ".")
    return _cast(texts) if _all_match(texts, _PLAIN) else None


def parse_formatted_numbers(texts: pa.ChunkedArray, decimal: str = ".") -> tuple[pa.ChunkedArray, str] | None:
    """Return texts as numbers if people wrote them so, with what was removed in words; else `None`.

    Every text that is not null must be such a number, all in the same format and the same currency. A decimal
    comma is taken for one only in a table that is written with decimal commas, or where the column leaves no
    doubt: `1,5` may also be two answers.

    Parameters
    ----------
    texts
        Texts without blanks around them.
    decimal
        The decimal sign of the table.

    >>> numbers, removed = parse_formatted_numbers(pa.chunked_array([["$12,603.37", "$8"]]))
    >>> numbers.to_pylist(), removed
    ([12603.37, 8.0], 'without commas between thousands and without `$`')
    """
    for form in _list_formats(texts, decimal):
        if not _all_match(texts, form.cell):
            continue
        removed = _describe_format(texts, form, decimal)
        return None if removed is None else (_to_numbers(texts, form.decimal), removed)
    return None


def _list_formats(texts: pa.ChunkedArray, decimal: str) -> Iterator[NumberFormat]:
    """Yield the formats that the first texts are written in."""
    sample = texts.drop_null().slice(0, _SAMPLE)
    other = "," if decimal == "." else "."
    for form in (*_FORMATS[decimal], *_FORMATS[other]):
        is_certain = form.decimal == decimal or _any_match(texts, rf"{_CURRENCY}|%|\.\d{{3}},|,\d{{3}}\.")
        if len(sample) and is_certain and _all_match(sample, form.cell):
            yield form


def _describe_format(texts: pa.ChunkedArray, form: NumberFormat, decimal: str) -> str | None:
    """Return what is removed from texts to read them as numbers; `None` where they are of several kinds."""
    is_grouped = _any_match(texts, form.grouped)
    currencies = {
        name
        for name in pc.unique(
            pc.replace_substring_regex(texts, rf"[\d.,'’()+%−\s\-]|{_BLANKS}", "")
        ).to_pylist()
        if name
    }
    percent = pc.match_substring(texts, "%")
    has_percent = bool(pc.any(percent).as_py())
    if len(currencies) > 1 or (has_percent and not pc.all(percent).as_py()):
        return None
    removed = [f"without {form.thousands} between thousands"] if is_grouped else []
    removed += [f"without `{name}`" for name in currencies]
    removed += ["without `%`"] if has_percent else []
    if _any_match(texts, r"\("):
        removed.append("with parentheses as a minus sign")
    if _any_match(texts, "−"):
        removed.append("with `−` as a minus sign")
    if form.decimal != decimal:
        removed.append(f"with `{form.decimal}` as the decimal sign")
    return " and ".join(removed) or None


def _to_numbers(texts: pa.ChunkedArray, decimal: str) -> pa.ChunkedArray:
    is_negative = pc.match_substring_regex(texts, rf"{_MINUS}|\(")
    digits = pc.replace_substring_regex(texts, rf"[^0-9{decimal}]", "")
    digits = pc.replace_substring(digits, ",", ".") if decimal == "," else digits
    return _cast(pc.if_else(is_negative, pc.binary_join_element_wise("-", digits, ""), digits))


def _cast(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return numbers as integers where all are written so, else as doubles."""
    is_whole = _all_match(texts, r"^[+-]?\d{1,18}$")
    without_plus = pc.replace_substring_regex(texts, r"^\+", "")
    return without_plus.cast(pa.int64() if is_whole else pa.float64())


def _all_match(texts: pa.ChunkedArray, pattern: str) -> bool:
    return pc.all(pc.match_substring_regex(texts, pattern)).as_py() is not False


def _any_match(texts: pa.ChunkedArray, pattern: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(texts, pattern)).as_py())
