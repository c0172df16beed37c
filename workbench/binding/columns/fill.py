"""Columns made the value of a variable: vectors, codes, groups, matrices with indicators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from workbench import tables
from workbench.binding.columns.levels import (
    Coded,
    code,
    code_groups,
    holds_levels,
    levels_of,
    missing_cells,
    whole_numbers,
)
from workbench.binding.columns.match import Taken
from workbench.binding.context import Question, split_unit
from workbench.binding.phrases import listed, number, place
from workbench.errors import BindingError
from workbench.program import Declaration


@dataclass(frozen=True)
class Filled:
    """A variable's value and where each part of it stands in the table.

    Attributes
    ----------
    value
        A number or an array.
    origin, remark
        In words.
    columns
        The names of its columns, indicators spelled out: `region=south`.
    column_axis
        Which axis counts them; `None` where there is one column.
    rows
        `(length,)`: the row of each element, where it is not the element's own position.
    levels
        What its codes stand for.
    kept
        By column of the table: what binding new data in the same way needs.
    """

    value: Any
    origin: str
    remark: str = ""
    columns: tuple[str, ...] = ()
    column_axis: int | None = None
    rows: np.ndarray | None = None
    levels: tuple[str, ...] = ()
    kept: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Groups:
    """The groups of one size, found in the table.

    Attributes
    ----------
    coded
        Its columns as codes.
    column
        The column that tells which group a row is in.
    first
        `(count,)`: the first row of each group; -1 for a group without rows.
    """

    coded: Coded
    column: str
    first: np.ndarray

    @property
    def codes(self) -> np.ndarray:
        """The group of each row, `(rows,)`, from 1."""
        return self.coded.codes[self.column]

    @property
    def is_sound(self) -> bool:
        """Whether every row is in a group; where one is not, the check of the numbers names it."""
        codes = self.codes
        return codes.dtype.kind in "iu" and bool(codes.min() >= 1 and codes.max() <= len(self.first))


def find_groups(
    question: Question, size: str, taken: Mapping[str, Taken], given: Mapping[str, Any]
) -> Groups | None:
    """Return the groups that a size counts, where its arrays take columns.

    Raises
    ------
    BindingError
        A cell is missing or no integer, or there are more levels than the number given.
    """
    grouping = question.groups[size]
    columns = [column for name in grouping.variables if name in taken for column in taken[name].columns]
    if not columns:
        return None
    if any(split_unit(question.table, column)[1] for column in columns):
        return None
    count = int(given[size]) if isinstance(given.get(size), (int, np.integer)) else None
    stored = question.stored.get("groups", {}).get(size, {}).get("levels", ())
    coded = code_groups(question, columns, stored, count, grouping.is_size)
    if count is not None and len(coded.levels) > count and not stored:
        raise _wrong_number(
            question, question.declared[grouping.variables[0]], coded.levels, columns[0], count
        )
    coded = replace(coded, count=count) if count is not None else coded
    return Groups(coded, columns[0], _first_rows(coded.codes[columns[0]], coded.count))


def _first_rows(codes: np.ndarray, count: int) -> np.ndarray:
    first = np.full(count, -1, dtype=np.int64)
    if codes.dtype.kind in "iu":
        rows = np.flatnonzero((codes >= 1) & (codes <= count))[::-1]
        first[codes[rows] - 1] = rows  # of several rows the last one assigned stays: the first of the table
    return first


def _wrong_number(
    question: Question, declaration: Declaration, levels: Sequence[str], column: str, count: int
) -> BindingError:
    return BindingError(
        f"column `{column}` has {len(levels)} levels ({listed(levels, 6)}), but `{declaration.name}` is "
        "declared "
        f"`{declaration.text}` in {place(question.program, declaration)}, with {count}.",
        hint="merge levels, or leave the number to be derived",
    )


def fill(
    question: Question, declaration: Declaration, taken: Taken, groups: Mapping[str, Groups], axes: Axes
) -> Filled:
    """Return the value that columns give a variable.

    Raises
    ------
    BindingError
        The declaration is of a kind that columns cannot fill, or a cell does not suit it.
    """
    columns = taken.columns
    origin = f"column{'s' if len(columns) > 1 else ''} {listed(columns)}"
    if _cannot_be_filled(declaration, columns):
        raise _no_way(question, declaration, origin)
    if len(declaration.sizes) == 2:
        filled = _matrix(question, declaration, columns, groups)
    else:
        filled = _vector(question, declaration, columns[0], groups)
    filled = replace(filled, origin=origin, remark=" ".join(filter(None, (taken.remark, filled.remark))))
    if not declaration.sizes:
        return _single(question, declaration, filled)
    return _oriented(question, declaration, filled, groups, axes)


@dataclass(frozen=True)
class Axes:
    """The sizes that are known to count rows."""

    rows: frozenset[str] = frozenset()


_MATRICES = frozenset({"matrix", "vector", "row_vector", "real", "int", "simplex", "unit_vector", "ordered"})
_MATRICES |= {"positive_ordered", "sum_to_zero_vector", "column_stochastic_matrix", "row_stochastic_matrix"}


def _cannot_be_filled(declaration: Declaration, columns: Sequence[str]) -> bool:
    axes = len(declaration.sizes)
    is_plain = declaration.kind in _MATRICES and not declaration.members
    return not is_plain or axes > 2 or (axes < 2 and len(columns) > 1)


def _no_way(question: Question, declaration: Declaration, origin: str) -> BindingError:
    name = declaration.name
    message = (
        f"`{name}` is declared `{declaration.text}` ({place(question.program, declaration)}), "
        f"which cannot be filled from the {origin}."
    )
    return BindingError(message, hint=f"give a value with --set {name}=VALUE, or all data in Stan's JSON")


def _vector(
    question: Question, declaration: Declaration, column: str, groups: Mapping[str, Groups]
) -> Filled:
    """Return one column, `(rows,)`: numbers, or codes where integers are declared."""
    plain, unit = split_unit(question.table, column)
    if unit is not None:
        return _dates(question, plain, column, unit)
    if declaration.is_integer:
        return _integers(question, declaration, plain, groups)
    numbers = tables.to_numbers(question.table, plain).astype(float, copy=False)
    return Filled(numbers, "", columns=(plain,), kept={column: {}})


def _dates(question: Question, plain: str, column: str, unit: str) -> Filled:
    origin = question.stored_column(column).get("since")
    numbers, since = tables.dates_to_numbers(question.table, plain, unit, origin)
    remark = f"{unit} since {since[:10]}." if since else f"{unit} of `{plain}`."
    return Filled(numbers, "", remark, (column,), kept={column: {"since": since or None}})


def _integers(
    question: Question, declaration: Declaration, column: str, groups: Mapping[str, Groups]
) -> Filled:
    size = group_size(question, declaration.name)
    if size in groups and column in groups[size].coded.codes:
        coded = groups[size].coded
        remark = coded.remark or _gaps(groups[size])
        return Filled(coded.codes[column], "", remark, (column,), levels=coded.levels, kept={column: {}})
    table = question.table
    if not holds_levels(table, column):
        return Filled(whole_numbers(table, column), "", columns=(column,), kept={column: {}})
    start = _first_code(declaration)
    if start is None:
        tables.to_numbers(table, column)
        return Filled(whole_numbers(table, column), "", columns=(column,), kept={column: {}})
    levels = tuple(question.stored_column(column).get("levels", ())) or levels_of(table, (column,))
    if start == 0:
        levels = _reference_first(question, column, levels)
    most = None if declaration.upper is None else declaration.upper.literal
    if most is not None and len(levels) > most - start + 1:
        raise _wrong_number(question, declaration, levels, column, int(most) - start + 1)
    coded = code(table, (column,), levels, start)
    return Filled(
        coded.codes[column],
        "",
        coded.remark,
        (column,),
        levels=levels,
        kept={column: {"levels": list(levels)}},
    )


def group_size(question: Question, name: str) -> str:
    """Return the size whose groups an array numbers; empty where it numbers none."""
    return next((one.size for one in question.groups.values() if name in one.variables), "")


def _gaps(groups: Groups) -> str:
    empty = np.flatnonzero(groups.first < 0) + 1
    return f"no row has {listed(map(str, empty.tolist()), 6)}." if empty.size else ""


def _first_code(declaration: Declaration) -> int | None:
    """Return the code of the first level: 1, or 0 where 0 or 1 is declared; `None` where texts do not go."""
    lower = None if declaration.lower is None else declaration.lower.literal
    upper = None if declaration.upper is None else declaration.upper.literal
    if lower == 0:
        return 0 if upper == 1 else None
    return 1 if declaration.lower is None or lower == 1 else None


def _reference_first(question: Question, column: str, levels: tuple[str, ...]) -> tuple[str, ...]:
    """Return levels with the reference in front."""
    reference = question.asked.reference.get(column)
    if reference is None or question.stored_column(column):
        return levels
    if reference not in levels:
        message = (
            f"--reference names `{reference}`, but the levels of column `{column}` are {listed(levels)}."
        )
        raise BindingError(message, hint=f"write --reference {column}={levels[0]}")
    return (reference, *(level for level in levels if level != reference))


def _matrix(
    question: Question, declaration: Declaration, columns: Sequence[str], groups: Mapping[str, Groups]
) -> Filled:
    """Return columns beside each other, `(rows, columns)`; texts as indicators or, for integers, as codes."""
    plain = [split_unit(question.table, column)[0] for column in columns]
    if declaration.is_integer or any(holds_levels(question.table, column) for column in plain):
        parts = [_part(question, declaration, column, groups) for column in columns]
        value = np.column_stack([part.value for part in parts])
        value = value if declaration.is_integer else value.astype(float, copy=False)
    else:
        parts, value = [], np.empty((question.table.rows, len(columns)))
        for position, column in enumerate(columns):  # a copy of one column at a time: tables can be large
            part = _vector(question, declaration, column, groups)
            value[:, position] = part.value
            parts.append(replace(part, value=None))
    names = tuple(name for part in parts for name in part.columns)
    remark = " ".join(dict.fromkeys(part.remark for part in parts if part.remark))
    kept = {key: one for part in parts for key, one in part.kept.items()}
    return Filled(
        value, "", remark, names, 1, levels=parts[0].levels if declaration.is_integer else (), kept=kept
    )


def _part(question: Question, declaration: Declaration, column: str, groups: Mapping[str, Groups]) -> Filled:
    is_code = declaration.is_integer and (
        group_size(question, declaration.name) or declaration.upper is not None
    )
    plain, unit = split_unit(question.table, column)
    if is_code or unit or not holds_levels(question.table, plain):
        return _vector(question, declaration, column, groups)
    return _indicators(question, column)


def _indicators(question: Question, column: str) -> Filled:
    """Return a column of 0 and 1 for each level but the reference, `(rows, levels - 1)`."""
    table = question.table
    gaps = tables.find_missing(table, column)
    if gaps.any():
        raise missing_cells(table, column, gaps)
    stored = question.stored_column(column).get("levels", ())
    levels = tuple(stored) or _reference_first(question, column, levels_of(table, (column,)))
    if len(levels) < 2:
        message = (
            f"column `{column}` of `{table.path.name}` has the single level `{levels[0]}`: it tells no rows "
            "apart."
        )
        raise BindingError(message, hint="leave the column out")
    codes = code(table, (column,), levels, 0).codes[column]
    value = (codes[:, None] == np.arange(1, len(levels))).astype(np.int64)
    names = tuple(f"{column}={level}" for level in levels[1:])
    remark = f"indicators of `{column}` against `{levels[0]}`."
    return Filled(value, "", remark, names, 1, kept={column: {"levels": list(levels)}})


def _single(question: Question, declaration: Declaration, filled: Filled) -> Filled:
    """Return the one value of a column whose cells are all equal."""
    cells = filled.value
    other = np.flatnonzero(cells != cells[0])
    if other.size:
        row = question.table.row_number(int(other[0]))
        raise BindingError(
            f"`{declaration.name}` is declared `{declaration.text}` in "
            f"{place(question.program, declaration)}, a "
            f"single number, but column `{filled.columns[0]}` has {number(cells[0])} at row "
            f"{question.table.row_number(0)} and {number(cells[other[0]])} at row {row}.",
            hint=f"give one value with --set {declaration.name}=VALUE",
        )
    remark = " ".join(filter(None, (filled.remark, "the same in every row.")))
    return replace(filled, value=cells[0].item(), remark=remark)


def _oriented(
    question: Question, declaration: Declaration, filled: Filled, groups: Mapping[str, Groups], axes: Axes
) -> Filled:
    """Turn a matrix whose rows are declared last, and take one row per group where groups are declared."""
    sizes = [size.text for size in declaration.sizes]
    is_turned = (
        len(sizes) == 2 and _counts_rows(sizes[1], groups, axes) and not _counts_rows(sizes[0], groups, axes)
    )
    row_size = sizes[1] if is_turned else sizes[0]
    own = group_size(question, declaration.name)
    if row_size in groups and row_size != own:
        filled = _by_group(question, declaration, filled, groups[row_size])
    if is_turned:
        return replace(filled, value=np.ascontiguousarray(filled.value.T), column_axis=0)
    return filled


def _counts_rows(size: str, groups: Mapping[str, Groups], axes: Axes) -> bool:
    return size in groups or size in axes.rows


def _by_group(question: Question, declaration: Declaration, filled: Filled, groups: Groups) -> Filled:
    """Return one element for each group of a value that is constant within groups.

    Raises
    ------
    BindingError
        It is not constant, or a group has no rows: column, group, rows and values.
    """
    table = question.table
    empty = np.flatnonzero(groups.first < 0)
    if empty.size:
        raise BindingError(
            f"no row of `{table.path.name}` has {empty[0] + 1} in column `{groups.column}`, so that "
            f"`{declaration.name}` ({place(question.program, declaration)}) has no value there.",
            hint="number the groups without gaps",
        )
    expected = filled.value[groups.first][groups.codes - 1]
    differs = np.argwhere(filled.value != expected)
    if differs.size:
        row = int(differs[0][0])
        first = int(groups.first[groups.codes[row] - 1])
        at = tuple(int(i) for i in differs[0])
        column = filled.columns[at[1] if len(at) > 1 else 0]
        name = groups.coded.levels[groups.codes[row] - 1] if groups.coded.levels else str(groups.codes[row])
        raise BindingError(
            f"`{declaration.name}` is declared `{declaration.text}` in "
            f"{place(question.program, declaration)}, one "
            f"value for each level of `{groups.column}`, but column `{column}` has "
            f"{number(filled.value[first, *at[1:]])} at row {table.row_number(first)} and "
            f"{number(filled.value[at])} at row {table.row_number(row)}, both `{name}`.",
            hint="take a column that is constant within each group",
        )
    remark = " ".join(filter(None, (filled.remark, f"one value for each level of `{groups.column}`.")))
    return replace(filled, value=filled.value[groups.first], rows=groups.first, remark=remark)
