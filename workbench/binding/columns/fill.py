"""The value of a variable from its columns: vectors, codes, one value for each group, matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from workbench import tables
from workbench.binding.columns.groups import Groups, describe_too_many_levels
from workbench.binding.columns.levels import (
    collect_levels,
    describe_spellings,
    encode,
    find_case_variants,
    has_levels,
    refuse_missing,
    to_integers,
)
from workbench.binding.columns.match import ColumnMatch
from workbench.binding.context import INDICATORS, BindingContext, ColumnRequest, parse_column
from workbench.binding.phrases import (
    format_columns,
    format_declaration,
    format_names,
    format_number,
    format_option,
    format_place,
    join_remarks,
)
from workbench.binding.values.sourced_value import SourcedValue
from workbench.errors import BindingError
from workbench.late_imports import LateModule
from workbench.program import Declaration
from workbench.thresholds import INDICATOR_LIMIT

if TYPE_CHECKING:
    import pyarrow.compute as pc
else:
    pc = LateModule("pyarrow.compute")

_FILLABLE = frozenset(
    {
        "int",
        "real",
        "vector",
        "row_vector",
        "matrix",
        "simplex",
        "unit_vector",
        "ordered",
        "positive_ordered",
        "sum_to_zero_vector",
        "column_stochastic_matrix",
        "row_stochastic_matrix",
    }
)
"""Types that take their values from columns."""

_MOST_LEVELS = 3
"""How many levels of a column with very many a message lists."""


@dataclass(frozen=True)
class RowSizes:
    """The sizes that count rows: those of the table, or those of groups, which have one row each.

    Attributes
    ----------
    groups
        By size: its groups.
    table
        The sizes that are known to count the rows of the table.
    """

    groups: Mapping[str, Groups] = field(default_factory=dict)
    table: frozenset[str] = frozenset()

    def is_row_size(self, size: str) -> bool:
        """Return whether a size counts rows of either kind."""
        return size in self.groups or size in self.table


def fill(
    context: BindingContext, declaration: Declaration, match: ColumnMatch, sizes: RowSizes
) -> SourcedValue:
    """Return the value that its columns give a variable.

    Raises
    ------
    BindingError
        The declared type does not take columns, or a cell does not suit it.
    """
    columns = match.columns
    origin = f"column{'s' if len(columns) > 1 else ''} {format_names(columns)}"
    if not _is_fillable(declaration, columns):
        raise BindingError(
            f"{format_declaration(context.program, declaration)}; a variable of this type cannot take its "
            f"value from {origin}.",
            hint=f"give its value with --set {declaration.name}=VALUE, or all data in a Stan JSON file",
        )
    if len(declaration.sizes) == 2:
        sourced = _fill_matrix(context, declaration, columns, sizes.groups)
    else:
        sourced = _fill_vector(context, declaration, columns[0], sizes.groups)
    sourced = replace(sourced, origin=origin, remark=join_remarks(match.remark, sourced.remark))
    if not declaration.sizes:
        return _take_single(context, declaration, sourced)
    return _arrange_rows(context, declaration, sourced, sizes)


def _is_fillable(declaration: Declaration, columns: Sequence[str]) -> bool:
    axes = len(declaration.sizes)
    is_plain = declaration.kind in _FILLABLE and not declaration.members
    return is_plain and (axes == 2 or (axes < 2 and len(columns) == 1))


def _fill_vector(
    context: BindingContext, declaration: Declaration, column: str, groups: Mapping[str, Groups]
) -> SourcedValue:
    """Return one column, `(rows,)`: numbers, or codes where integers are declared."""
    request = parse_column(context.table, column)
    plain = request.name
    if request.is_indicator:
        return _fill_single_indicator(context, declaration, request, column)
    if request.unit:
        return _fill_dates(context, plain, column, request.unit)
    if declaration.is_integer:
        return _fill_integers(context, declaration, plain, groups)
    numbers = tables.to_numbers(context.table, plain).astype(float, copy=False)
    return SourcedValue(numbers, "", columns=(plain,), column_rules={column: {}})


def _fill_single_indicator(
    context: BindingContext, declaration: Declaration, request: ColumnRequest, column: str
) -> SourcedValue:
    """Return 1 where a column has one level, and 0 elsewhere, `(rows,)`.

    Raises
    ------
    BindingError
        The level does not occur, or several indicators are requested for a variable that has one column.
    """
    table, level = context.table, request.level
    if level is None:
        raise BindingError(
            f"{format_declaration(context.program, declaration)}, which takes one column, but `{column}` "
            "requests an indicator for each level.",
            hint=f"name one level: {format_columns(declaration.name, f'{request.name}=LEVEL')}",
        )
    refuse_missing(table, request.name)
    texts = tables.to_texts(table, request.name)
    value = np.asarray(pc.equal(texts, level)).astype(np.int64 if declaration.is_integer else float)
    if not value.any() and not context.stored_column(column):
        levels = format_names(collect_levels(table, (request.name,)))
        message = f"column `{request.name}` of `{table.path.name}` has no level `{level}`; it has {levels}."
        raise BindingError(message)
    remark = f"1 where `{request.name}` is `{level}`."
    return SourcedValue(value, "", remark, (column,), column_rules={column: {"level": level}})


def _fill_dates(context: BindingContext, plain: str, column: str, unit: str) -> SourcedValue:
    stored = context.stored_column(column).get("since")
    numbers, since = tables.dates_to_numbers(context.table, plain, unit, stored)
    remark = f"{unit} since {since[:10]}." if since else f"{unit} of `{plain}`."
    return SourcedValue(numbers, "", remark, (column,), column_rules={column: {"since": since or None}})


def _fill_integers(
    context: BindingContext, declaration: Declaration, column: str, groups: Mapping[str, Groups]
) -> SourcedValue:
    size = context.find_group_size(declaration.name)
    if size in groups and column in groups[size].encoded.codes:
        encoded = groups[size].encoded
        return SourcedValue(
            encoded.codes[column],
            "",
            groups[size].remark,
            (column,),
            levels=encoded.levels,
            column_rules={column: {}},
        )
    start = _find_first_code(declaration)
    is_level = has_levels(context.table, column) or context.stored_column(column).get("levels")
    if is_level and start is not None:
        return _fill_codes(context, declaration, column, start)
    return SourcedValue(to_integers(context.table, column), "", columns=(column,), column_rules={column: {}})


def _fill_codes(context: BindingContext, declaration: Declaration, column: str, start: int) -> SourcedValue:
    """Return the levels of a column as codes from `start`."""
    levels = tuple(context.stored_column(column).get("levels", ())) or collect_levels(
        context.table, (column,)
    )
    if start == 0:
        levels = _put_reference_first(context, column, levels)
    upper = None if declaration.upper is None else declaration.upper.literal
    if upper is not None and len(levels) > upper - start + 1:
        count, hint = int(upper) - start + 1, "merge levels, or declare a larger upper bound"
        alike = find_case_variants(levels)
        if alike:
            hint = f"{format_names(alike)} differ only in case: write them alike in the table"
        raise describe_too_many_levels(context, declaration, levels, column, count, hint)
    encoded = encode(context.table, (column,), levels, start)
    return SourcedValue(
        encoded.codes[column],
        "",
        encoded.remark,
        (column,),
        levels=levels,
        column_rules={column: {"levels": list(levels)}},
    )


def _find_first_code(declaration: Declaration) -> int | None:
    """Return the code of the first level: 1, or 0 where 0 or 1 is declared; `None` where texts do not fit."""
    lower = None if declaration.lower is None else declaration.lower.literal
    upper = None if declaration.upper is None else declaration.upper.literal
    if lower == 0:
        return 0 if upper == 1 else None
    return 1 if declaration.lower is None or lower == 1 else None


def _put_reference_first(context: BindingContext, column: str, levels: tuple[str, ...]) -> tuple[str, ...]:
    """Return levels with the reference level that the user named in front."""
    reference = context.options.reference.get(column)
    if reference is None or context.stored_column(column):
        return levels
    if reference not in levels:
        message = (
            f"--reference names `{reference}`, but the levels of column `{column}` are "
            f"{format_names(levels)}."
        )
        raise BindingError(message, hint=f"write {format_option('--reference', column, levels[0])}")
    return (reference, *(level for level in levels if level != reference))


def _fill_matrix(
    context: BindingContext, declaration: Declaration, columns: Sequence[str], groups: Mapping[str, Groups]
) -> SourcedValue:
    """Return columns side by side, `(rows, columns)`; texts as indicators or, for integers, as codes."""
    table = context.table
    blocks: list[SourcedValue] = []
    if declaration.is_integer or any(_takes_levels(context, column) for column in columns):
        blocks = [_fill_block(context, declaration, column, groups) for column in columns]
        value = np.column_stack([block.value for block in blocks])
        value = value if declaration.is_integer else value.astype(float, copy=False)
    else:
        value = np.empty((table.rows, len(columns)))
        for position, column in enumerate(columns):  # copies one column at a time: tables can be large
            block = _fill_vector(context, declaration, column, groups)
            value[:, position] = block.value
            blocks.append(replace(block, value=None))
    return SourcedValue(
        value,
        "",
        join_remarks(*dict.fromkeys(block.remark for block in blocks)),
        tuple(name for block in blocks for name in block.columns),
        1,
        levels=blocks[0].levels if declaration.is_integer else (),
        column_rules={column: rules for block in blocks for column, rules in block.column_rules.items()},
    )


def _fill_block(
    context: BindingContext, declaration: Declaration, column: str, groups: Mapping[str, Groups]
) -> SourcedValue:
    """Return what one column gives a matrix: a vector, or several indicators."""
    is_code = declaration.is_integer and (
        context.find_group_size(declaration.name) or declaration.upper is not None
    )
    if is_code or not _takes_levels(context, column):
        return _fill_vector(context, declaration, column, groups)
    request = parse_column(context.table, column)
    if request.level is not None:
        return _fill_single_indicator(context, declaration, request, column)
    return _fill_indicators(context, declaration, request, column)


def _takes_levels(context: BindingContext, column: str) -> bool:
    """Return whether a column becomes indicators in a matrix of numbers."""
    request = parse_column(context.table, column)
    has_stored = bool(context.stored_column(column).get("levels"))  # whatever the new rows hold
    return (
        has_stored or request.is_indicator or (not request.unit and has_levels(context.table, request.name))
    )


def _fill_indicators(
    context: BindingContext, declaration: Declaration, request: ColumnRequest, written: str
) -> SourcedValue:
    """Return a column of 0 and 1 for each level but the reference, `(rows, levels - 1)`.

    Raises
    ------
    BindingError
        A cell is missing; there is one level only; or there are many, and indicators were not requested.
    """
    table, column = context.table, request.name
    refuse_missing(table, column)
    stored = context.stored_column(written).get("levels", ())
    levels = tuple(stored) or _put_reference_first(context, column, collect_levels(table, (column,)))
    if len(levels) > INDICATOR_LIMIT + 1 and not (stored or request.is_indicators):
        raise _describe_many_indicators(context, declaration, column, levels)
    if len(levels) < 2:
        raise BindingError(
            f"column `{column}` of `{table.path.name}` has only the level `{levels[0]}`, so that it does not "
            "distinguish any rows.",
            hint="leave the column out",
        )
    encoded = encode(table, (column,), levels, 0)
    value = (encoded.codes[column][:, None] == np.arange(1, len(levels))).astype(np.int64)
    names = tuple(f"{column}={level}" for level in levels[1:])
    remark = join_remarks(
        f"indicators of `{column}`, reference level `{levels[0]}`.", describe_spellings(encoded.spellings)
    )
    return SourcedValue(value, "", remark, names, 1, column_rules={written: {"levels": list(levels)}})


def _describe_many_indicators(
    context: BindingContext, declaration: Declaration, column: str, levels: Sequence[str]
) -> BindingError:
    """Return the error for a column of so many levels that its indicators were hardly meant."""
    named = context.options.columns.get(declaration.name, (column,))
    requested = (f"{name}:{INDICATORS}" if name == column else name for name in named)
    option = format_columns(declaration.name, *requested)
    return BindingError(
        f"column `{column}` of `{context.table.path.name}` has {len(levels)} levels "
        f"({format_names(levels, _MOST_LEVELS)}), so that `{declaration.name}` would have "
        f"{len(levels) - 1} columns for it alone.",
        hint=f"if that is meant, write {option}; `{column}={levels[0]}` names a single level",
    )


def _take_single(context: BindingContext, declaration: Declaration, sourced: SourcedValue) -> SourcedValue:
    """Return the one value of a column whose cells are all equal."""
    cells, table = sourced.value, context.table
    different = np.flatnonzero(cells != cells[0])
    if different.size:
        row = int(different[0])
        raise BindingError(
            f"{format_declaration(context.program, declaration)}, which takes a single number, but "
            f"column `{sourced.columns[0]}` has {format_number(cells[0])} at row {table.row_number(0)} and "
            f"{format_number(cells[row])} at row {table.row_number(row)}.",
            hint=f"give one value with --set {declaration.name}=VALUE",
        )
    remark = join_remarks(sourced.remark, "the same in every row.")
    return replace(sourced, value=cells[0].item(), remark=remark)


def _arrange_rows(
    context: BindingContext, declaration: Declaration, sourced: SourcedValue, sizes: RowSizes
) -> SourcedValue:
    """Transpose a matrix whose rows are declared last; take one row per group where groups are declared."""
    texts = [size.text for size in declaration.sizes]
    is_transposed = len(texts) == 2 and sizes.is_row_size(texts[1]) and not sizes.is_row_size(texts[0])
    row_size = texts[1] if is_transposed else texts[0]
    if row_size in sizes.groups and row_size != context.find_group_size(declaration.name):
        sourced = _take_group_rows(context, declaration, sourced, sizes.groups[row_size])
    if is_transposed:
        return replace(sourced, value=np.ascontiguousarray(sourced.value.T), column_axis=0)
    return sourced


def _take_group_rows(
    context: BindingContext, declaration: Declaration, sourced: SourcedValue, groups: Groups
) -> SourcedValue:
    """Return one element for each group of a value that is constant within groups.

    Raises
    ------
    BindingError
        The value is not constant within a group, or a group has no rows.
    """
    empty = np.flatnonzero(groups.first_rows < 0)
    if empty.size:
        raise BindingError(
            f"no row of `{context.table.path.name}` has {empty[0] + 1} in column `{groups.column}`, so that "
            f"`{declaration.name}` ({format_place(context.program, declaration)}) has no value for that "
            "group.",
            hint="number the groups without gaps",
        )
    expected = sourced.value[groups.first_rows][groups.codes - 1]
    different = np.argwhere(sourced.value != expected)
    if different.size:
        raise _describe_varying_group(context, declaration, sourced, groups, different[0])
    remark = join_remarks(sourced.remark, f"one value for each level of `{groups.column}`.")
    return replace(sourced, value=sourced.value[groups.first_rows], rows=groups.first_rows, remark=remark)


def _describe_varying_group(
    context: BindingContext,
    declaration: Declaration,
    sourced: SourcedValue,
    groups: Groups,
    different: np.ndarray,
) -> BindingError:
    """Return the error for a value that differs, at an index, from the first of its group."""
    index = tuple(int(i) for i in different)
    row, table = index[0], context.table
    group = int(groups.codes[row])
    first = int(groups.first_rows[group - 1])
    column = sourced.columns[index[1] if len(index) > 1 else 0]
    level = groups.encoded.levels[group - 1] if groups.encoded.levels else str(group)
    return BindingError(
        f"{format_declaration(context.program, declaration)}, with one value for each level of "
        f"`{groups.column}`, but column `{column}` has {format_number(sourced.value[first, *index[1:]])} at "
        f"row {table.row_number(first)} and {format_number(sourced.value[index])} at row "
        f"{table.row_number(row)}, which both have level `{level}`.",
        hint="choose a column that is constant within each group",
    )
