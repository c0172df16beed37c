"""A table bound to a data block, rule by rule; every problem is kept, so that all can be told at once."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

import numpy as np

from workbench import tables
from workbench.binding.bound_data import BindingOptions, BoundData, BoundVariable, Standardization, has_tuples
from workbench.binding.columns import labels as names
from workbench.binding.columns import predictors
from workbench.binding.columns.fill import Axes, Filled, Groups, fill, find_groups
from workbench.binding.columns.match import Taken, match
from workbench.binding.context import Question, ask, split_unit
from workbench.binding.phrases import listed, place
from workbench.binding.run_record import remember, standardization_of
from workbench.binding.values.check import check, evaluate_shape
from workbench.binding.values.convert import declared_value
from workbench.binding.values.sizes import derive
from workbench.errors import BindingError
from workbench.program import Declaration, Program
from workbench.tables import Table

T = TypeVar("T")


@dataclass(frozen=True)
class BindingAttempt:
    """What came of a binding: the data block as far as it goes, and all that is wrong with it.

    Attributes
    ----------
    data
        What could be bound, in the order of declaration; complete only where there are no problems.
    problems
        Errors, in the order they were met.
    """

    data: BoundData
    problems: tuple[BindingError, ...] = ()


@dataclass
class _Work:
    """A binding while it is worked out."""

    question: Question
    taken: dict[str, Taken] = field(default_factory=dict)
    groups: dict[str, Groups] = field(default_factory=dict)
    filled: dict[str, Filled] = field(default_factory=dict)
    scales: dict[str, Standardization] = field(default_factory=dict)
    dropped: tuple[int, ...] = ()
    problems: list[BindingError] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)

    @property
    def values(self) -> dict[str, Any]:
        return {name: one.value for name, one in self.filled.items()}

    def attempt(self, name: str, act: Callable[[], T]) -> T | None:
        """Return what `act` returns; a problem is kept and the variable marked."""
        try:
            return act()
        except BindingError as reason:
            self.failed.add(name)
            if reason.message not in [one.message for one in self.problems]:
                self.problems.append(reason)
            return None


def bind(
    program: Program,
    table: Table,
    asked: BindingOptions | None = None,
    *,
    columns: Mapping[str, tuple[str, ...]] | None = None,
    given: Mapping[str, Any] | None = None,
) -> BoundData:
    """Give every variable of the program's data block its value, by the rules in `RULES`.

    Parameters
    ----------
    program, table
        What to bind, and to what.
    asked
        What the user said about it.
    columns, given
        The same as those of `asked`, for short.

    Raises
    ------
    BindingError
        The first of all problems: a variable finds no value, a cell is not a number or breaks a declared
        bound, lengths disagree.
    """
    asked = asked or BindingOptions(columns=columns or {}, given=given or {})
    examined = try_bind(program, table, asked)
    if examined.problems:
        raise examined.problems[0]
    return examined.data


def try_bind(
    program: Program, table: Table, asked: BindingOptions, stored: Mapping[str, Any] | None = None
) -> BindingAttempt:
    """Bind as far as possible, and return all that is in the way.

    Parameters
    ----------
    program, table, asked
        As in `bind`.
    stored
        The rules of an earlier binding, which this one must follow.
    """
    work = _Work(ask(program, table, asked, stored))
    if table.values is not None:
        _take_stan_data(work)
    else:
        work.taken, problems = match(work.question)
        work.problems += problems
        _leave_out(work)
        _take_given(work, asked.given)
        _take_groups(work)
        _take_columns(work)
    _derive(work)
    _check_complete(work)
    _check_values(work)
    _put_on_scale(work)
    return BindingAttempt(_bound(work), tuple(work.problems))


def _take_stan_data(work: _Work) -> None:
    """Take Stan's own data as they are; only values given by name go before."""
    question = work.question
    given, origin = dict(question.table.values or {}), f"`{question.table.path.name}`"
    for option, said in (("--column", question.asked.columns), ("--reference", question.asked.reference)):
        if said:
            message = (
                f"{option} names columns, but `{question.table.path.name}` is Stan's own data: nothing is "
                "bound."
            )
            work.problems.append(BindingError(message, hint=f"leave {option} out, or change the file"))
    for declaration in question.program.data:
        if declaration.name in given and declaration.name not in question.asked.given:
            value = given[declaration.name]
            taken = work.attempt(
                declaration.name, partial(declared_value, declaration, value, is_stan_data=True)
            )
            if declaration.name not in work.failed:
                work.filled[declaration.name] = Filled(taken, origin)
    _take_given(work, question.asked.given)


