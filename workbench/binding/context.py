"""One binding under way: what is to be bound, and what was asked or stored about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workbench.binding.bound_data import BindingOptions
from workbench.binding.group_sizes import Grouping, grouping
from workbench.errors import BindingError
from workbench.program import Declaration, Program
from workbench.tables import DATE_UNITS, Table


@dataclass(frozen=True)
class Question:
    """What to bind.

    Attributes
    ----------
    program, table, asked
        As the caller gave them.
    groups
        Which sizes count groups, and by which arrays.
    stored
        The rules of an earlier binding that this one must follow: levels, scales and dates.
    """

    program: Program
    table: Table
    asked: BindingOptions
    groups: Mapping[str, Grouping]
    stored: Mapping[str, Any] = field(default_factory=dict)

    @property
    def declared(self) -> dict[str, Declaration]:
        """The data block by name."""
        return {declaration.name: declaration for declaration in self.program.data}

    def stored_column(self, column: str) -> Mapping[str, Any]:
        """Return what an earlier binding kept about a column."""
        entry: Mapping[str, Any] = self.stored.get("columns", {}).get(column, {})
        return entry


def ask(
    program: Program, table: Table, asked: BindingOptions, stored: Mapping[str, Any] | None = None
) -> Question:
    """Return the question, its groups worked out."""
    return Question(program, table, asked, grouping(program), stored or {})


def split_unit(table: Table, column: str) -> tuple[str, str | None]:
    """Return a column and the unit its dates are counted in, where one is asked for.

    A column whose own name has a colon goes first.
    """
    name, colon, unit = column.rpartition(":")
    if column in table.columns or not colon or name not in table.columns:
        return column, None
    if unit not in DATE_UNITS:
        message = f"`{column}` asks for dates in `{unit}`; there are {', '.join(DATE_UNITS)}."
        raise BindingError(message, hint=f"write {name}:days")
    return name, unit
