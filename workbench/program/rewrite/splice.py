"""Put several statements, or none, in the place of one, without braces where Stan allows it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t

_SPLICED = -2
"""The number of the blocks and empty statements that are put in here and removed again."""


def splice(statements: Iterable[n.Stmt], origin: int = -1) -> n.Block:
    """Return statements to stand in the place of one, whose number inserted text takes on."""
    placed = (replace(item, id=origin) if isinstance(item, n.Raw) else item for item in statements)
    return n.Block(tuple(placed), id=_SPLICED)


def splice_out() -> n.Jump:
    """Return what stands in the place of a statement that is removed."""
    return n.Jump("", id=_SPLICED)


def remove_braces(statements: Sequence[n.Stmt]) -> tuple[n.Stmt, ...]:
    """Return statements without the braces and semicolons of splices inside lists of statements."""

    def change(node: n.Stmt) -> n.Stmt:
        return (
            replace(node, body=tuple(_flatten(node.body))) if isinstance(node, n.Block | n.Profile) else node
        )

    return tuple(_flatten(t.rebuild(tuple(statements), change)))


def _flatten(statements: Iterable[n.Stmt]) -> Iterable[n.Stmt]:
    for statement in statements:
        if isinstance(statement, n.Block) and statement.id == _SPLICED:
            yield from statement.body
        elif not (isinstance(statement, n.Jump) and statement.id == _SPLICED):
            yield statement
