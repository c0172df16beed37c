"""The statements that some variables need: all others are left out.

A statement is needed if it makes a variable that a needed statement reads. Order and elements are not looked
at, so that too much may be kept, and never too little.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t

_MEASURES = frozenset({"cols", "dims", "num_elements", "rows", "size"})
"""Functions of the shape of their argument, whatever its values are."""

_WORD = re.compile(r"[A-Za-z]\w*")
"""A name in inserted text."""


def slice_statements(
    statements: Sequence[n.Stmt], targets: frozenset[str] = frozenset()
) -> tuple[n.Stmt, ...]:
    """Return the statements that make some variables, and those that inserted text among them needs.

    Parameters
    ----------
    statements
        Statements, with inserted text (`Raw`), all of which is kept; so are `break` and `continue`.
    targets
        Variables that are wanted.
    """
    needed = set(targets)
    makers: list[tuple[frozenset[str], frozenset[str]]] = []
    for made, read in _list_makers(statements, frozenset()):
        if made:
            makers.append((made, read))
        else:
            needed |= read
    while more := {name for made, read in makers if made & needed for name in read} - needed:
        needed |= more
    return tuple(kept for item in statements for kept in _prune(item, frozenset(needed)))


def find_dependent_names(statements: Sequence[n.Stmt], names: frozenset[str]) -> frozenset[str]:
    """Return the variables that statements make from some variables, and these; `size(y)` is no use of `y`.

    Conditions around a statement count as read by it.
    """
    blind = t.rebuild(tuple(statements), _leave_out_measured)
    makers = [pair for pair in _list_makers(blind, frozenset()) if pair[0]]
    found = set(names)
    while more := {name for made, read in makers if read & found for name in made} - found:
        found |= more
    return frozenset(found)


def _leave_out_measured(node: Any) -> Any:
    """Return a node; a call that asks for the shape of a variable without the variable."""
    if isinstance(node, n.Call) and node.name in _MEASURES and not node.is_user_defined:
        return replace(node, arguments=())
    return node


def find_made_names(statement: n.Stmt) -> frozenset[str]:
    """Return the variables that a declaration or an assignment gives a value."""
    if isinstance(statement, n.Declare):
        return frozenset(name for name, _ in statement.variables)
    return _find_assigned(statement.left) if isinstance(statement, n.Assignment) else frozenset()


def find_read_names(node: object) -> frozenset[str]:
    """Return the names in a node, those of inserted text among them."""
    texts = (item.text for item in t.walk(node) if isinstance(item, n.Raw))
    return t.find_names(node) | frozenset(word for text in texts for word in _WORD.findall(text))


def _find_assigned(left: n.Expr | n.Pack) -> frozenset[str]:
    if isinstance(left, n.Indexed | n.Projection):
        return _find_assigned(left.base)
    if isinstance(left, n.Pack):
        return frozenset[str]().union(*(_find_assigned(item) for item in left.items))
    return t.find_names(left)


def _list_makers(
    statements: Sequence[n.Stmt], around: frozenset[str]
) -> Iterator[tuple[frozenset[str], frozenset[str]]]:
    """Yield what statements make, and what they read with the conditions around them.

    Inserted text, `break` and `continue` make nothing, and are always needed.
    """
    for item in statements:
        if isinstance(item, n.Raw) or (isinstance(item, n.Jump) and item.keyword):
            yield frozenset(), find_read_names(item) | around
        elif isinstance(item, n.Declare | n.Assignment):
            yield find_made_names(item), t.find_names(item) | around
        else:
            yield from _list_makers(_list_bodies(item), around | t.find_names(_list_heads(item)))


def _list_bodies(statement: n.Stmt) -> tuple[n.Stmt, ...]:
    if isinstance(statement, n.Block | n.Profile):
        return statement.body
    if isinstance(statement, n.For | n.ForEach | n.While):
        return (statement.body,)
    if isinstance(statement, n.If):
        return (statement.yes,) if statement.no is None else (statement.yes, statement.no)
    return ()


def _list_heads(statement: n.Stmt) -> tuple[n.Expr, ...]:
    """Return the expressions that decide whether and how often the statements inside run."""
    if isinstance(statement, n.For):
        return (statement.lower, statement.upper)
    if isinstance(statement, n.ForEach):
        return (statement.container,)
    return (statement.condition,) if isinstance(statement, n.While | n.If) else ()


def _prune(statement: n.Stmt, needed: frozenset[str]) -> Iterator[n.Stmt]:
    """Yield a statement without what is not needed inside it; nothing if it is not needed at all."""
    if isinstance(statement, n.Raw) or (isinstance(statement, n.Jump) and statement.keyword):
        yield statement
    elif isinstance(statement, n.Declare | n.Assignment):
        if find_made_names(statement) & needed:
            yield statement
    elif isinstance(statement, n.Block | n.Profile):
        body = tuple(kept for item in statement.body for kept in _prune(item, needed))
        if body:
            yield replace(statement, body=body)
    elif isinstance(statement, n.For | n.ForEach | n.While):
        body = tuple(_prune(statement.body, needed))
        if body:
            yield replace(statement, body=_enclose(body))
    elif isinstance(statement, n.If):
        yes = tuple(_prune(statement.yes, needed))
        no = () if statement.no is None else tuple(_prune(statement.no, needed))
        if yes or no:
            yield replace(statement, yes=_enclose(yes), no=_enclose(no) if no else None)


def _enclose(statements: Sequence[n.Stmt]) -> n.Stmt:
    return (
        statements[0]
        if len(statements) == 1 and isinstance(statements[0], n.Block)
        else n.Block(tuple(statements))
    )
