"""Names for the indices of sizes: columns of a matrix, levels of groups, rows told apart by a text."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow.compute as pc

from workbench import tables
from workbench.binding.columns.fill import Filled, Groups
from workbench.binding.columns.match import Taken
from workbench.binding.context import Question, split_unit

_MOST = 100_000
"""Rows beyond which they have no names: a number says as much."""


def labels(
    question: Question,
    filled: Mapping[str, Filled],
    groups: Mapping[str, Groups],
    taken: Mapping[str, Taken],
) -> dict[str, tuple[str, ...]]:
    """Return names by size; a size that two matrices name differently has none."""
    found: dict[str, set[tuple[str, ...]]] = {}
    rows = row_names(question, taken)
    for declaration in question.program.data:
        one = filled.get(declaration.name)
        if one is None or not one.columns or not declaration.sizes:
            continue
        for axis, size in enumerate(declaration.sizes):
            if not size.text.isidentifier() or size.text in groups:
                continue
            names = one.columns if axis == one.column_axis else rows
            if names:
                found.setdefault(size.text, set()).add(names)
    named = {size: next(iter(names)) for size, names in found.items() if len(names) == 1}
    return named | {size: one.coded.levels for size, one in groups.items() if one.coded.levels}


def row_names(question: Question, taken: Mapping[str, Taken]) -> tuple[str, ...]:
    """Return the texts of the first column that nothing uses and that tells all rows apart.

    Without such a column rows have names only where some were left out: their numbers in the file.
    """
    table = question.table
    if table.rows > _MOST:
        return ()
    used = {split_unit(table, column)[0] for one in taken.values() for column in one.columns}
    for column in table.columns:
        if column in used or tables.classify_column(table, column) not in ("text", "categories"):
            continue
        texts = tables.to_texts(table, column)
        if not texts.null_count and pc.count_distinct(texts).as_py() == table.rows:
            return tuple(texts.to_pylist())
    if table.row_numbers is not None:
        return tuple(f"row {number}" for number in table.row_numbers.tolist())
    return ()
