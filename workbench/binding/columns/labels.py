"""Names for the indices of sizes: columns of a matrix, levels of groups, rows that a text identifies."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow.compute as pc

from workbench import tables
from workbench.binding.columns.groups import Groups
from workbench.binding.columns.match import ColumnMatch, list_used_columns
from workbench.binding.context import BindingContext
from workbench.binding.values.sourced_value import SourcedValue

_MOST_ROWS = 100_000
"""Largest table whose rows are named; in a larger one a row's number says as much."""


def collect_labels(
    context: BindingContext,
    sourced: Mapping[str, SourcedValue],
    groups: Mapping[str, Groups],
    matches: Mapping[str, ColumnMatch],
) -> dict[str, tuple[str, ...]]:
    """Return names by size; a size that two matrices name differently has none."""
    candidates: dict[str, set[tuple[str, ...]]] = {}
    row_names = _find_row_names(context, matches)
    for declaration in context.program.data:
        value = sourced.get(declaration.name)
        if value is None or not value.columns:
            continue
        for axis, size in enumerate(declaration.sizes):
            if not size.text.isidentifier() or size.text in groups:
                continue
            names = value.columns if axis == value.column_axis else row_names
            if names:
                candidates.setdefault(size.text, set()).add(names)
    labels = {size: next(iter(names)) for size, names in candidates.items() if len(names) == 1}
    return labels | {size: found.encoded.levels for size, found in groups.items() if found.encoded.levels}


def _find_row_names(context: BindingContext, matches: Mapping[str, ColumnMatch]) -> tuple[str, ...]:
    """Return the texts of the first unused column whose texts are all different.

    If there is no such column, rows have names only where some were left out: their numbers in the file.
    """
    table = context.table
    if table.rows > _MOST_ROWS:
        return ()
    used = list_used_columns(context, matches)
    for column in table.columns:
        if column in used or tables.classify_column(table, column) not in ("text", "categories"):
            continue
        texts = tables.to_texts(table, column)
        if not texts.null_count and pc.count_distinct(texts).as_py() == table.rows:
            return tuple(texts.to_pylist())
    if table.row_numbers is not None:
        return tuple(f"row {number}" for number in table.row_numbers.tolist())
    return ()