def _take_given(work: _Work, given: Mapping[str, Any]) -> None:
    for declaration in work.question.program.data:
        name = declaration.name
        if name not in given:
            continue
        value = work.attempt(name, partial(declared_value, declaration, given[name], is_stan_data=False))
        if name not in work.failed:
            work.filled[name] = Filled(value, work.question.asked.origins.get(name, "given"))


def _leave_out(work: _Work) -> None:
    """Leave out rows with a missing cell in a column that is used, where that was asked for."""
    question = work.question
    if question.asked.missing != "drop":
        return
    used = {split_unit(question.table, column)[0] for one in work.taken.values() for column in one.columns}
    gaps = np.zeros(question.table.rows, dtype=bool)
    for column in sorted(used):
        gaps |= tables.find_missing(question.table, column)
    if not gaps.any():
        return
    if gaps.all():
        message = f"every row of `{question.table.path.name}` has a missing cell in a column that is used."
        work.problems.append(BindingError(message, hint="name columns with --column, or fill the gaps"))
        return
    work.dropped = tuple(question.table.row_number(int(row)) for row in np.flatnonzero(gaps))
    work.question = replace(question, table=tables.drop_rows(question.table, gaps))


def _take_groups(work: _Work) -> None:
    """Find the groups of each size that counts groups, and give the size its value."""
    for size in work.question.groups:
        groups = work.attempt(size, partial(find_groups, work.question, size, work.taken, work.values))
        if groups is None:
            continue
        work.groups[size] = groups
        if size not in work.filled:
            counted = "number of levels of" if groups.coded.levels else "largest number in"
            work.filled[size] = Filled(groups.coded.count, f"{counted} `{groups.column}`")


def _take_columns(work: _Work) -> None:
    axes = Axes(frozenset(_row_sizes(work)))
    for declaration in work.question.program.data:
        name = declaration.name
        needed = {size.text for size in declaration.sizes if size.text in work.groups}
        if any(not work.groups[size].is_sound for size in needed):
            work.failed.add(name)
        elif name in work.taken and name not in work.filled:
            act = partial(fill, work.question, declaration, work.taken[name], work.groups, axes)
            filled = work.attempt(name, act)
            if filled is not None:
                work.filled[name] = filled


def _row_sizes(work: _Work) -> Iterator[str]:
    """Yield sizes that count rows: those of what takes one column, and those given as that number."""
    for declaration in work.question.program.data:
        size = declaration.sizes[0].text if len(declaration.sizes) == 1 else ""
        if declaration.name in work.taken and size and size not in work.groups:
            yield size
    rows = work.question.table.rows
    yield from (name for name, one in work.filled.items() if type(one.value) is int and one.value == rows)


def _derive(work: _Work) -> None:
    for name, (value, source) in derive(work.question.program.data, work.values).items():
        remark = f"the column `{name}` is not used." if name in work.question.table.columns else ""
        work.filled[name] = Filled(value, f"size of `{source}`", remark)


def _check_complete(work: _Work) -> None:
    """Note variables without a value: arrays before the sizes that would have come from them."""
    program = work.question.program
    missing = [one for one in program.data if one.name not in work.filled and one.name not in work.failed]
    pending = {
        name for one in program.data if one.name in work.failed for size in one.sizes for name in size.names
    }
    pending |= {name for one in missing for size in one.sizes for name in size.names}
    told = set(work.question.asked.columns)  # for a column that is not there, there is a problem already
    for declaration in sorted(missing, key=lambda one: not one.sizes):
        if declaration.name not in told and (declaration.sizes or declaration.name not in pending):
            work.failed.add(declaration.name)
            work.problems.append(_unbound(work.question, declaration))
    for declaration in missing:
        work.failed.add(declaration.name)


