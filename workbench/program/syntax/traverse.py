"""Visit the nodes of a syntax tree by their fields, and copy trees with changes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from workbench.program.syntax import nodes as n

_LEAVES = (str, int, n.Type, type(None))
"""The types of fields that hold no nodes."""


_FIELD_NAMES: dict[type, tuple[str, ...]] = {}
"""The names of the fields of each kind of node, filled when the kind is first met."""


def _field_names(node: Any) -> tuple[str, ...]:
    kind = type(node)
    if kind not in _FIELD_NAMES:
        _FIELD_NAMES[kind] = tuple(field.name for field in dataclasses.fields(kind))
    return _FIELD_NAMES[kind]


def iterate_children(node: object) -> Iterator[Any]:
    """Yield the nodes directly inside a node, in source order."""
    fields = node if isinstance(node, tuple) else (getattr(node, name) for name in _field_names(node))
    for value in fields:
        if isinstance(value, tuple):
            yield from iterate_children(value)
        elif not isinstance(value, _LEAVES):
            yield value


def walk(node: object) -> Iterator[Any]:
    """Yield a node and every node inside it, outermost first."""
    waiting = list(node[::-1]) if isinstance(node, tuple) else [node]
    while waiting:
        item = waiting.pop()
        if isinstance(item, tuple):
            waiting += item[::-1]
        elif not isinstance(item, _LEAVES):
            yield item
            waiting += [getattr(item, name) for name in _field_names(item)[::-1]]


def rebuild(node: Any, change: Callable[[Any], Any]) -> Any:
    """Return a copy of a node with `change` applied to it and to every node inside it, innermost first.

    Where `change` returns the node itself, nothing is copied.
    """
    if isinstance(node, _LEAVES):
        return node
    if isinstance(node, tuple):
        items = tuple(rebuild(item, change) for item in node)
        return node if all(new is old for new, old in zip(items, node, strict=True)) else items
    return change(_map_fields(node, lambda value: rebuild(value, change)))


def substitute(node: Any, replacements: Mapping[int, Any]) -> Any:
    """Return a copy of a node with nodes replaced, which are identified by their `id()`."""
    if isinstance(node, _LEAVES):
        return node
    if id(node) in replacements:
        return replacements[id(node)]
    if isinstance(node, tuple):
        items = tuple(substitute(item, replacements) for item in node)
        return node if all(new is old for new, old in zip(items, node, strict=True)) else items
    return _map_fields(node, lambda value: substitute(value, replacements))


def _map_fields(node: Any, change: Callable[[Any], Any]) -> Any:
    """Return a node with `change` applied to its fields; the node itself if nothing changes."""
    names = _field_names(node)
    old = [getattr(node, name) for name in names]
    new = [change(value) for value in old]
    if all(after is before for after, before in zip(new, old, strict=True)):
        return node
    return type(node)(**dict(zip(names, new, strict=True)))


def unwrap(expression: n.Expr) -> n.Expr:
    """Return an expression without the parentheses and promotions around it."""
    while isinstance(expression, n.Paren | n.Promotion):
        expression = expression.inner
    return expression


def find_names(node: object) -> frozenset[str]:
    """Return the names of all variables that occur in a node."""
    return frozenset(item.name for item in walk(node) if isinstance(item, n.Variable))
