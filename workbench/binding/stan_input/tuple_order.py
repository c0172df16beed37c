"""Tuples in arrays of several dimensions, in the order in which Stan takes them from its JSON.

Stan (seen in 2.39) flattens such an array row by row when it reads a file, then fills the variable column by
column, so that in an array of two by two `d[1, 2]` gets what the file has for `d[2, 1]`. Data and initial
values are therefore written in the order that brings each element to its place.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from workbench.program import Declaration


def order_tuples(values: Mapping[str, Any], declared: Iterable[Declaration]) -> dict[str, Any]:
    """Return values by name, those that are arrays of tuples put in the order in which Stan reads them.

    Parameters
    ----------
    values
        Nested lists, a tuple's members by position in a dict; by variable.
    declared
        The variables; values of others stay as they are.
    """
    with_tuples = {one.name: one for one in declared if one.members}
    return {
        name: _ordered(value, with_tuples[name]) if name in with_tuples else value
        for name, value in values.items()
    }


def _ordered(value: Any, declaration: Declaration) -> Any:
    if not declaration.members:
        return value
    shape = _shape(value, declaration.depth)
    by_columns = (index[::-1] for index in itertools.product(*map(range, shape[::-1])))
    tuples = iter([_with_members(_at(value, index), declaration) for index in by_columns])
    return _filled(shape, tuples)


def _with_members(one: Mapping[str, Any], declaration: Declaration) -> dict[str, Any]:
    return {
        name: _ordered(value, member)
        for (name, value), member in zip(one.items(), declaration.members, strict=True)
    }


def _shape(value: Any, depth: int) -> tuple[int, ...]:
    sizes: list[int] = []
    for _ in range(depth):
        sizes.append(len(value))
        value = value[0] if len(value) else []
    return tuple(sizes)


def _at(value: Any, index: tuple[int, ...]) -> Any:
    for position in index:
        value = value[position]
    return value


def _filled(shape: tuple[int, ...], tuples: Iterator[Any]) -> Any:
    """Return nested lists of a shape, filled row by row."""
    if not shape:
        return next(tuples)
    return [_filled(shape[1:], tuples) for _ in range(shape[0])]
