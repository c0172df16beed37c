"""Numbers and lists as text: digits that suit their precision, a true minus sign, counts with their nouns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real

MISSING = "–"
"""What stands for a number or a text that is not there."""

_SCIENTIFIC_ABOVE = 1e6
_SCIENTIFIC_BELOW = 1e-4
"""Sizes from which, and below which, numbers are written in scientific notation."""

_DIGITS_OF_SCALE = 3
"""Significant digits of a standard deviation that decide how many decimals an estimate has."""

_SMALLEST_SHARE = 0.001
"""Shares below this, or as close to 1, are written as inequalities: three decimals show no more."""

_DIGITS_OF_ERROR = 2
"""Significant digits of a standard error, which decide how many decimals its number has."""

_MOST_DECIMALS = 6
"""Decimals that a number with a standard error has at most."""


def choose_decimals(scale: float | None) -> int | None:
    """Return the decimals that show three significant digits of a standard deviation.

    `None` where it is missing, zero, or so large or small that scientific notation is due.

    >>> choose_decimals(5.18), choose_decimals(0.0123), choose_decimals(4321.0), choose_decimals(0.0)
    (2, 4, 0, None)
    """
    if scale is None or not math.isfinite(scale) or not _SCIENTIFIC_BELOW < scale < _SCIENTIFIC_ABOVE:
        return None
    return max(0, _DIGITS_OF_SCALE - 1 - math.floor(math.log10(scale)))


def format_number(value: object, decimals: int | None = None) -> str:
    """Return a number as text for a table; a dash for what is not a number.

    >>> format_number(-1.2345, 2), format_number(12345.0), format_number(0.7), format_number(None)
    ('−1.23', '12,345', '0.7', '–')
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        return MISSING
    value = float(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "−∞" if value < 0 else "∞"
    return _format_finite(value, decimals).replace("-", "−")


def _format_finite(value: float, decimals: int | None) -> str:
    size = abs(value)
    if size and (size >= _SCIENTIFIC_ABOVE or (size < _SCIENTIFIC_BELOW and decimals is None)):
        mantissa, exponent = f"{value:.2e}".split("e")
        return f"{mantissa}e{int(exponent)}"
    text = _format_significant(value) if decimals is None else f"{value:,.{decimals}f}"
    return text.removeprefix("-") if float(text.replace(",", "")) == 0 else text


def _format_significant(value: float) -> str:
    """Return a number with four significant digits and no trailing zeros; large whole numbers in full."""
    decimals = max(0, 3 - math.floor(math.log10(abs(value)))) if value else 0
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def format_count(value: object) -> str:
    """Return a count with thousands separated.

    >>> format_count(12345.6)
    '12,346'
    """
    return format_number(value, 0)


def format_interval(lower: float | None, upper: float | None, decimals: int | None = None) -> str:
    """Return an interval by its ends; a dash where one of them is missing.

    >>> format_interval(-1.5, 2.0, 1), format_interval(None, 2.0)
    ('−1.5 to 2.0', '–')
    """
    if lower is None or upper is None:
        return MISSING
    return f"{format_number(lower, decimals)} to {format_number(upper, decimals)}"


def format_with_error(value: float, se: float) -> str:
    """Return a number with its standard error in parentheses, as many decimals as the error calls for.

    >>> format_with_error(-3.2142, 0.0973), format_with_error(0.5, math.nan), format_with_error(math.nan, 1)
    ('−3.214 (0.097)', '0.5', '–')
    """
    if math.isnan(value):
        return MISSING
    if not math.isfinite(se) or se <= 0:
        return format_number(value)
    decimals = min(_MOST_DECIMALS, max(0, _DIGITS_OF_ERROR - 1 - math.floor(math.log10(se))))
    return f"{format_number(value, decimals)} ({format_number(se, decimals)})"


def format_percentage(share: float | None, decimals: int | None = None) -> str:
    """Return a share as a percentage; a dash where it is missing.

    >>> format_percentage(0.95), format_percentage(0.125, 1), format_percentage(None)
    ('95%', '12.5%', '–')
    """
    if share is None:
        return MISSING
    return f"{100 * share:g}%" if decimals is None else f"{format_number(100 * share, decimals)}%"


def format_share(value: object) -> str:
    """Return a small share, such as a p-value or a sensitivity, with three decimals.

    >>> format_share(0.0314), format_share(0.0002), format_share(0.9999), format_share(None)
    ('0.031', '<0.001', '>0.999', '–')
    """
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        return MISSING
    value = float(value)
    if 0 <= value < _SMALLEST_SHARE:
        return f"<{_SMALLEST_SHARE}"
    if 1 - _SMALLEST_SHARE < value <= 1:
        return f">{1 - _SMALLEST_SHARE}"
    return format_number(value, 3)


def format_seconds(value: object) -> str:
    """Return a duration in seconds, or from a minute on in minutes and seconds.

    >>> format_seconds(0.034), format_seconds(3.21), format_seconds(125.0)
    ('0.03 s', '3.2 s', '2 min 5 s')
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        return MISSING
    value = float(value)
    if value < 1:
        return f"{value:.2f} s"
    if value < 60:
        return f"{value:.1f} s"
    return f"{int(value // 60)} min {int(value % 60)} s"


def pluralise(count: int, noun: str) -> str:
    """Return a count with its noun.

    >>> pluralise(1, "chain"), pluralise(4, "batch"), pluralise(2, "quantity"), pluralise(3, "day")
    ('1 chain', '4 batches', '2 quantities', '3 days')
    """
    is_irregular = noun.endswith("y") and noun[-2:-1] not in "aeou"
    many = f"{noun.removesuffix('y')}ies" if is_irregular else f"{noun}{'es' if noun.endswith('ch') else 's'}"
    return f"{format_count(count)} {noun if count == 1 else many}"


def join_with_and(items: Sequence[str]) -> str:
    """Return a list as one phrase.

    >>> join_with_and(["a"]), join_with_and(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return " and ".join([", ".join(items[:-1]), items[-1]]) if len(items) > 1 else "".join(items)
