"""Bind a table to a data block, rule by rule, and collect every problem on the way."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

import numpy as np

from workbench import tables
from workbench.binding.bound_data import BoundData, BoundVariable, Standardization, has_tuples
from workbench.binding.columns import predictors
from workbench.binding.columns.fill import RowSizes, fill
from workbench.binding.columns.groups import Groups, find_groups
from workbench.binding.columns.labels import collect_labels
from workbench.binding.columns.match import ColumnMatch, list_used_columns, match_columns
from workbench.binding.context import BindingContext
from workbench.binding.options import BindingOptions
from workbench.binding.phrases import format_declaration, format_names, join_remarks
from workbench.binding.run_record import collect_rules, find_standardization
from workbench.binding.values.check import check_value
from workbench.binding.values.convert import convert_value
from workbench.binding.values.sizes import derive_sizes, evaluate_shape
from workbench.binding.values.sourced_value import SourcedValue
from workbench.errors import BindingError
from workbench.program import Declaration, Program
from workbench.tables import Table

T = TypeVar("T")

_MOST_ROWS = 10
"""How many of the rows that were left out a tip lists."""

_SIMILARITY = 0.4
"""How similar a column's name must be to be suggested for a variable without a value, between 0 and 1."""


@dataclass(frozen=True)
class BindingAttempt:
    """The result of a binding that may have failed: the data block as far as it is bound, and all problems.

    Attributes
    ----------
    data
        What could be bound, in the order of declaration; complete only if there are no problems.
    problems
        Errors, in the order in which they were found.
    """

    data: BoundData
    problems: tuple[BindingError, ...] = ()


@dataclass
class _Draft:
    """A binding under construction.

    Attributes
    ----------
    context
        What is bound.
    matches, groups, sourced, scales
        The columns, groups, values and scales so far.
    dropped
        Numbers of the rows that were left out.
    problems
        What is wrong so far.
    failed
        The variables that have a problem.
    """

    context: BindingContext
    matches: dict[str, ColumnMatch] = field(default_factory=dict)
    groups: dict[str, Groups] = field(default_factory=dict)
    sourced: dict[str, SourcedValue] = field(default_factory=dict)
    scales: dict[str, Standardization] = field(default_factory=dict)
    dropped: tuple[int, ...] = ()
    problems: list[BindingError] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)

    @property
    def values(self) -> dict[str, Any]:
        return {name: sourced.value for name, sourced in self.sourced.items()}

    def attempt(self, name: str, act: Callable[[], T]) -> T | None:
        """Return what `act` returns; if it fails, keep the problem and mark the variable."""
        try:
            return act()
        except BindingError as reason:
            self.failed.add(name)
            if reason.message not in [problem.message for problem in self.problems]:
                self.problems.append(reason)
            return None


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
    draft = _Draft(BindingContext(program, table, options, stored or {}))
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
    _report_unbound(draft)
    _check_values(draft)
    _standardize(draft)
    return BindingAttempt(_collect_data(draft), tuple(draft.problems))


def _take_stan_data(draft: _Draft) -> None:
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


def _take_given(draft: _Draft) -> None:
    """Take the values that the user gave by name."""
    options = draft.context.options
    for declaration in draft.context.program.data:
        name = declaration.name
        if name in options.given:
            origin = options.origins.get(name, "given")
            _take_value(draft, declaration, options.given[name], origin, is_stan_data=False)


def _take_value(
    draft: _Draft, declaration: Declaration, value: Any, origin: str, *, is_stan_data: bool
) -> None:
    name = declaration.name
    converted = draft.attempt(name, partial(convert_value, declaration, value, is_stan_data=is_stan_data))
    if name not in draft.failed:
        draft.sourced[name] = SourcedValue(converted, origin)


def _drop_incomplete_rows(draft: _Draft) -> None:
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


def _take_groups(draft: _Draft) -> None:
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


def _take_columns(draft: _Draft) -> None:
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


def _find_row_sizes(draft: _Draft) -> Iterator[str]:
    """Yield the sizes that count rows: those of variables with one column, and integers of that value."""
    for declaration in draft.context.program.data:
        size = declaration.sizes[0].text if len(declaration.sizes) == 1 else ""
        if declaration.name in draft.matches and size and size not in draft.groups:
            yield size
    rows = draft.context.table.rows
    yield from (name for name, value in draft.values.items() if type(value) is int and value == rows)


