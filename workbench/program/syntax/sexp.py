"""S-expressions, the form in which stanc prints its syntax tree, as nested lists of strings."""

from __future__ import annotations

import re
from typing import TypeAlias

from workbench.errors import ProgramError

Sexp: TypeAlias = "str | list[Sexp]"

_TOKEN = re.compile(r'[()]|"(?:[^"\\]|\\.)*"|[^\s()"]+', re.DOTALL)
_ESCAPE = re.compile(r"\\(\r?\n[ \t]*|\d{3}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b"}


def parse_sexp(text: str) -> Sexp:
    """Return the first s-expression of a text.

    >>> parse_sexp('(a (b "c d"))')
    ['a', ['b', 'c d']]
    """
    open_lists: list[list[Sexp]] = [[]]
    for match in _TOKEN.finditer(text):
        found = match.group()
        if found == "(":
            open_lists.append([])
        elif found == ")":
            closed = open_lists.pop()
            open_lists[-1].append(closed)
        else:
            open_lists[-1].append(_unquote(found) if found[0] == '"' else found)
    return open_lists[0][0]


def _unquote(token: str) -> str:
    return _ESCAPE.sub(_unescape, token[1:-1])


def _unescape(match: re.Match[str]) -> str:
    escaped = match.group(1)
    if escaped[0] in "\r\n":
        return ""
    if escaped.isdigit():
        return chr(int(escaped))
    return _ESCAPED.get(escaped, escaped)


def record(sexp: Sexp) -> dict[str, Sexp]:
    """Return the fields of an OCaml record; a field without a value holds an empty list."""
    fields = (items(field) for field in items(sexp))
    return {word(field[0]): field[1] if len(field) > 1 else [] for field in fields}


def tagged(sexp: Sexp) -> tuple[str, list[Sexp]]:
    """Return a constructor and its arguments."""
    return (sexp, []) if isinstance(sexp, str) else (word(sexp[0]), sexp[1:])


def items(sexp: Sexp) -> list[Sexp]:
    """Return the parts of a list."""
    if isinstance(sexp, str):
        raise ProgramError(f"stanc wrote `{sexp}` where a list was expected.")
    return sexp


def word(sexp: Sexp) -> str:
    """Return a word."""
    if not isinstance(sexp, str):
        raise ProgramError("stanc wrote a list where a word was expected.")
    return sexp
