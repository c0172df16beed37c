"""Numbers as a reader wants them: as many digits as they deserve, and a true minus sign."""

from __future__ import annotations

import math
from numbers import Real

_SCIENTIFIC_ABOVE = 1e6
_SCIENTIFIC_BELOW = 1e-4
_DIGITS_OF_SCALE = 3
_SMALLEST_SHARE = 0.001
MISSING = "–"


def decimals_for(scale: float | None) -> int | None:
    """Return the decimals that show three significant digits of a standard deviation.

    `None` where the scale says nothing: missing, zero, or so large or small that scientific notation is due.

    >>> decimals_for(5.18), decimals_for(0.0123), decimals_for(4321.0), decimals_for(0.0)
    (2, 4, 0, None)
    """
    if scale is None or not math.isfinite(scale) or not _SCIENTIFIC_BELOW < scale < _SCIENTIFIC_ABOVE:
        return None
    return max(0, _DIGITS_OF_SCALE - 1 - math.floor(math.log10(scale)))


def format_number(value: object, decimals: int | None = None) -> str:
    """Return a number in words fit for a table; what is no number is a dash.

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
    return _plain(value, decimals).replace("-", "−")


def _plain(value: float, decimals: int | None) -> str:
    size = abs(value)
    if size and (size >= _SCIENTIFIC_ABOVE or (size < _SCIENTIFIC_BELOW and decimals is None)):
        mantissa, exponent = f"{value:.2e}".split("e")
        return f"{mantissa}e{int(exponent)}"
    text = _significant(value) if decimals is None else f"{value:,.{decimals}f}"
    return text.removeprefix("-") if float(text.replace(",", "")) == 0 else text


def _significant(value: float) -> str:
    """Return a number with four significant digits, whole ones in full, and no trailing zeros."""
    decimals = max(0, 3 - math.floor(math.log10(abs(value)))) if value else 0
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def format_count(value: object) -> str:
    """Return a count with thousands separated.

    >>> format_count(12345.6)
    '12,346'
    """
    return format_number(value, 0)


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
    """Return a duration in the unit a person would use.

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


def plural(count: int, noun: str) -> str:
    """Return a count with its noun.

    >>> plural(1, "chain"), plural(4, "chain"), plural(2, "quantity")
    ('1 chain', '4 chains', '2 quantities')
    """
    many = f"{noun.removesuffix('y')}ies" if noun.endswith("y") else f"{noun}s"
    return f"{format_count(count)} {noun if count == 1 else many}"
