"""Which columns each variable takes, and why."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from workbench import tables
from workbench.binding.columns.identifiers import is_identifier
from workbench.binding.context import BindingContext, parse_column
from workbench.binding.phrases import format_names, join_remarks, suggest_name
from workbench.errors import BindingError
from workbench.program import Declaration

_SEPARATORS = re.compile(r"[\W_]+")
"""What is ignored when names are compared: blanks and punctuation."""

_NUMBERED = re.compile(r"[\[._]?(\d{1,9})\]?")
"""What follows the name of a matrix in a numbered column: `1`, `_1`, `.1` or `[1]`."""

_SQUARE = frozenset({"cov_matrix", "corr_matrix", "cholesky_factor_corr", "cholesky_factor_cov"})
"""Types whose rows and columns have the same size, so that their rows are not those of a table."""


@dataclass(frozen=True)
class ColumnMatch:
    """The columns that one variable takes.

    Attributes
    ----------
    columns
        Their names, with the unit of dates as the user wrote it: `when:days`.
    remark
        What a reader should know about the choice.
    identifiers
        Columns of numbers that were left out because they only identify rows or groups.
    is_remainder
        Whether the columns were not named: they are those that no other variable takes.
    is_similar
        Whether the name of the column only resembles that of the variable.
    """

    columns: tuple[str, ...]
    remark: str = ""
    identifiers: tuple[str, ...] = ()
    is_remainder: bool = False
    is_similar: bool = False


def match_columns(context: BindingContext) -> tuple[dict[str, ColumnMatch], list[BindingError]]:
    """Return the columns of each variable that takes any, and the problems with the user's choices."""
    problems = list(_find_unknown_names(context))
    matches: dict[str, ColumnMatch] = {}
    for declaration in context.program.data:
        match = _match_by_name(context, declaration)
        if match is not None:
            matches[declaration.name] = match
    matches |= _match_similar_names(context, matches)
    rest, problem = _match_remaining(context, matches)
    return matches | rest, problems + ([problem] if problem else [])


def list_used_columns(context: BindingContext, matches: Mapping[str, ColumnMatch]) -> set[str]:
    """Return the columns of the table that some variable takes."""
    return {
        parse_column(context.table, column).name for match in matches.values() for column in match.columns
    }


def _find_unknown_names(context: BindingContext) -> Iterator[BindingError]:
    """Yield the names among the user's choices that the program or the table does not have."""
    known, options = list(context.declared), context.options
    for name in (*options.columns, *options.given):
        if name not in known:
            yield BindingError(
                f"`{name}` is not in the data block of `{context.program.path.name}`, "
                f"which declares {format_names(known)}.",
                hint=suggest_name(name, known),
            )
    for name, columns in options.columns.items():
        for column in columns:
            try:
                plain = parse_column(context.table, column).name
            except BindingError as reason:
                yield reason
                continue
            if not context.table.has_column(plain):
                yield _describe_missing_column(context, plain, f"which was requested for `{name}`")
    for column in options.reference:
        if not context.table.has_column(column):
            yield _describe_missing_column(context, column, "which --reference names")


def _describe_missing_column(context: BindingContext, column: str, why: str) -> BindingError:
    columns = context.table.columns
    message = (
        f"`{context.table.path.name}` has no column `{column}`, {why}; its columns are "
        f"{format_names(columns)}."
    )
    hint = suggest_name(column, columns)
    if hint is None and columns and all(name.replace(".", "").isdigit() for name in columns):
        hint = "the first line holds numbers: is the header with the column names missing?"
    return BindingError(message, hint=hint)


def _match_by_name(context: BindingContext, declaration: Declaration) -> ColumnMatch | None:
    """Return the columns that the user named, the column of the variable's own name, or numbered columns."""
    name, options = declaration.name, context.options
    if name in options.given:
        return None
    if name in options.columns:
        columns = tuple(column for column in options.columns[name] if _is_in_table(context, column))
        return ColumnMatch(columns) if columns else None
    if context.table.has_column(name) and not _is_size(context, declaration):
        return ColumnMatch((name,))
    numbered = _find_numbered(context, name) if len(declaration.sizes) == 2 else ()
    return ColumnMatch(numbered) if numbered else None


