"""Names for the indices of sizes: columns of a matrix, levels of groups, rows that a text identifies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from workbench import tables
from workbench.binding.columns.groups import Groups
from workbench.binding.columns.match import ColumnMatch, list_used_columns
from workbench.binding.context import BindingContext
from workbench.binding.values.sourced_value import SourcedValue
from workbench.late_imports import LateModule
from workbench.tables import Table

if TYPE_CHECKING:
    import pyarrow.compute as pc
else:
    pc = LateModule("pyarrow.compute")

_MOST_ROWS = 100_000
"""Largest table whose rows are named; in a larger one a row's number says as much."""

_MEASURED = r"^[+-]?[0-9]+([.,][0-9]+)?\s*(\D{0,3}|\D[0-9.,]+\s*\D{0,3})$"
"""A text that is a measurement, alone or with a unit or an error: `45.3 %`, `81 ± 2`."""


def collect_labels(
    context: BindingContext,
    sourced: Mapping[str, SourcedValue],
    groups: Mapping[str, Groups],
    matches: Mapping[str, ColumnMatch],
) -> dict[str, tuple[str, ...]]:
    """Return names by size; a size that two matrices name differently has none."""
    candidates: dict[str, set[tuple[str, ...]]] = {}
    row_names = _name_rows(context, find_row_name_column(context, matches))
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


def find_row_name_column(context: BindingContext, matches: Mapping[str, ColumnMatch]) -> str:
    """Return the column whose texts name the rows; empty where there is none.

    That is the first unused column of text whose texts are all different and are not mostly numbers. New rows
    have the column of the earlier binding, and no other: among few rows, texts differ by chance.
    """
    table = context.table
    if "row_names" in context.stored:
        column = str(context.stored["row_names"])
        return column if table.has_column(column) and _is_text(table, column) else ""
    if table.rows > _MOST_ROWS:
        return ""
    used = list_used_columns(context, matches)
    unused = (column for column in table.columns if column not in used and _is_text(table, column))
    return next((column for column in unused if _are_names(table, column)), "")


def _is_text(table: Table, column: str) -> bool:
    return tables.classify_column(table, column) in ("text", "categories")


def _are_names(table: Table, column: str) -> bool:
    texts = tables.to_texts(table, column)
    if texts.null_count or pc.count_distinct(texts).as_py() < table.rows:
        return False
    return 2 * (pc.sum(pc.match_substring_regex(texts, _MEASURED)).as_py() or 0) < table.rows


def _name_rows(context: BindingContext, column: str) -> tuple[str, ...]:
    """Return the texts of a column; without one, where rows were left out, their numbers in the file."""
    table = context.table
    if column:
        texts = tables.to_texts(table, column).to_pylist()
        return tuple(
            f"row {table.row_number(row)}" if text is None else text for row, text in enumerate(texts)
        )
    if table.row_numbers is not None and table.rows <= _MOST_ROWS:
        return tuple(f"row {number}" for number in table.row_numbers.tolist())
    return ()
