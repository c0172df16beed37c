"""Which transformed parameters follow from given variables: Stan works them out for draws of its own only."""

from __future__ import annotations

from collections.abc import Iterable

from workbench.program import Program
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t


def find_dependents(program: Program, names: Iterable[str]) -> tuple[str, ...]:
    """Return the transformed parameters that some variables may reach, statement by statement.

    A statement that reads a reached variable reaches all that it declares or assigns, loops and branches
    included: too many rather than too few.
    """
    blocks = ("transformed data", "transformed parameters")
    statements = [statement for block in blocks for statement in program.tree.block(block)]
    reached = set(names)
    is_growing = True
    while is_growing:
        found = {name for one in statements if t.names_in(one) & reached for name in _written(one)}
        is_growing = not found <= reached
        reached |= found
    return tuple(one.name for one in program.transformed_parameters if one.name in reached)


def _written(statement: n.Stmt) -> set[str]:
    """Return the variables that a statement declares or assigns."""
    found: set[str] = set()
    for item in t.walk(statement):
        if isinstance(item, n.Declare):
            found |= {name for name, _ in item.variables}
        elif isinstance(item, n.Assignment):
            found |= t.names_in(item.left)
    return found