def _is_size(context: BindingContext, declaration: Declaration) -> bool:
    """Return whether a variable is a single integer that is a size, or bounds the numbers of groups."""
    if not declaration.is_integer or declaration.sizes:
        return False
    used = {name for declared in context.program.data for size in declared.sizes for name in size.names}
    return declaration.name in used or declaration.name in context.group_sizes


def _is_in_table(context: BindingContext, column: str) -> bool:
    try:
        return context.table.has_column(parse_column(context.table, column).name)
    except BindingError:
        return False


def _find_numbered(context: BindingContext, name: str) -> tuple[str, ...]:
    """Return the columns `X1`, `X2` ... of a matrix `X`, if they count from 1 without a gap."""
    numbered: dict[int, str] = {}
    for column in context.table.columns:
        number = _NUMBERED.fullmatch(column[len(name) :]) if column.startswith(name) else None
        if number is not None:
            numbered.setdefault(int(number[1]), column)
    has_no_gap = sorted(numbered) == list(range(1, len(numbered) + 1))
    return tuple(numbered[i] for i in sorted(numbered)) if has_no_gap else ()


def _match_similar_names(
    context: BindingContext, matches: Mapping[str, ColumnMatch]
) -> dict[str, ColumnMatch]:
    """Return variables whose name differs from that of exactly one column in case and punctuation alone."""
    table, options = context.table, context.options
    used = {column for match in matches.values() for column in match.columns}
    columns: dict[str, list[str]] = {}
    names: dict[str, list[str]] = {}
    for column in table.columns:
        columns.setdefault(_simplify(column), []).append(column)
    for declaration in context.program.data:
        names.setdefault(_simplify(declaration.name), []).append(declaration.name)
    similar = {}
    for declaration in context.program.data:
        name, key = declaration.name, _simplify(declaration.name)
        is_settled = name in matches or name in options.given or name in options.columns
        if is_settled or len(declaration.sizes) != 1:
            continue
        if names[key] == [name] and len(columns.get(key, ())) == 1 and columns[key][0] not in used:
            column = columns[key][0]
            remark = f"taken from `{column}`, the only similar name."
            similar[name] = ColumnMatch((column,), remark, is_similar=True)
    return similar


def _simplify(name: str) -> str:
    """Return a name without blanks, punctuation and case."""
    return _SEPARATORS.sub("", name).casefold() or name


def _match_remaining(
    context: BindingContext, matches: Mapping[str, ColumnMatch]
) -> tuple[dict[str, ColumnMatch], BindingError | None]:
    """Give the numeric columns that are still unused to the only matrix that still has none."""
    table, used = context.table, list_used_columns(context, matches)
    unused = [column for column in table.columns if column not in used]
    numbers = [column for column in unused if tables.is_numeric(table, column)]
    identifiers = tuple(column for column in numbers if is_identifier(table, column))
    numeric = tuple(column for column in numbers if column not in identifiers)
    waiting = [declared for declared in context.program.data if _can_take_rest(context, declared, matches)]
    matrices = [declared for declared in waiting if declared.kind == "matrix"] or waiting
    if not matrices or not numeric:
        return {}, None
    if len(matrices) > 1:
        names = format_names(declared.name for declared in matrices)
        message = (
            f"the columns that no other variable takes ({format_names(numeric)}) could go to any of {names}."
        )
        options = " ".join(f"--columns {declared.name}=..." for declared in matrices)
        return {}, BindingError(message, hint=f"name the columns of each: {options}")
    not_numeric = [
        column for column in unused if tables.classify_column(table, column) in ("text", "categories", "date")
    ]
    remark = join_remarks(
        f"not numeric, so left out: {format_names(not_numeric)}." if not_numeric else "",
        f"identifiers, so left out: {format_names(identifiers)}." if identifiers else "",
    )
    return {matrices[0].name: ColumnMatch(numeric, remark, identifiers, is_remainder=True)}, None


def _can_take_rest(
    context: BindingContext, declaration: Declaration, matches: Mapping[str, ColumnMatch]
) -> bool:
    """Return whether a variable may take the columns that nothing else uses: numbers in rows and columns."""
    first, *rest = [size.text for size in declaration.sizes] or [""]
    return (
        len(rest) == 1
        and first != rest[0]
        and first not in context.group_sizes
        and not declaration.members
        and declaration.kind not in _SQUARE
        and not (declaration.is_integer and declaration.upper is not None)
        and any(size.names for size in declaration.sizes)
        and declaration.name not in matches
        and declaration.name not in context.options.given
    )
