"""A point as initial values: Stan's columns folded back into the values of its parameters."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from workbench.binding import order_tuples
from workbench.program import Program

_STEP = re.compile(r"\[([^\]]+)\]|\.([^\[.]+)")
_COMPLEX = {"real": 0, "imag": 1}


def nest_initial_values(columns: Iterable[str], point: Iterable[float], program: Program) -> dict[str, Any]:
    """Return the parameters at a point as Stan reads them from JSON: nested lists, and objects for tuples.

    Parameters
    ----------
    columns
        Stan names: `beta[1]`, `Sigma[2,1]`, `pair.1`.
    point
        A value for each, on the declared scale.
    program
        Whose parameters are taken; other columns are left out.
    """
    wanted = {one.name for one in program.parameters}
    root: dict[int | str, Any] = {}
    for column, value in zip(columns, point, strict=True):
        name, steps = _path(column)
        if name not in wanted:
            continue
        node = root
        for here in [name, *steps][:-1]:
            node = node.setdefault(here, {})
        node[[name, *steps][-1]] = float(value)
    folded = {str(name): _folded(value) for name, value in root.items()}
    return order_tuples(folded, program.parameters)


def _path(column: str) -> tuple[str, list[int | str]]:
    """Return a column's variable and the way to its cell.

    >>> _path("pair[2].1[3]")
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


def _folded(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if all(isinstance(key, int) for key in value):
        return [_folded(value[key]) for key in sorted(value)]
    return {key: _folded(one) for key, one in value.items()}
