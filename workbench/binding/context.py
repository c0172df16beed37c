"""What a binding works on: the program, the table, the user's choices and the rules of an earlier binding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from workbench.binding.group_sizes import GroupSize, find_group_sizes
from workbench.binding.options import BindingOptions
from workbench.program import Declaration, Program
from workbench.tables import Table, check_date_unit


@dataclass(frozen=True)
class BindingContext:
    """What to bind.

    Attributes
    ----------
    program, table, options
        As the caller gave them.
    stored
        The rules of an earlier binding that this one must follow (`BoundData.rules`): levels, scales, dates.
    """

    program: Program
    table: Table
    options: BindingOptions
    stored: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def declared(self) -> dict[str, Declaration]:
        """The data block by name."""
        return {declaration.name: declaration for declaration in self.program.data}

    @cached_property
    def group_sizes(self) -> Mapping[str, GroupSize]:
        """The sizes that count groups."""
        return find_group_sizes(self.program)

    def find_group_size(self, name: str) -> str:
        """Return the size whose groups an array numbers; empty where it numbers none."""
        return next((group.size for group in self.group_sizes.values() if name in group.variables), "")

    def stored_column(self, column: str) -> Mapping[str, Any]:
        """Return what an earlier binding stored about a column."""
        entry: Mapping[str, Any] = self.stored.get("columns", {}).get(column, {})
        return entry


def split_unit(table: Table, column: str) -> tuple[str, str | None]:
    """Return the name of a column, and the unit of its dates where one is requested.

    The whole text is the name where the table has such a column, colon and all.

    Raises
    ------
    BindingError
        There is no such unit.
    """
    name, colon, unit = column.rpartition(":")
    if column in table.columns or not colon or name not in table.columns:
        return column, None
    check_date_unit(name, unit)
    return name, unit
