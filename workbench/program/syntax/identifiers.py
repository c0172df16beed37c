"""Names for what we add to a program: never one that the program, or Stan, already uses."""

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


def identifier(text: str) -> str:
    """Return a text made a Stan identifier.

    >>> identifier("2-level model")
    'm2_level_model'
    """
    name = re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_") or "model"
    return name if name[0].isalpha() else f"m{name}"


class Names:
    """Hands out names that nothing else in the program has."""

    def __init__(self, tree: n.Tree) -> None:
        self.taken = _RESERVED | frozenset(_all_names(tree))

    def fresh(self, wanted: str) -> str:
        """Return `wanted`, numbered if it is taken; it is taken from now on."""
        name, number = identifier(wanted), 1
        while name in self.taken:
            number += 1
            name = f"{identifier(wanted)}_{number}"
        self.taken |= {name}
        return name


def _all_names(tree: n.Tree) -> Iterable[str]:
    for statement in (item for _, body in tree.blocks for item in body):
        for node in t.walk(statement):
            if isinstance(node, n.Declare):
                yield from (name for name, _ in node.variables)
            elif isinstance(node, n.For | n.ForEach):
                yield node.variable
            elif isinstance(node, n.Tilde):
                yield node.distribution
            elif isinstance(node, n.Variable | n.Call | n.CallStatement | n.Function | n.Argument):
                yield node.name
