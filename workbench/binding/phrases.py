"""Names, numbers and places as the messages of this room write them."""

from __future__ import annotations

import csv
import difflib
import io
import shlex
from collections.abc import Iterable

from workbench.program import Declaration, Program

_MOST_NAMES = 12
"""How many names a message lists."""

_LONGEST_NAME = 100
"""Characters of a name that a list shows."""


def format_place(program: Program, declaration: Declaration) -> str:
    """Return where a variable is declared: the file and the line."""
    return f"`{(declaration.path or program.path).name}`, line {declaration.line}"


def format_declaration(program: Program, declaration: Declaration) -> str:
    """Return how and where a variable is declared, as the beginning of a sentence."""
    return f"`{declaration.name}` is declared `{declaration.text}` in {format_place(program, declaration)}"


def format_names(names: Iterable[str], most: int = _MOST_NAMES) -> str:
    """Return names in backticks; a long list is cut short.

    >>> format_names(["a", "b"])
    '`a`, `b`'
    >>> format_names("abcde", 3)
    '`a`, `b`, `c` and 2 more'
    """
    every = list(names)
    shown = ", ".join(f"`{_shorten(name)}`" for name in every[:most])
    return (f"{shown} and {len(every) - most} more" if len(every) > most else shown) or "nothing"


def _shorten(name: str) -> str:
    """Return a name that keeps its beginning and its end, where it is very long."""
    half = _LONGEST_NAME // 2
    return name if len(name) <= _LONGEST_NAME else f"{name[:half]}...{name[-half:]}"


def format_option(option: str, name: str, value: str) -> str:
    """Return an option as one types it into a shell, with quotes where they are needed.

    >>> format_option("--reference", "town", "Foo / Bar")
    "--reference town='Foo / Bar'"
    """
    return f"{option} {shlex.quote(name)}={shlex.quote(value)}"


def format_columns(name: str, *columns: str) -> str:
    r"""Return the option that names the columns of a variable; a column with a comma stands in quotes.

    >>> format_columns("y", "score"), format_columns("X", "Town / City", "a,b")
    ('--column y=score', '--columns X=\'Town / City,"a,b"\'')
    """
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(columns)
    return format_option("--column" if len(columns) == 1 else "--columns", name, line.getvalue())


def suggest_name(name: str, names: Iterable[str]) -> str | None:
    """Return a hint with the name closest to a misspelt one, if one is close."""
    close = difflib.get_close_matches(name, list(names), 1)
    return f"did you mean `{close[0]}`?" if close else None


def format_shape(shape: tuple[int | None, ...]) -> str:
    """Return a shape for a message; an unknown length is a question mark.

    >>> format_shape((3, None)), format_shape(())
    ('3 x ?', '1 (a single number)')
    """
    return " x ".join("?" if length is None else str(length) for length in shape) or "1 (a single number)"


def format_number(value: float) -> str:
    """Return a number with few digits; a whole number keeps all of them.

    >>> format_number(3000000000.0), format_number(-0.3)
    ('3000000000', '-0.3')
    """
    return f"{value:.0f}" if float(value).is_integer() and abs(value) < 1e15 else f"{value:g}"


def join_remarks(*remarks: str) -> str:
    """Return the remarks that are not empty, as one text."""
    return " ".join(filter(None, remarks))
