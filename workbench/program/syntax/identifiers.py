"""Identifiers of Stan, and fresh names for what the workbench adds to a program."""

from __future__ import annotations

import re
from collections.abc import Iterable

from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t

_RESERVED = frozenset({
    "for", "in", "while", "repeat", "until", "if", "then", "else", "true", "false", "target", "struct",
    "typedef", "export", "auto", "extern", "var", "static", "int", "real", "complex", "vector", "row_vector",
    "matrix", "array", "tuple", "data", "parameters", "model", "functions", "return", "void", "profile",
    "break", "continue", "print", "reject", "jacobian", "T", "lower", "upper", "offset", "multiplier",
})  # fmt: skip
"""Words that cannot be names: those that Stan reserves, and others with a meaning in its syntax."""


def to_identifier(text: str) -> str:
    """Return an identifier that resembles a text.

    >>> to_identifier("2-level model")
    'm2_level_model'
    """
    name = re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_") or "model"
    return name if name[0].isalpha() else f"m{name}"


class FreshNames:
    """Provides names that neither the program nor Stan uses."""

    def __init__(self, tree: n.Tree) -> None:
        self.used = set(_RESERVED) | set(_find_all_names(tree))

    def take(self, wanted: str) -> str:
        """Return `wanted`, numbered if it is in use; from now on the returned name is in use."""
        name, number = to_identifier(wanted), 1
        while name in self.used:
            number += 1
            name = f"{to_identifier(wanted)}_{number}"
        self.used.add(name)
        return name


def _find_all_names(tree: n.Tree) -> Iterable[str]:
    for node in t.walk(tuple(body for _, body in tree.blocks)):
        if isinstance(node, n.Declare):
            yield from (name for name, _ in node.variables)
        elif isinstance(node, n.For | n.ForEach):
            yield node.variable
        elif isinstance(node, n.Tilde):
            yield node.distribution
        elif isinstance(node, n.Variable | n.Call | n.CallStatement | n.Function | n.Argument):
            yield node.name
