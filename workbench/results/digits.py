"""A number beside the limit it is held against, with the digits that tell them apart."""

from __future__ import annotations

_MOST = 17


def told_apart(value: float, limit: float, decimals: int) -> tuple[str, str]:
    """Return a number and its limit with as many decimals as it takes to see which is larger.

    Parameters
    ----------
    value, limit
        The two.
    decimals
        Decimals where these are enough, or where both are the same number.

    >>> told_apart(1.25, 1.01, 3)
    ('1.250', '1.010')
    >>> told_apart(1.01004, 1.01, 3)
    ('1.01004', '1.01000')
    """
    for digits in range(decimals, _MOST):
        texts = f"{value:.{digits}f}", f"{limit:.{digits}f}"
        if texts[0] != texts[1]:
            return texts
    return f"{value:.{decimals}f}", f"{limit:.{decimals}f}"