def _unbound(question: Question, declaration: Declaration) -> BindingError:
    name, table = declaration.name, question.table
    head = f"`{name}` is declared `{declaration.text}` in {place(question.program, declaration)}, but"
    if table.values is not None:
        message = f"{head} `{table.path.name}` has no `{name}`; it has {listed(table.values)}."
        return BindingError(message, hint=f"give a value with --set {name}=VALUE")
    message = f"{head} `{table.path.name}` has no column `{name}`; its columns are {listed(table.columns)}."
    if not declaration.sizes:
        return BindingError(message, hint=f"give a value with --set {name}=VALUE")
    close = difflib.get_close_matches(name, table.columns, 1, 0.4)
    return BindingError(message, hint=f"name one with --column {name}={close[0] if close else 'COLUMN'}")


def _check_values(work: _Work) -> None:
    """Hold every value against its declaration, as far as what the declaration needs is known."""
    for declaration in work.question.program.data:
        filled = work.filled.get(declaration.name)
        if filled is None:
            continue
        filled = work.filled[declaration.name] = _with_empty_shape(declaration, filled, work.values)
        found = list(check(work.question, declaration, filled, work.values))
        if found:
            work.failed.add(declaration.name)
        work.problems += found


def _with_empty_shape(declaration: Declaration, filled: Filled, values: Mapping[str, Any]) -> Filled:
    """Return an empty array with all of its declared axes, which JSON cannot say."""
    if declaration.members or np.size(filled.value):
        return filled
    expected = evaluate_shape(declaration, values)
    if None in expected or 0 not in expected:
        return filled
    return replace(filled, value=np.reshape(filled.value, expected))


def _put_on_scale(work: _Work) -> None:
    """Put predictors on a common scale where that was asked for, or was done before."""
    for declaration in work.question.program.data:
        name = declaration.name
        filled = work.filled.get(name)
        if (
            filled is None
            or name in work.failed
            or not predictors.is_design(work.question, declaration, filled)
        ):
            continue
        stored = standardization_of(work.question.stored, name)
        if stored is not None or (work.question.asked.standardize and not work.question.stored):
            work.filled[name], work.scales[name] = predictors.standardize(filled, stored)


def _bound(work: _Work) -> BoundData:
    question = work.question
    variables = tuple(
        _variable(one, work.filled[one.name], one.name in work.scales)
        for one in question.program.data
        if one.name in work.filled
    )
    return BoundData(
        question.table,
        variables,
        names.labels(question, work.filled, work.groups, work.taken),
        {name: one.levels for name, one in work.filled.items() if one.levels},
        work.dropped,
        tuple(_tips(work)),
        work.scales,
        remember(question, work.taken, work.filled, work.groups, work.scales),
    )


def _variable(declaration: Declaration, filled: Filled, is_scaled: bool) -> BoundVariable:
    remark = " ".join(filter(None, (filled.remark, "standardized." if is_scaled else "")))
    return BoundVariable(
        declaration.name, declaration.text, declaration.line, filled.value, filled.origin, remark
    )


def _tips(work: _Work) -> Iterator[str]:
    question = work.question
    yield from question.table.remarks
    if work.dropped:
        rows, more = listed(map(str, work.dropped), 10), "s" if len(work.dropped) > 1 else ""
        yield f"{len(work.dropped)} row{more} with a missing cell left out: {rows}."
    for declaration in question.program.data:
        filled = work.filled.get(declaration.name)
        if filled is None or declaration.name in work.failed:
            continue
        if predictors.is_design(question, declaration, filled):
            yield from predictors.tips(declaration, filled, is_standardized=declaration.name in work.scales)
    for name in work.scales:
        about = "priors of its coefficients are about one standard deviation of a predictor"
        yield f"`{name}` is standardized: {about}."
    if question.table.values is not None:
        yield from _stan_data_tips(work)
    elif question.asked.standardize and not work.scales:
        yield "there is no matrix of predictors to standardize."


def _stan_data_tips(work: _Work) -> Iterator[str]:
    question = work.question
    unused = [name for name in question.table.values or {} if name not in question.declared]
    if unused:
        yield f"`{question.table.path.name}` also has {listed(unused)}, which the program does not declare."
    for name, one in work.filled.items():
        is_real = not has_tuples(one.value) and np.asarray(one.value).dtype.kind == "f"
        if is_real and not np.isfinite(one.value).all():
            yield f"`{name}` holds numbers that are not finite."
    if question.asked.standardize:
        yield "--standardize does nothing to Stan's own data."
