"""A point as initial values: Stan's columns nested into the values of its parameters."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from workbench.binding import order_tuples
from workbench.program import Program

_STEP = re.compile(r"\[([^\]]+)\]|\.([^\[.]+)")
"""Indices in brackets, or a tuple's member after a dot."""

_COMPLEX = {"real": 0, "imag": 1}
"""Positions of the two numbers of a complex value in Stan's JSON."""


def nest_initial_values(columns: Iterable[str], point: Iterable[float], program: Program) -> dict[str, Any]:
    """Return the parameters at a point as Stan reads them from JSON: nested lists, and objects for tuples.

    Parameters
    ----------
    columns
        Stan names: `beta[1]`, `Sigma[2,1]`, `pair.1`.
    point
        A value for each, on the declared scale.
    program
        The program whose parameters are taken; other columns are left out.
    """
    names = {declaration.name for declaration in program.parameters}
    root: dict[int | str, Any] = {}
    for column, value in zip(columns, point, strict=True):
        name, steps = _split_path(column)
        if name not in names:
            continue
        *branches, leaf = [name, *steps]
        node = root
        for step in branches:
            node = node.setdefault(step, {})
        node[leaf] = float(value)
    nested = {str(name): _nest(value) for name, value in root.items()}
    return order_tuples(nested, program.parameters)


def _split_path(column: str) -> tuple[str, list[int | str]]:
    """Return a column's variable and the path to its cell.

    >>> _split_path("pair[2].1[3]")
    ('pair', [1, '1', 2])
    """
    first = re.search(r"[\[.]", column)
    name = column if first is None else column[: first.start()]
    steps: list[int | str] = []
    for match in _STEP.finditer(column, len(name)):
        if match[2] is not None:
            steps.append(match[2])
        else:
            indices = match[1].split(",")
            steps += [_COMPLEX[index] if index in _COMPLEX else int(index) - 1 for index in indices]
    return name, steps


def _nest(value: Any) -> Any:
    """Return lists for what has integer keys, and objects for the rest."""
    if not isinstance(value, dict):
        return value
    if all(isinstance(key, int) for key in value):
        return [_nest(value[key]) for key in sorted(value)]
    return {key: _nest(member) for key, member in value.items()}
