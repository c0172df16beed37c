"""Which variables of a program may depend on some of its data."""

from __future__ import annotations

from collections.abc import Collection

from workbench.program.syntax import nodes as n
from workbench.program.syntax.traverse import find_names, walk

_BLOCKS = ("transformed data", "transformed parameters", "generated quantities")
"""Blocks that make variables from others, in Stan's order."""


def find_dependent(tree: n.Tree, data: Collection[str]) -> frozenset[str]:
    """Return the names of variables that may depend on data, and these data.

    A statement makes all that it declares or assigns from all that it reads: a loop counts as one statement,
    so that some variables are named that do not depend on the data.

    Parameters
    ----------
    tree
        The program.
    data
        Names of data variables.
    """
    found = set(data)
    for statement in (item for block in _BLOCKS for item in tree.get_block(block)):
        if find_names(statement) & found:
            found |= _find_made(statement)
    return frozenset(found)


def _find_made(statement: n.Stmt) -> frozenset[str]:
    """Return the names that a statement declares or assigns."""
    declared = {name for item in walk(statement) if isinstance(item, n.Declare) for name, _ in item.variables}
    assigned = [find_names(item.left) for item in walk(statement) if isinstance(item, n.Assignment)]
    return frozenset(declared).union(*assigned)
