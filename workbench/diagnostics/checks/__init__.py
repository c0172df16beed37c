"""One file for each check, named after its code."""

from __future__ import annotations

from functools import cache
from pkgutil import iter_modules


@cache
def list_codes() -> frozenset[str]:
    """Return the code of every check, without importing any.

    >>> "WB101" in list_codes(), "WB999" in list_codes()
    (True, False)
    """
    return frozenset(module.name.partition("_")[0].upper() for module in iter_modules(__path__))
