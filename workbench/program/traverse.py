"""Walking over syntax trees by their fields, and copying them with changes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from workbench.program import nodes as n


def children(node: object) -> Iterator[Any]:
    """Yield the nodes directly inside a node, in source order."""
    if isinstance(node, tuple):
        for item in node:
            if dataclasses.is_dataclass(item):
                yield item
            elif isinstance(item, tuple):
                yield from children(item)
    elif dataclasses.is_dataclass(node):
        for part in dataclasses.fields(node):
            value = getattr(node, part.name)
            if not isinstance(value, n.Type):
                yield from children((value,))


def walk(node: object) -> Iterator[Any]:
    """Yield a node and everything inside it, outermost first."""
    if dataclasses.is_dataclass(node):
        yield node
    for child in children(node):
        yield from walk(child)


def rebuild(node: Any, change: Callable[[Any], Any]) -> Any:
    """Return a copy of a node with `change` applied to every node inside it, innermost first.

    `change` returns the node itself where nothing is to be done.
    """
    if isinstance(node, tuple):
        return tuple(rebuild(item, change) for item in node)
    if not dataclasses.is_dataclass(node) or isinstance(node, n.Type | type):
        return node
    old = {part.name: getattr(node, part.name) for part in dataclasses.fields(node)}
    new = {name: rebuild(value, change) for name, value in old.items()}
    same = all(new[name] is old[name] or new[name] == old[name] for name in old)
    return change(node if same else type(node)(**new))


def substitute(node: Any, replacements: Mapping[int, Any]) -> Any:
    """Return a copy of a node with the very nodes named by their `id()` replaced."""
    if id(node) in replacements:
        return replacements[id(node)]
    if isinstance(node, tuple):
        return tuple(substitute(item, replacements) for item in node)
    if not dataclasses.is_dataclass(node) or isinstance(node, n.Type | type):
        return node
    parts = {part.name: getattr(node, part.name) for part in dataclasses.fields(node)}
    return type(node)(**{name: substitute(value, replacements) for name, value in parts.items()})


def bare(expression: n.Expr) -> n.Expr:
    """Return an expression without the parentheses and promotions around it."""
    while isinstance(expression, n.Paren | n.Promotion):
        expression = expression.inner
    return expression


def names_in(node: object) -> frozenset[str]:
    """Return every variable name that occurs in a node."""
    return frozenset(item.name for item in walk(node) if isinstance(item, n.Variable))
