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


INDICATORS = "indicators"
"""What stands after a column, `town:indicators`, to request one indicator for each of many levels."""


@dataclass(frozen=True)
class ColumnRequest:
    """A column as the user wrote it: its name, and what is to be made of it.

    Attributes
    ----------
    name
        The column of the table.
    unit
        The unit of its dates, `days` in `when:days`; empty where there is none.
    is_indicators
        Whether all of its levels are requested as indicators: `town:indicators`.
    level
        The only level that is requested as an indicator, `Paris` in `town=Paris`.
    """

    name: str
    unit: str = ""
    is_indicators: bool = False
    level: str | None = None

    @property
    def is_indicator(self) -> bool:
        """Whether one or all of its levels are requested as indicators."""
        return self.is_indicators or self.level is not None


def parse_column(table: Table, text: str) -> ColumnRequest:
    """Return the column that a user names, and what is requested of it.

    The whole text is the name where the table has such a column, colon, equals sign and all.

    Raises
    ------
    BindingError
        There is no such unit of dates.
    """
    if table.has_column(text):
        return ColumnRequest(text)
    name, colon, unit = text.rpartition(":")
    if colon and table.has_column(name):
        if unit == INDICATORS:
            return ColumnRequest(name, is_indicators=True)
        check_date_unit(name, unit)
        return ColumnRequest(name, unit)
    name, level = _split_level(table, text)
    return ColumnRequest(text) if level is None else ColumnRequest(name, level=level)


def _split_level(table: Table, text: str) -> tuple[str, str | None]:
    """Return the column and the level of `town=Paris`; the level is `None` where no column stands first."""
    for position, character in enumerate(text):
        if character == "=" and table.has_column(text[:position]):
            return text[:position], text[position + 1 :]
    return text, None
