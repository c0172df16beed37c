"""S-expressions, the form in which stanc prints its syntax tree, as nested lists of strings."""

from __future__ import annotations

import re
from typing import TypeAlias

from workbench.errors import ProgramError

Sexp: TypeAlias = "str | list[Sexp]"
"""An atom, or a list of s-expressions."""

_TOKEN = re.compile(r'[()]|"(?:[^"\\]|\\.)*"|[^\s()"]+', re.DOTALL)
"""A parenthesis, a quoted atom, or a plain atom."""

_ESCAPE = re.compile(r"\\(\r?\n[ \t]*|\d{3}|.)", re.DOTALL)
"""An escape sequence of OCaml inside a quoted atom."""

_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b"}
"""The characters that OCaml escapes by a letter; any other escaped character stands for itself."""


def parse_sexp(source: str) -> Sexp:
    """Return the first s-expression of a text.

    >>> parse_sexp('(a (b "c d"))')
    ['a', ['b', 'c d']]
    """
    open_lists: list[list[Sexp]] = [[]]
    for match in _TOKEN.finditer(source):
        text = match.group()
        if text == "(":
            open_lists.append([])
        elif text == ")":
            closed = open_lists.pop()
            open_lists[-1].append(closed)
        else:
            open_lists[-1].append(_unquote(text) if text[0] == '"' else text)
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


def as_fields(sexp: Sexp) -> dict[str, Sexp]:
    """Return the fields of an OCaml record; a field without a value holds an empty list."""
    fields = (as_list(field) for field in as_list(sexp))
    return {as_atom(field[0]): field[1] if len(field) > 1 else [] for field in fields}


def as_variant(sexp: Sexp) -> tuple[str, list[Sexp]]:
    """Return the constructor of an OCaml variant, and its arguments."""
    return (sexp, []) if isinstance(sexp, str) else (as_atom(sexp[0]), sexp[1:])


def as_list(sexp: Sexp) -> list[Sexp]:
    """Return an s-expression that must be a list."""
    if isinstance(sexp, str):
        raise ProgramError(f"stanc printed `{sexp}` where a list was expected.")
    return sexp


def as_atom(sexp: Sexp) -> str:
    """Return an s-expression that must be an atom."""
    if not isinstance(sexp, str):
        raise ProgramError("stanc printed a list where a single word was expected.")
    return sexp
