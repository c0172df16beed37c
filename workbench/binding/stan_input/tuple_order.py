"""Arrays of tuples with several dimensions, in the order in which Stan takes them from its JSON.

Stan (2.39, at least) flattens such an array row by row when it reads a file, and then fills the variable
column by column, so that in an array of two by two `d[1, 2]` gets what the file has for `d[2, 1]`. Data and
initial values are therefore written in the order that brings each element to its place.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from workbench.program import Declaration


def order_tuples(values: Mapping[str, Any], declared: Iterable[Declaration]) -> dict[str, Any]:
    """Return values by name, with arrays of tuples in the order in which Stan reads them.

    Parameters
    ----------
    values
        By variable; an array of tuples is nested lists of dicts, which hold the members by position.
    declared
        The variables; values of others are returned as they are.
    """
    with_tuples = {declaration.name: declaration for declaration in declared if declaration.members}
    return {
        name: _order_array(value, with_tuples[name]) if name in with_tuples else value
        for name, value in values.items()
    }


def _order_array(value: Any, declaration: Declaration) -> Any:
    if not declaration.members:
        return value
    shape = _find_shape(value, declaration.depth)
    by_columns = (index[::-1] for index in itertools.product(*map(range, shape[::-1])))
    tuples = iter([_order_members(_get_element(value, index), declaration) for index in by_columns])
    return _fill_by_rows(shape, tuples)


def _order_members(value: Mapping[str, Any], declaration: Declaration) -> dict[str, Any]:
    return {
        position: _order_array(inner, member)
        for (position, inner), member in zip(value.items(), declaration.members, strict=True)
    }


def _find_shape(value: Any, depth: int) -> tuple[int, ...]:
    shape: list[int] = []
    for _ in range(depth):
        shape.append(len(value))
        value = value[0] if len(value) else []
    return tuple(shape)


def _get_element(value: Any, index: tuple[int, ...]) -> Any:
    for position in index:
        value = value[position]
    return value


def _fill_by_rows(shape: tuple[int, ...], tuples: Iterator[Any]) -> Any:
    """Return nested lists of a shape, filled row by row."""
    if not shape:
        return next(tuples)
    return [_fill_by_rows(shape[1:], tuples) for _ in range(shape[0])]
