"""New rows below those of an earlier binding: one data block of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.binding.bind import try_bind
from workbench.binding.bound_data import BoundData, BoundVariable
from workbench.binding.options import BindingOptions
from workbench.errors import BindingError
from workbench.late_imports import LateModule
from workbench.program import Declaration, Program
from workbench.provenance import hash_texts
from workbench.tables import Table

if TYPE_CHECKING:
    import pyarrow as pa
else:
    pa = LateModule("pyarrow")

_AND = " + "
"""What stands between the names of tables whose rows are together."""

_DERIVED_SIZE = "size of"
"""How the origin of a variable begins that is derived from the length of another."""


def append_rows(old: BoundData, new: BoundData, program: Program, rules: Mapping[str, Any]) -> BoundData:
    """Return the data of both bindings; what does not belong to rows stays that of the old one.

    Parameters
    ----------
    old
        The data of an earlier fit.
    new
        New rows, bound by the rules of that fit (`rebind`).
    program
        The program of both.
    rules
        These rules, as `run.json` keeps them.

    Raises
    ------
    BindingError
        A number that is the same for all rows has another value in the new rows, or the program does not
        accept the data of both together.
    """
    by_row = _list_row_variables(rules)
    derived = {item.name for item in old.variables if item.origin.startswith(_DERIVED_SIZE)}
    counts = (old.rows or 0, new.rows or 0)
    declared = {item.name: item for item in program.data}
    values: dict[str, Any] = {}
    for name, value in old.values.items():
        if name in by_row:
            values[name] = _join(program, rules, declared[name], (value, new.values[name]), counts)
        elif name not in derived:
            values[name] = value
    path = name_both(old.table.path, new.table.path)
    sha256 = hash_texts(old.table.sha256, new.table.sha256)
    attempt = try_bind(program, Table(path, sha256, pa.table({}), values=values), BindingOptions())
    if attempt.problems:
        raise attempt.problems[0]
    bound = attempt.data.values
    variables = tuple(replace(item, value=bound[item.name]) for item in old.variables)
    table = Table(path, sha256, pa.table({}), values={"": range(sum(counts))})
    return replace(
        old,
        table=table,
        variables=_keep_origins(variables, new),
        labels=_join_labels(old, new, counts),
        rules=dict(rules),
        rows=sum(counts),
        dropped=(),
        tips=new.tips,
    )


def take_rows(
    data: BoundData, program: Program, rules: Mapping[str, Any], rows: slice | NDArray[np.int64]
) -> Mapping[str, Any]:
    """Return the data block with some of its rows alone; sizes that were derived follow.

    Parameters
    ----------
    data
        The data of a fit.
    program, rules
        As in `append_rows`.
    rows
        Which rows, as a slice or as numbers from 0, which may repeat.

    Raises
    ------
    BindingError
        A variable does not have an element for each row.
    """
    count = data.rows or 0
    taken = np.arange(count)[rows]
    origins = {item.name: item.origin for item in data.variables}
    values: dict[str, Any] = {}
    for name, value in data.values.items():
        declaration = next(item for item in program.data if item.name == name)
        if name in _list_row_variables(rules) and declaration.sizes:
            axis = _find_row_axis(program, rules, declaration, (np.shape(value),) * 2, (count, count))
            values[name] = np.take(np.asarray(value), taken, axis=axis)
        elif not origins[name].startswith(_DERIVED_SIZE):
            values[name] = value
    table = Table(data.table.path, f"{data.table.sha256} {len(taken)}", pa.table({}), values=values)
    attempt = try_bind(program, table, BindingOptions())
    if attempt.problems:
        raise attempt.problems[0]
    return attempt.data.values


def find_row_axes(data: BoundData, program: Program, rules: Mapping[str, Any]) -> dict[str, int]:
    """Return the variables that have an element for each row, each with the axis of its rows.

    Parameters
    ----------
    data
        The data of a fit.
    program, rules
        As in `append_rows`.

    Raises
    ------
    BindingError
        A variable that takes columns does not have an element for each row.
    """
    count, declared = data.rows or 0, {item.name: item for item in program.data}
    return {
        name: _find_row_axis(program, rules, declared[name], (np.shape(value),) * 2, (count, count))
        for name, value in data.values.items()
        if name in _list_row_variables(rules) and declared[name].sizes
    }


def _list_row_variables(rules: Mapping[str, Any]) -> set[str]:
    """Return the variables that take columns row by row."""
    return set(rules["variables"]) - set(rules.get("by_group", {}))


def _find_row_axis(
    program: Program,
    rules: Mapping[str, Any],
    declaration: Declaration,
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
    counts: tuple[int, int],
) -> int:
    """Return the axis of rows: among those as long as there are rows, the one of a size that counts rows.

    Raises
    ------
    BindingError
        There is none.
    """
    declared = {item.name: item for item in program.data}
    vectors = (declared[name] for name in _list_row_variables(rules) if len(declared[name].sizes) == 1)
    row_sizes = {vector.sizes[0].text for vector in vectors}
    axes = [axis for axis, pair in enumerate(zip(*shapes, strict=True)) if pair == counts]
    named = [axis for axis in axes if axis < len(declaration.sizes)]
    named = [axis for axis in named if declaration.sizes[axis].text in row_sizes]
    if not axes:
        raise BindingError(
            f"`{declaration.name}`, declared `{declaration.text}`, was expected to have an element for each "
            f"row ({counts[0]} and {counts[1]}), found the shapes {shapes[0]} and {shapes[1]}.",
            hint="fit old and new rows together: `workbench fit MODEL ALL.csv`",
        )
    return (named or axes)[0]


def name_both(old: Path, new: Path) -> Path:
    """Return a name for the rows of two tables; it is not a file.

    >>> name_both(name_both(Path("data/may.csv"), Path("june.csv")), Path("new/july.csv")).name
    'may.csv + ... + july.csv'
    """
    names = [*old.name.split(_AND), new.name]
    return Path(_AND.join(names if len(names) < 3 else (names[0], "...", names[-1])))


def _keep_origins(variables: tuple[BoundVariable, ...], new: BoundData) -> tuple[BoundVariable, ...]:
    """Return variables with the remarks of the new binding: levels and similar names."""
    remarks = {item.name: item.remark for item in new.variables}
    return tuple(replace(item, remark=remarks.get(item.name, "")) for item in variables)


def _join(
    program: Program,
    rules: Mapping[str, Any],
    declaration: Declaration,
    parts: tuple[Any, Any],
    counts: tuple[int, int],
) -> np.ndarray | Any:
    """Return the rows of both, on the axis of rows; a single number must be the same in both.

    Raises
    ------
    BindingError
        It is not.
    """
    old, new = parts
    if declaration.sizes:
        shapes = np.shape(old), np.shape(new)
        axis = _find_row_axis(program, rules, declaration, shapes, counts)
        return np.concatenate([np.asarray(old), np.asarray(new)], axis=axis)
    if old != new:
        raise BindingError(
            f"`{declaration.name}` is {old:g} in the fit, but {new:g} in the new rows: it is one number for "
            "all rows.",
            hint="fit old and new rows together with a program that takes a number for each row",
        )
    return old


def _join_labels(old: BoundData, new: BoundData, counts: tuple[int, int]) -> dict[str, tuple[str, ...]]:
    """Return labels of sizes; those of rows are of both, or left out where one of them has none."""
    labels: dict[str, tuple[str, ...]] = {}
    for size, names in old.labels.items():
        others = new.labels.get(size, ())
        if (len(names), len(others)) == counts and names != others:
            labels[size] = (*names, *others)
        elif len(names) != counts[0] or names == others:
            labels[size] = names
    return labels
