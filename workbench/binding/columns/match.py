"""Which columns each variable takes, and why."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from workbench import tables
from workbench.binding.context import Question, split_unit
from workbench.binding.phrases import closest, listed
from workbench.errors import BindingError
from workbench.program import Declaration

_SEPARATORS = re.compile(r"[\W_]+")
_NUMBERED = re.compile(r"[\[._]?(\d+)\]?")
_SIZED_TWICE = frozenset({"cov_matrix", "corr_matrix", "cholesky_factor_corr", "cholesky_factor_cov"})


@dataclass(frozen=True)
class Taken:
    """The columns of one variable.

    Attributes
    ----------
    columns
        As asked for, with the unit of dates: `when:days`.
    remark
        What a reader should know about the choice.
    """

    columns: tuple[str, ...]
    remark: str = ""


def match(question: Question) -> tuple[dict[str, Taken], list[BindingError]]:
    """Return the columns of each variable that takes any, and what is wrong with the choice."""
    problems = list(_unknown_names(question))
    taken: dict[str, Taken] = {}
    for declaration in question.program.data:
        found = _own(question, declaration)
        if found is not None:
            taken[declaration.name] = found
    taken |= _similar(question, taken)
    rest, problem = _remaining(question, taken)
    return taken | rest, problems + ([problem] if problem else [])


def _unknown_names(question: Question) -> Iterator[BindingError]:
    """Yield names that the program or the table does not have."""
    known = list(question.declared)
    asked = question.asked
    for name in (*asked.columns, *asked.given):
        if name not in known:
            yield BindingError(
                f"`{name}` is not in the data block of `{question.program.path.name}`, "
                f"which declares {listed(known)}.",
                hint=closest(name, known),
            )
    for name, columns in asked.columns.items():
        for column in columns:
            try:
                plain, _ = split_unit(question.table, column)
            except BindingError as reason:
                yield reason
                continue
            if plain not in question.table.columns:
                yield no_column(question, plain, f"which `{name}` was to take")
    for column in asked.reference:
        if column not in question.table.columns:
            yield no_column(question, column, "of which --reference names a level")


def no_column(question: Question, column: str, why: str) -> BindingError:
    """Return the words for a column that is not there."""
    columns = question.table.columns
    message = (
        f"`{question.table.path.name}` has no column `{column}`, {why}; its columns are {listed(columns)}."
    )
    hint = closest(column, columns)
    if hint is None and columns and all(name.replace(".", "").isdigit() for name in columns):
        hint = "the first line holds numbers: is the line with the names of the columns missing?"
    return BindingError(message, hint=hint)


def _own(question: Question, declaration: Declaration) -> Taken | None:
    """Return what a variable takes by instruction, by its own name, or by its numbered columns."""
    name, asked = declaration.name, question.asked
    if name in asked.given:
        return None
    if name in asked.columns:
        columns = tuple(one for one in asked.columns[name] if _exists(question, one))
        return Taken(columns) if columns else None
    if name in question.table.columns and not is_size(question, declaration):
        return Taken((name,))
    numbered = _numbered(question, name) if len(declaration.sizes) == 2 else ()
    return Taken(numbered) if numbered else None


def is_size(question: Question, declaration: Declaration) -> bool:
    """Whether a variable is a single integer that something is sized or bounded by."""
    if not declaration.is_integer or declaration.sizes:
        return False
    used = {name for one in question.program.data for size in one.sizes for name in size.names}
    return declaration.name in used or declaration.name in question.groups


def _exists(question: Question, column: str) -> bool:
    try:
        return split_unit(question.table, column)[0] in question.table.columns
    except BindingError:
        return False


def _numbered(question: Question, name: str) -> tuple[str, ...]:
    """Return the columns `X1`, `X2` ... of a matrix `X`, if they count from 1 without a gap."""
    found: dict[int, str] = {}
    for column in question.table.columns:
        number = _NUMBERED.fullmatch(column[len(name) :]) if column.startswith(name) else None
        if number is not None:
            found.setdefault(int(number[1]), column)
    return tuple(found[i] for i in sorted(found)) if sorted(found) == list(range(1, len(found) + 1)) else ()


def _similar(question: Question, taken: dict[str, Taken]) -> dict[str, Taken]:
    """Return variables whose name one column alone has but for case and punctuation."""
    table, program = question.table, question.program
    used = {column for one in taken.values() for column in one.columns}
    columns: dict[str, list[str]] = {}
    names: dict[str, list[str]] = {}
    for column in table.columns:
        columns.setdefault(_plain(column), []).append(column)
    for declaration in program.data:
        names.setdefault(_plain(declaration.name), []).append(declaration.name)
    found = {}
    for declaration in program.data:
        name, key = declaration.name, _plain(declaration.name)
        is_said = name in taken or name in question.asked.given or name in question.asked.columns
        is_open = not is_said and len(declaration.sizes) == 1
        if is_open and names[key] == [name] and len(columns.get(key, ())) == 1:
            column = columns[key][0]
            if column not in used:
                found[name] = Taken((column,), f"taken from `{column}`, the only name like it.")
    return found


def _plain(name: str) -> str:
    return _SEPARATORS.sub("", name).casefold() or name


def _remaining(question: Question, taken: dict[str, Taken]) -> tuple[dict[str, Taken], BindingError | None]:
    """Give the one matrix without columns the numeric columns that nothing else uses."""
    used = {split_unit(question.table, column)[0] for one in taken.values() for column in one.columns}
    free = tuple(
        column
        for column in question.table.columns
        if column not in used and tables.is_numeric(question.table, column)
    )
    waiting = [one for one in question.program.data if _is_open(question, one, taken)]
    matrices = [one for one in waiting if one.kind == "matrix"] or waiting
    if not matrices or not free:
        return {}, None
    if len(matrices) > 1:
        names = listed(one.name for one in matrices)
        message = f"{names} could each take the columns that are left, {listed(free)}."
        hint = " ".join(f"--columns {one.name}=..." for one in matrices)
        return {}, BindingError(message, hint=f"say which takes which: {hint}")
    left_out = [
        column
        for column in question.table.columns
        if column not in used
        and tables.classify_column(question.table, column) in ("text", "categories", "date")
    ]
    remark = f"not taken unasked: {listed(left_out)}." if left_out else ""
    return {matrices[0].name: Taken(free, remark)}, None


def _is_open(question: Question, declaration: Declaration, taken: dict[str, Taken]) -> bool:
    """Whether a variable may take columns that nothing else uses: numbers in rows and columns."""
    first, *rest = [size.text for size in declaration.sizes] or [""]
    return (
        len(rest) == 1
        and first != rest[0]
        and first not in question.groups
        and not declaration.members
        and declaration.kind not in _SIZED_TWICE
        and not (declaration.is_integer and declaration.upper is not None)
        and any(size.names for size in declaration.sizes)
        and declaration.name not in taken
        and declaration.name not in question.asked.given
    )
