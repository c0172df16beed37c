"""Which variables of a program may depend on some of its data."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from workbench.program.syntax import nodes as n
from workbench.program.syntax.traverse import find_names, rebuild, walk

_BLOCKS = ("transformed data", "transformed parameters", "generated quantities")
"""Blocks that make variables from others, in Stan's order."""

_MEASURES = frozenset({"cols", "dims", "num_elements", "rows", "size"})
"""Functions of the shape of their argument, whatever its values are."""


def find_dependent(tree: n.Tree, data: Collection[str], *, is_shape_known: bool = False) -> frozenset[str]:
    """Return the names of variables that may depend on data, and these data.

    A statement makes all that it declares or assigns from all that it reads: a loop counts as one statement,
    so that some variables are named that do not depend on the data.

    Parameters
    ----------
    tree
        The program.
    data
        Names of data variables.
    is_shape_known
        Whether only their values count: `size(y)` is then no use of `y`.
    """
    found = set(data)
    for statement in (item for block in _BLOCKS for item in tree.get_block(block)):
        read = rebuild(statement, _leave_out_measured) if is_shape_known else statement
        if find_names(read) & found:
            found |= _find_made(statement)
    return frozenset(found)


def _leave_out_measured(node: Any) -> Any:
    """Return a node; a call that asks for the shape of a variable without the variable."""
    if isinstance(node, n.Call) and node.name in _MEASURES and not node.is_user_defined:
        return replace(node, arguments=())
    return node


def _find_made(statement: n.Stmt) -> frozenset[str]:
    """Return the names that a statement declares or assigns."""
    declared = {name for item in walk(statement) if isinstance(item, n.Declare) for name, _ in item.variables}
    assigned = [find_names(item.left) for item in walk(statement) if isinstance(item, n.Assignment)]
    return frozenset(declared).union(*assigned)
