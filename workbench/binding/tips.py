"""Sentences about data that can be fitted but may not be what they seem."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from workbench.binding.bound_data import has_tuples
from workbench.binding.columns import predictors
from workbench.binding.columns.levels import find_case_variants
from workbench.binding.columns.match import ColumnMatch, list_used_columns
from workbench.binding.draft import Draft
from workbench.binding.phrases import format_columns, format_names
from workbench.tables import describe_words

_MOST_ROWS = 10
"""How many of the rows that were left out a tip lists."""

_MOST_COLUMNS = 8
"""How many columns an option in a tip lists."""


def find_tips(draft: Draft) -> Iterator[str]:
    """Yield sentences about data that can be fitted but may not be what they seem."""
    table, options = draft.context.table, draft.context.options
    yield from table.remarks
    yield from _find_reading_tips(draft)
    if draft.dropped:
        yield _describe_dropped(draft)
    for declaration, sourced in draft.list_predictor_matrices():
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


def _find_reading_tips(draft: Draft) -> Iterator[str]:
    """Yield how numbers written for people were read, what was left out, and which levels look alike."""
    table = draft.context.table
    used = list_used_columns(draft.context, draft.matches)
    for column, how in table.formats.items():
        if column in used:
            yield f"the numbers in column `{column}` are read {how}."
    for name, match in draft.matches.items():
        if match.identifiers:
            yield _describe_identifiers(name, match)
    for column, levels in _list_levels(draft).items():
        alike = find_case_variants(levels)
        if alike:
            yield f"levels of `{column}` differ only in case, and count as different: {format_names(alike)}."


def _describe_identifiers(name: str, match: ColumnMatch) -> str:
    columns = (*match.columns, *match.identifiers)
    option = f"with {format_columns(name, *columns)}" if len(columns) <= _MOST_COLUMNS else "with --columns"
    is_single = len(match.identifiers) == 1
    reason = "an identifier by its name" if is_single else "identifiers by their names"
    return (
        f"`{name}` leaves out {format_names(match.identifiers)} ({reason}); "
        f"{'it is' if is_single else 'they are'} kept if named {option}."
    )


def _list_levels(draft: Draft) -> dict[str, tuple[str, ...]]:
    """Return by column the levels that its texts are."""
    levels = {groups.column: groups.encoded.levels for groups in draft.groups.values()}
    for sourced in draft.sourced.values():
        for column, rules in sourced.column_rules.items():
            if rules.get("levels"):
                levels[column] = tuple(rules["levels"])
    return levels


def _describe_dropped(draft: Draft) -> str:
    dropped, table = draft.dropped, draft.context.table
    shown = ", ".join(map(str, dropped[:_MOST_ROWS]))
    more = f" and {len(dropped) - _MOST_ROWS} more" if len(dropped) > _MOST_ROWS else ""
    left_out = (
        f"1 row with a missing cell was left out: row {shown}."
        if len(dropped) == 1
        else f"{len(dropped)} rows with a missing cell were left out: rows {shown}{more}."
    )
    used = list_used_columns(draft.context, draft.matches)
    words = {column: describe_words(counts) for column, counts in table.missing_words.items()}
    counted = "; ".join(f"of `{column}`, {text}" for column, text in words.items() if text and column in used)
    return f"{left_out} Of the missing cells {counted}." if counted else left_out


def _find_stan_data_tips(draft: Draft) -> Iterator[str]:
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
