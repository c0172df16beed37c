"""S-expressions, the form in which stanc prints its syntax tree, as nested lists of strings."""

from __future__ import annotations

import re
from typing import TypeAlias

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
        token = match.group()
        if token == "(":
            open_lists.append([])
        elif token == ")":
            closed = open_lists.pop()
            open_lists[-1].append(closed)
        else:
            open_lists[-1].append(_unquote(token) if token[0] == '"' else token)
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
