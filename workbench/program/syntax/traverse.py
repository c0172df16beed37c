"""Walking over syntax trees by their fields, and copying them with changes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from workbench.program.syntax import nodes as n

_LEAVES = (str, int, n.Type, type(None))


_PARTS: dict[type, tuple[str, ...]] = {}


def _parts(node: Any) -> tuple[str, ...]:
    """Return the names of a node's fields, looked up once for each kind of node."""
    kind = type(node)
    if kind not in _PARTS:
        _PARTS[kind] = tuple(part.name for part in dataclasses.fields(kind))
    return _PARTS[kind]


def children(node: object) -> Iterator[Any]:
    """Yield the nodes directly inside a node, in source order."""
    held = node if isinstance(node, tuple) else (getattr(node, name) for name in _parts(node))
    for value in held:
        if isinstance(value, tuple):
            yield from children(value)
        elif not isinstance(value, _LEAVES):
            yield value


def walk(node: object) -> Iterator[Any]:
    """Yield a node and everything inside it, outermost first."""
    waiting = list(node[::-1]) if isinstance(node, tuple) else [node]
    while waiting:
        item = waiting.pop()
        if isinstance(item, tuple):
            waiting += item[::-1]
        elif not isinstance(item, _LEAVES):
            yield item
            waiting += [getattr(item, name) for name in _parts(item)[::-1]]


def rebuild(node: Any, change: Callable[[Any], Any]) -> Any:
    """Return a copy of a node with `change` applied to every node inside it, innermost first.

    `change` returns the node itself where nothing is to be done; what is unchanged is not copied.
    """
    if isinstance(node, _LEAVES):
        return node
    if isinstance(node, tuple):
        items = tuple(rebuild(item, change) for item in node)
        return node if all(new is old for new, old in zip(items, node, strict=True)) else items
    return change(_with_parts(node, lambda part: rebuild(part, change)))


def substitute(node: Any, replacements: Mapping[int, Any]) -> Any:
    """Return a copy of a node with the very nodes named by their `id()` replaced."""
    if isinstance(node, _LEAVES):
        return node
    if id(node) in replacements:
        return replacements[id(node)]
    if isinstance(node, tuple):
        items = tuple(substitute(item, replacements) for item in node)
        return node if all(new is old for new, old in zip(items, node, strict=True)) else items
    return _with_parts(node, lambda part: substitute(part, replacements))


def _with_parts(node: Any, change: Callable[[Any], Any]) -> Any:
    """Return a node with its parts changed, itself where none is."""
    names = _parts(node)
    old = [getattr(node, name) for name in names]
    new = [change(part) for part in old]
    if all(mine is theirs for mine, theirs in zip(new, old, strict=True)):
        return node
    return type(node)(**dict(zip(names, new, strict=True)))


def bare(expression: n.Expr) -> n.Expr:
    """Return an expression without the parentheses and promotions around it."""
    while isinstance(expression, n.Paren | n.Promotion):
        expression = expression.inner
    return expression


def names_in(node: object) -> frozenset[str]:
    """Return every variable name that occurs in a node."""
    return frozenset(item.name for item in walk(node) if isinstance(item, n.Variable))
