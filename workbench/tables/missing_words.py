"""Words that stand for a missing cell, and how often each occurs in a column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from workbench.late_imports import LateModule
from workbench.tables.arrow_arrays import as_text, as_texts

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
else:
    pa = LateModule("pyarrow")
    pc = LateModule("pyarrow.compute")


MISSING = (
    "",
    ".",
    "..",
    "?",
    "#N/A",
    "#NA",
    "<NA>",
    "N.A.",
    "N/A",
    "NA",
    "NULL",
    "NaN",
    "Null",
    "MISSING",
    "Missing",
    "missing",
    "n.a.",
    "n/a",
    "na",
    "nan",
    "null",
)
"""Cells that are missing in every column."""

DASHES = ("-", "--", "---", "–", "—")
"""Cells that are missing, unless the column also holds `+`: then the dash is a sign of its own."""

AMONG_NUMBERS = (
    "NIL",
    "ND",
    "NONE",
    "None",
    "UNKNOWN",
    "Unknown",
    "n.d.",
    "nd",
    "nil",
    "none",
    "not available",
    "unknown",
)
"""Cells that are missing where all others are numbers; among texts they may be levels."""


def find_missing_words(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return which texts, without blanks around them, stand for a missing cell; null is one of them."""
    is_missing = pc.or_(pc.is_null(texts), pc.is_in(texts, value_set=as_texts(MISSING)))
    is_dash = pc.is_in(texts, value_set=as_texts(DASHES))
    if pc.any(is_dash).as_py() and not pc.any(pc.equal(texts, as_text("+"))).as_py():
        is_missing = pc.or_(is_missing, is_dash)
    return is_missing


def count_words(texts: pa.ChunkedArray) -> dict[str, int]:
    """Return how often each text occurs, the most frequent first; null counts as an empty cell.

    >>> count_words(pa.chunked_array([["n/a", "", None, "n/a"]]))
    {'': 2, 'n/a': 2}
    """
    counts = pc.value_counts(pc.fill_null(texts, as_text(""))).to_pylist()
    pairs = ((entry["values"], entry["counts"]) for entry in counts)
    return dict(sorted(pairs, key=lambda pair: (-pair[1], pair[0])))


def describe_words(words: Mapping[str, int]) -> str:
    """Return how often each word stands for a missing cell; empty where all missing cells are empty.

    >>> describe_words({"n/a": 3, "": 2, "-": 1})
    '3 are `n/a`, 2 are empty, 1 is `-`'
    >>> describe_words({"": 2})
    ''
    """
    if not any(words):
        return ""
    return ", ".join(
        f"{count} {'is' if count == 1 else 'are'} {f'`{word}`' if word else 'empty'}"
        for word, count in words.items()
    )
