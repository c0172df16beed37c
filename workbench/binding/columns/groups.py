"""The groups that a size counts, found in the columns of the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from workbench.binding.columns.levels import EncodedColumns, encode_groups
from workbench.binding.columns.match import ColumnMatch
from workbench.binding.context import BindingContext, parse_column
from workbench.binding.phrases import format_declaration, format_names
from workbench.errors import BindingError
from workbench.program import Declaration

_MOST_LEVELS = 6
"""How many levels a message or a remark lists."""


@dataclass(frozen=True)
class Groups:
    """The groups of one size.

    Attributes
    ----------
    encoded
        The columns that hold the groups, as codes.
    column
        The column that says which group a row belongs to.
    first_rows
        `(count,)`: the first row of each group; -1 for a group without rows.
    """

    encoded: EncodedColumns
    column: str
    first_rows: np.ndarray

    @property
    def codes(self) -> np.ndarray:
        """The group of each row, `(rows,)`, from 1."""
        return self.encoded.codes[self.column]

    @property
    def is_sound(self) -> bool:
        """Whether every row is in a group; where one is not, the check of the numbers names it."""
        codes = self.codes
        return codes.dtype.kind in "iu" and bool(codes.min() >= 1 and codes.max() <= len(self.first_rows))

    @property
    def remark(self) -> str:
        """The levels with their codes; without levels, the groups that have no rows."""
        empty = [str(group) for group in (np.flatnonzero(self.first_rows < 0) + 1).tolist()]
        return self.encoded.remark or (
            f"no row is in group {format_names(empty, _MOST_LEVELS)}." if empty else ""
        )


def find_groups(
    context: BindingContext, size: str, matches: Mapping[str, ColumnMatch], given: Mapping[str, Any]
) -> Groups | None:
    """Return the groups that a size counts, if its arrays take columns.

    Parameters
    ----------
    context
        The binding.
    size
        One of `context.group_sizes`.
    matches
        The columns of each variable.
    given
        Values that do not come from columns; the number of groups may be among them.

    Raises
    ------
    BindingError
        A cell is missing or not an integer, or there are more levels than the number given.
    """
    group_size = context.group_sizes[size]
    columns = [column for name in group_size.variables if name in matches for column in matches[name].columns]
    requests = [parse_column(context.table, column) for column in columns]
    if not columns or any(request.unit or request.is_indicator for request in requests):
        return None
    count = int(given[size]) if isinstance(given.get(size), (int, np.integer)) else None
    stored = context.stored.get("groups", {}).get(size, {}).get("levels", ())
    encoded = encode_groups(context, columns, stored, count, group_size.is_size)
    if count is not None and len(encoded.levels) > count and not stored:
        declaration = context.declared[group_size.variables[0]]
        hint = f"merge levels, or leave {size} out, so that it is derived from the table"
        raise describe_too_many_levels(context, declaration, encoded.levels, columns[0], count, hint)
    encoded = replace(encoded, count=count) if count is not None else encoded
    return Groups(encoded, columns[0], _find_first_rows(encoded.codes[columns[0]], encoded.count))


def _find_first_rows(codes: np.ndarray, count: int) -> np.ndarray:
    first = np.full(count, -1, dtype=np.int64)
    if codes.dtype.kind in "iu":
        rows = np.flatnonzero((codes >= 1) & (codes <= count))[::-1]
        first[codes[rows] - 1] = rows  # the last assignment to a group stays: its first row in the table
    return first


def describe_too_many_levels(
    context: BindingContext,
    declaration: Declaration,
    levels: Sequence[str],
    column: str,
    count: int,
    hint: str,
) -> BindingError:
    """Return the error for a column with more levels than its variable has codes."""
    return BindingError(
        f"column `{column}` has {len(levels)} levels ({format_names(levels, _MOST_LEVELS)}), but "
        f"{format_declaration(context.program, declaration)}, which allows only {count}.",
        hint=hint,
    )
