"""Bind a table to a data block, rule by rule, and collect every problem on the way."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

import numpy as np

from workbench import tables
from workbench.binding.bound_data import BoundData, BoundVariable, has_tuples
from workbench.binding.columns import predictors
from workbench.binding.columns.fill import RowSizes, fill
from workbench.binding.columns.groups import find_groups
from workbench.binding.columns.labels import collect_labels
from workbench.binding.columns.match import ColumnMatch, list_used_columns, match_columns
from workbench.binding.context import BindingContext
from workbench.binding.draft import Draft
from workbench.binding.options import BindingOptions
from workbench.binding.phrases import (
    format_columns,
    format_declaration,
    format_names,
    format_option,
    join_remarks,
)
from workbench.binding.run_record import collect_rules, find_standardization
from workbench.binding.tips import find_tips
from workbench.binding.values.check import check_value
from workbench.binding.values.convert import convert_value, fill_shape
from workbench.binding.values.sizes import derive_sizes, evaluate_shape
from workbench.binding.values.sourced_value import SourcedValue
from workbench.errors import BindingError
from workbench.program import Declaration, Program
from workbench.tables import Table

T = TypeVar("T")

_MOST_ROWS = 10
"""How many of the rows that were left out a tip lists."""

_MOST_VALUES = 6
"""Longest list that a hint spells out."""

_SIMILARITY = 0.6
"""How similar a column's name must be to be suggested for a variable without a value, between 0 and 1: the
default of `difflib.get_close_matches`."""


@dataclass(frozen=True)
class BindingAttempt:
    """The result of a binding that may have failed: the data block as far as it is bound, and all problems.

    Attributes
    ----------
    data
        What could be bound, in the order of declaration; complete only if there are no problems.
    problems
        Errors, in the order in which they were found.
    matches
        By variable that takes columns: which, whether or not they could be bound.
    """

    data: BoundData
    problems: tuple[BindingError, ...] = ()
    matches: Mapping[str, ColumnMatch] = field(default_factory=dict)


def bind(program: Program, table: Table, options: BindingOptions | None = None) -> BoundData:
    """Give every variable of the program's data block its value, by the rules in `RULES`.

    Parameters
    ----------
    program, table
        What to bind, and to what.
    options
        The user's choices.

    Raises
    ------
    BindingError
        The first of all problems: a variable gets no value, a cell is not a number or violates a declared
        bound, lengths disagree.
    """
    attempt = try_bind(program, table, options or BindingOptions())
    if attempt.problems:
        raise attempt.problems[0]
    return attempt.data


def try_bind(
    program: Program, table: Table, options: BindingOptions, stored: Mapping[str, Any] | None = None
) -> BindingAttempt:
    """Bind as far as possible, and return the data with all problems.

    Parameters
    ----------
    program, table, options
        As in `bind`.
    stored
        The rules of an earlier binding, which this one must follow.
    """
    draft = Draft(BindingContext(program, table, options, stored or {}))
    if table.values is not None:
        _take_stan_data(draft)
    else:
        draft.matches, problems = match_columns(draft.context)
        draft.problems += problems
        _drop_incomplete_rows(draft)
        _take_given(draft)
        _take_groups(draft)
        _take_columns(draft)
    _take_derived_sizes(draft)
    _fill_from_single_numbers(draft)
    _report_unbound(draft)
    _check_values(draft)
    _standardize(draft)
    return BindingAttempt(_collect_data(draft), tuple(draft.problems), draft.matches)


def _take_stan_data(draft: Draft) -> None:
    """Take the values of a Stan data file as they are, except those that the user gave by name."""
    context, options = draft.context, draft.context.options
    file_name = context.table.path.name
    for option, choices in (("--column", options.columns), ("--reference", options.reference)):
        if choices:
            message = (
                f"{option} names columns of a table, but `{file_name}` is a Stan data file, which is used as "
                "it is."
            )
            draft.problems.append(BindingError(message, hint=f"leave {option} out, or give a table"))
    stan_data = context.table.values or {}
    for declaration in context.program.data:
        name = declaration.name
        if name in stan_data and name not in options.given:
            _take_value(draft, declaration, stan_data[name], f"`{file_name}`", is_stan_data=True)
    _take_given(draft)


def _take_given(draft: Draft) -> None:
    """Take the values that the user gave by name."""
    options = draft.context.options
    for declaration in draft.context.program.data:
        name = declaration.name
        if name in options.given:
            origin = options.origins.get(name, "given")
            _take_value(draft, declaration, options.given[name], origin, is_stan_data=False)


def _take_value(
    draft: Draft, declaration: Declaration, value: Any, origin: str, *, is_stan_data: bool
) -> None:
    name = declaration.name
    converted = draft.attempt(name, partial(convert_value, declaration, value, is_stan_data=is_stan_data))
    if name not in draft.failed:
        draft.sourced[name] = SourcedValue(converted, origin)


def _drop_incomplete_rows(draft: Draft) -> None:
    """Leave out the rows with a missing cell in a column that is used, if the user requested it."""
    table = draft.context.table
    if draft.context.options.missing != "drop":
        return
    is_incomplete = np.zeros(table.rows, dtype=bool)
    for column in sorted(list_used_columns(draft.context, draft.matches)):
        is_incomplete |= tables.find_missing(table, column)
    if not is_incomplete.any():
        return
    if is_incomplete.all():
        message = f"every row of `{table.path.name}` has a missing cell in a column that is used."
        hint = "choose other columns with --column, or fill in the missing cells"
        draft.problems.append(BindingError(message, hint=hint))
        return
    draft.dropped = tuple(table.row_number(int(row)) for row in np.flatnonzero(is_incomplete))
    draft.context = replace(draft.context, table=tables.drop_rows(table, is_incomplete))


def _take_groups(draft: Draft) -> None:
    """Find the groups of each size that counts groups, and give the size its value."""
    for size in draft.context.group_sizes:
        find = partial(find_groups, draft.context, size, draft.matches, draft.values)
        groups = draft.attempt(size, find)
        if groups is None:
            continue
        draft.groups[size] = groups
        if size not in draft.sourced:
            counted = "number of levels of" if groups.encoded.levels else "largest number in"
            draft.sourced[size] = SourcedValue(groups.encoded.count, f"{counted} `{groups.column}`")


def _take_columns(draft: Draft) -> None:
    """Fill each variable that takes columns."""
    sizes = RowSizes(draft.groups, frozenset(_find_row_sizes(draft)))
    for declaration in draft.context.program.data:
        name = declaration.name
        needed = {size.text for size in declaration.sizes if size.text in draft.groups}
        if any(not draft.groups[size].is_sound for size in needed):
            draft.failed.add(name)
        elif name in draft.matches and name not in draft.sourced:
            act = partial(fill, draft.context, declaration, draft.matches[name], sizes)
            sourced = draft.attempt(name, act)
            if sourced is not None:
                draft.sourced[name] = sourced


def _find_row_sizes(draft: Draft) -> Iterator[str]:
    """Yield the sizes that count rows: those of variables with one column, and integers of that value."""
    for declaration in draft.context.program.data:
        size = declaration.sizes[0].text if len(declaration.sizes) == 1 else ""
        if declaration.name in draft.matches and size and size not in draft.groups:
            yield size
    rows = draft.context.table.rows
    yield from (name for name, value in draft.values.items() if type(value) is int and value == rows)


def _take_derived_sizes(draft: Draft) -> None:
    """Give each size that has no value the one that follows from the variables declared with it."""
    for name, (value, source) in derive_sizes(draft.context.program.data, draft.values).items():
        remark = f"the column `{name}` is not used." if draft.context.table.has_column(name) else ""
        draft.sourced[name] = SourcedValue(value, f"size of `{source}`", remark)


def _fill_from_single_numbers(draft: Draft) -> None:
    """Make a single number that was given for an array an array of it, where all sizes are known."""
    for declaration in draft.context.program.data:
        sourced = draft.sourced.get(declaration.name)
        if sourced is None or declaration.name not in draft.context.options.given:
            continue
        filled = fill_shape(declaration, sourced.value, draft.values)
        if filled is not None:
            remark = f"the same number in all {np.size(filled)} places." if np.size(filled) > 1 else ""
            draft.sourced[declaration.name] = replace(sourced, value=filled, remark=remark)
            draft.filled.append(declaration.name)


def _report_unbound(draft: Draft) -> None:
    """Report variables without a value: arrays, rather than the sizes that would be derived from them."""
    declarations = draft.context.program.data
    unbound = [
        declared
        for declared in declarations
        if declared.name not in draft.sourced and declared.name not in draft.failed
    ]
    incomplete = [declared for declared in declarations if declared.name in draft.failed] + unbound
    derivable = {name for declared in incomplete for size in declared.sizes for name in size.names}
    reported = set(draft.context.options.columns)  # their missing columns are reported already
    for declaration in sorted(unbound, key=lambda declared: not declared.sizes):
        if declaration.name not in reported and (declaration.sizes or declaration.name not in derivable):
            draft.problems.append(_describe_unbound(draft.context, declaration, draft.values))
    draft.failed.update(declaration.name for declaration in unbound)


def _describe_unbound(
    context: BindingContext, declaration: Declaration, values: Mapping[str, Any]
) -> BindingError:
    name, table = declaration.name, context.table
    start = f"{format_declaration(context.program, declaration)}, but `{table.path.name}` has no"
    if table.values is not None:
        message = f"{start} `{name}`; it has {format_names(table.values)}."
        return BindingError(message, hint=f"give a value with --set {name}=VALUE")
    message = f"{start} column `{name}`; its columns are {format_names(table.columns)}."
    if not declaration.sizes:
        return BindingError(message, hint=f"give a value with --set {name}=VALUE")
    shape = evaluate_shape(declaration, values)
    if None not in shape and shape[0] != table.rows:  # no column of this table has that length
        count = math.prod(length or 0 for length in shape)
        option = format_option("--set", name, f"[{', '.join(['VALUE'] * count)}]")
        if len(shape) > 1 or count > _MOST_VALUES:
            option = f"--set {name}=VALUE, a JSON list"
        return BindingError(message, hint=f"give its {count} value{'s' if count != 1 else ''} with {option}")
    column = _find_similar_column(name, table.columns) or "COLUMN"
    return BindingError(message, hint=f"name its column with {format_columns(name, column)}")


def _find_similar_column(name: str, columns: Iterable[str]) -> str:
    """Return the column whose name is most like that of a variable; empty if none is.

    The first letter must agree: `wage` is not a misspelt `age`.
    """
    candidates = [column for column in columns if column[:1] == name[:1]]
    return next(iter(difflib.get_close_matches(name, candidates, 1, _SIMILARITY)), "")


def _check_values(draft: Draft) -> None:
    """Check every value against its declaration, as far as sizes and bounds are known."""
    for declaration in draft.context.program.data:
        sourced = draft.sourced.get(declaration.name)
        if sourced is None:
            continue
        sourced = _restore_empty_shape(declaration, sourced, draft.values)
        draft.sourced[declaration.name] = sourced
        problems = list(check_value(draft.context, declaration, sourced, draft.values))
        if problems:
            draft.failed.add(declaration.name)
        draft.problems += problems


def _restore_empty_shape(
    declaration: Declaration, sourced: SourcedValue, values: Mapping[str, Any]
) -> SourcedValue:
    """Return an empty array with all of its declared axes, which JSON cannot express."""
    if declaration.members or np.size(sourced.value):
        return sourced
    expected = evaluate_shape(declaration, values)
    if None in expected or 0 not in expected:
        return sourced
    return replace(sourced, value=np.reshape(sourced.value, expected))


def _standardize(draft: Draft) -> None:
    """Put predictors on a common scale, if the user requested it or an earlier binding did so."""
    context = draft.context
    for declaration, sourced in draft.list_predictor_matrices():
        name = declaration.name
        stored = find_standardization(context.stored, name)
        if stored is not None or (context.options.standardize and not context.stored):
            draft.sourced[name], draft.scales[name] = predictors.standardize(sourced, stored)


def _collect_data(draft: Draft) -> BoundData:
    context = draft.context
    variables = tuple(
        _describe_variable(declaration, draft.sourced[declaration.name], declaration.name in draft.scales)
        for declaration in context.program.data
        if declaration.name in draft.sourced
    )
    return BoundData(
        context.table,
        variables,
        collect_labels(context, draft.sourced, draft.groups, draft.matches),
        {name: sourced.levels for name, sourced in draft.sourced.items() if sourced.levels},
        draft.dropped,
        tuple(find_tips(draft)),
        draft.scales,
        collect_rules(draft),
        _count_rows(draft),
    )


def _count_rows(draft: Draft) -> int | None:
    """Return the rows of the table; of Stan's data, the length of its outcomes, if they have one length."""
    table, program = draft.context.table, draft.context.program
    if table.values is None:
        return table.rows
    outcomes = {name for term in program.terms if term.role == "likelihood" for name in term.outcomes}
    lengths = {
        np.shape(value)[0]
        for name, value in draft.values.items()
        if name in outcomes and not has_tuples(value) and np.ndim(value)
    }
    return lengths.pop() if len(lengths) == 1 else None


def _describe_variable(declaration: Declaration, sourced: SourcedValue, is_scaled: bool) -> BoundVariable:
    remark = join_remarks(sourced.remark, "standardized." if is_scaled else "")
    return BoundVariable(
        declaration.name, declaration.text, declaration.line, sourced.value, sourced.origin, remark
    )