def _take_derived_sizes(draft: _Draft) -> None:
    """Give each size that has no value the one that follows from the variables declared with it."""
    for name, (value, source) in derive_sizes(draft.context.program.data, draft.values).items():
        remark = f"the column `{name}` is not used." if name in draft.context.table.columns else ""
        draft.sourced[name] = SourcedValue(value, f"size of `{source}`", remark)


def _report_unbound(draft: _Draft) -> None:
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
            draft.problems.append(_describe_unbound(draft.context, declaration))
    draft.failed.update(declaration.name for declaration in unbound)


def _describe_unbound(context: BindingContext, declaration: Declaration) -> BindingError:
    name, table = declaration.name, context.table
    start = f"{format_declaration(context.program, declaration)}, but `{table.path.name}` has no"
    if table.values is not None:
        message = f"{start} `{name}`; it has {format_names(table.values)}."
        return BindingError(message, hint=f"give a value with --set {name}=VALUE")
    message = f"{start} column `{name}`; its columns are {format_names(table.columns)}."
    if not declaration.sizes:
        return BindingError(message, hint=f"give a value with --set {name}=VALUE")
    close = difflib.get_close_matches(name, table.columns, 1, _SIMILARITY)
    return BindingError(
        message, hint=f"name its column with --column {name}={close[0] if close else 'COLUMN'}"
    )


def _check_values(draft: _Draft) -> None:
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


def _standardize(draft: _Draft) -> None:
    """Put predictors on a common scale, if the user requested it or an earlier binding did so."""
    context = draft.context
    for declaration, sourced in _list_predictor_matrices(draft):
        name = declaration.name
        stored = find_standardization(context.stored, name)
        if stored is not None or (context.options.standardize and not context.stored):
            draft.sourced[name], draft.scales[name] = predictors.standardize(sourced, stored)


def _list_predictor_matrices(draft: _Draft) -> list[tuple[Declaration, SourcedValue]]:
    """Return the matrices of predictors that are bound without a problem."""
    return [
        (declaration, draft.sourced[declaration.name])
        for declaration in draft.context.program.data
        if declaration.name in draft.sourced
        and declaration.name not in draft.failed
        and predictors.is_predictor_matrix(draft.context, declaration, draft.sourced[declaration.name])
    ]


def _collect_data(draft: _Draft) -> BoundData:
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
        tuple(_find_tips(draft)),
        draft.scales,
        collect_rules(context, draft.matches, draft.sourced, draft.groups, draft.scales),
    )


def _describe_variable(declaration: Declaration, sourced: SourcedValue, is_scaled: bool) -> BoundVariable:
    remark = join_remarks(sourced.remark, "standardized." if is_scaled else "")
    return BoundVariable(
        declaration.name, declaration.text, declaration.line, sourced.value, sourced.origin, remark
    )


def _find_tips(draft: _Draft) -> Iterator[str]:
    """Yield sentences about data that can be fitted but may not be what they seem."""
    table, options = draft.context.table, draft.context.options
    yield from table.remarks
    if draft.dropped:
        yield _describe_dropped(draft.dropped)
    for declaration, sourced in _list_predictor_matrices(draft):
        is_standardized = declaration.name in draft.scales
        yield from predictors.find_difficulties(declaration, sourced, is_standardized=is_standardized)
    for name in draft.scales:
        yield (
            f"`{name}` is standardized: the priors of its coefficients refer to a difference of one standard "
            "deviation in a predictor."
        )
    if table.values is not None:
        yield from _find_stan_data_tips(draft)
    elif options.standardize and not draft.scales:
        yield "--standardize has no effect: there is no matrix of predictors."


def _describe_dropped(dropped: tuple[int, ...]) -> str:
    shown = ", ".join(map(str, dropped[:_MOST_ROWS]))
    more = f" and {len(dropped) - _MOST_ROWS} more" if len(dropped) > _MOST_ROWS else ""
    if len(dropped) == 1:
        return f"1 row with a missing cell was left out: row {shown}."
    return f"{len(dropped)} rows with a missing cell were left out: rows {shown}{more}."


def _find_stan_data_tips(draft: _Draft) -> Iterator[str]:
    context = draft.context
    unused = [name for name in context.table.values or {} if name not in context.declared]
    if unused:
        names = format_names(unused)
        yield f"`{context.table.path.name}` also has {names}, which the program does not declare."
    for name, value in draft.values.items():
        is_real = not has_tuples(value) and np.asarray(value).dtype.kind == "f"
        if is_real and not np.isfinite(value).all():
            yield f"`{name}` has values that are not finite."
    if context.options.standardize:
        yield "--standardize has no effect on a Stan data file."
