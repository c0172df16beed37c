"""Names that the user chose, as labels of a drawing: safe to show, and no wider than their place."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

_LONGEST = 28
"""The most characters of a label; of a longer one the middle is left out."""

_LETTER_WIDTH = 0.068
"""Width of a letter of 9 points in the widest common typeface [inches]."""

LABEL_SIZE = 8.5
"""Size of the letters of labels [points]."""

_SMALLEST_SIZE = 6.0
"""The smallest size of letters that can be read [points]."""

_GAP = 0.1
"""Distance between labels and what they name [inches]."""


def clean_label(text: str) -> str:
    r"""Return a label without characters that act on the page, and with at most 28 characters.

    >>> clean_label("beta[age]"), clean_label("a\u202eb"), clean_label("x" * 14 + "y" * 20)
    ('beta[age]', 'a□b', 'xxxxxxxxxxxxxx…yyyyyyyyyyyyy')
    """
    shown = "".join("\u25a1" if unicodedata.category(letter)[0] == "C" else letter for letter in text)
    if len(shown) <= _LONGEST:
        return shown
    half = _LONGEST // 2
    return f"{shown[:half]}…{shown[-(_LONGEST - half - 1) :]}"


def fit_labels(labels: Sequence[str], width: float, largest_share: float = 0.42) -> tuple[float, float]:
    """Return the room that labels take, and the size at which the longest fits into it.

    Parameters
    ----------
    labels
        The labels, at the left of a drawing.
    width
        Width of the drawing [inches].
    largest_share
        The most room that they may take [share of the width].

    Returns
    -------
    tuple[float, float]
        The room [share of the width], and the size of the letters [points].
    """
    longest = max((sum(_measure(letter) for letter in label) for label in labels), default=0.0)
    needed = (_GAP + _LETTER_WIDTH * longest * LABEL_SIZE / 9.0) / width
    share = min(max(needed, 0.1), largest_share)
    return share, max(_SMALLEST_SIZE, LABEL_SIZE * min(1.0, share / needed))


def _measure(letter: str) -> float:
    """Return the width of a letter [widths of a Latin letter]."""
    return 1.8 if unicodedata.east_asian_width(letter) in "WF" else 1.0
