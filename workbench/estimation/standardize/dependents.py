"""The transformed parameters that depend on given variables."""

from __future__ import annotations

from collections.abc import Iterable

from workbench.program import Program
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t


def find_dependents(program: Program, names: Iterable[str]) -> tuple[str, ...]:
    """Return the transformed parameters that may depend on some variables.

    A statement that reads a dependent variable, loops and branches included, makes everything that it
    declares or assigns dependent: rather too many variables than too few.
    """
    blocks = ("transformed data", "transformed parameters")
    statements = [statement for block in blocks for statement in program.tree.get_block(block)]
    dependent = set(names)
    is_growing = True
    while is_growing:
        reached = {
            name
            for statement in statements
            if t.find_names(statement) & dependent
            for name in _find_written(statement)
        }
        is_growing = not reached <= dependent
        dependent |= reached
    return tuple(
        declaration.name for declaration in program.transformed_parameters if declaration.name in dependent
    )


def _find_written(statement: n.Stmt) -> set[str]:
    """Return the variables that a statement declares or assigns."""
    written: set[str] = set()
    for node in t.walk(statement):
        if isinstance(node, n.Declare):
            written |= {name for name, _ in node.variables}
        elif isinstance(node, n.Assignment):
            written |= t.find_names(node.left)
    return written
