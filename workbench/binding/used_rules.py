"""The rules that a binding followed, and those that its problems call for."""

from __future__ import annotations

from collections.abc import Iterator

from workbench import tables
from workbench.binding.columns.labels import find_row_name_column
from workbench.binding.columns.match import list_used_columns
from workbench.binding.context import parse_column
from workbench.binding.draft import Draft
from workbench.binding.rules import RULES
from workbench.errors import BindingError


def list_used_rules(draft: Draft) -> tuple[str, ...]:
    """Return the keys of the rules that a binding followed, in the order of `RULES`."""
    if draft.context.table.values is not None:
        used = {*(["Stan data"] if draft.context.table.values else []), *_find_rules_of_given(draft)}
    else:
        used = {
            *_find_rules_of_given(draft),
            *_find_rules_of_matches(draft),
            *_find_rules_of_values(draft),
            *_find_rules_of_cells(draft),
        }
    return tuple(key for key in RULES if key in used)


def _find_rules_of_given(draft: Draft) -> Iterator[str]:
    if draft.context.options.given:
        yield "given"
    if draft.filled:
        yield "fill"


def _find_rules_of_matches(draft: Draft) -> Iterator[str]:
    options = draft.context.options
    unbound = {name for name in draft.failed if name not in draft.matches}
    own = {name for name, match in draft.matches.items() if match.columns == (name,) or match.is_similar}
    if options.columns:
        yield "named"
    if own - set(options.columns) or unbound:
        yield "own name"
    numbered = (
        name
        for name, match in draft.matches.items()
        if match.is_remainder or (name not in options.columns and name not in own)
    )
    if any(numbered):
        yield "matrix"


def _find_rules_of_values(draft: Draft) -> Iterator[str]:
    declared = draft.context.declared
    from_columns = [
        (declared[name], draft.sourced[name])
        for name in draft.matches
        if name in draft.sourced and name in declared
    ]
    if any(not declaration.sizes for declaration, _ in from_columns):
        yield "single"
    if any(declaration.sizes for declaration, _ in from_columns):
        yield "sizes"
    if draft.groups:
        yield "groups"
    if any(sourced.rows is not None for _, sourced in from_columns):
        yield "one per group"
    if draft.context.options.standardize:
        yield "standardize"
    has_names = any(sourced.column_axis is not None or sourced.levels for _, sourced in from_columns)
    if has_names or find_row_name_column(draft.context, draft.matches):
        yield "labels"


def _find_rules_of_cells(draft: Draft) -> Iterator[str]:
    context = draft.context
    table = context.table
    used = list_used_columns(context, draft.matches)
    if used & (set(table.formats) | {name for name, words in table.missing_words.items() if any(words)}):
        yield "texts"
    if context.options.missing == "drop" or any(tables.find_missing(table, column).any() for column in used):
        yield "missing"
    for name, match in draft.matches.items():
        declaration = context.declared[name]
        upper = declaration.upper.literal if declaration.upper is not None else None
        for text in match.columns:
            try:
                request = parse_column(table, text)
            except BindingError:  # reported already
                continue
            kind = tables.classify_column(table, request.name)
            if request.unit or kind == "date":
                yield "dates"
            if declaration.is_integer and upper == 1 and kind not in ("number", "nothing"):
                yield "0 or 1"
            if len(declaration.sizes) == 2 and (request.is_indicator or kind in ("text", "categories")):
                yield "indicators"
