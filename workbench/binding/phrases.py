"""Names and places as every message of this room says them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from workbench.program import Declaration, Program

_MOST = 12


def place(program: Program, declaration: Declaration) -> str:
    """Return where a variable is declared."""
    return f"`{(declaration.path or program.path).name}`, line {declaration.line}"


def listed(names: Iterable[str], most: int = _MOST) -> str:
    """Return names in backticks, a long list cut short.

    >>> listed(["a", "b"])
    '`a`, `b`'
    """
    every = list(names)
    shown = ", ".join(f"`{name}`" for name in every[:most])
    return (f"{shown} and {len(every) - most} more" if len(every) > most else shown) or "nothing"


def closest(name: str, names: Sequence[str]) -> str | None:
    """Return a hint that names the closest of some names, if one is close."""
    close = difflib.get_close_matches(name, names, 1)
    return f"did you mean `{close[0]}`?" if close else None


def size_of(shape: tuple[int | None, ...]) -> str:
    """Return a shape as a reader would say it."""
    return " x ".join("?" if length is None else str(length) for length in shape) or "1 (a single number)"


def number(value: float) -> str:
    """Return a number shortly, but whole where it is whole.

    >>> number(3000000000.0), number(-0.3)
    ('3000000000', '-0.3')
    """
    return f"{value:.0f}" if float(value).is_integer() and abs(value) < 1e15 else f"{value:g}"
