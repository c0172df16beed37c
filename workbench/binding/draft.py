"""A binding under construction: columns, groups, values and problems so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from workbench.binding.bound_data import Standardization
from workbench.binding.columns.groups import Groups
from workbench.binding.columns.match import ColumnMatch
from workbench.binding.columns.predictors import is_predictor_matrix
from workbench.binding.context import BindingContext
from workbench.binding.values.sourced_value import SourcedValue
from workbench.errors import BindingError
from workbench.program import Declaration

T = TypeVar("T")


@dataclass
class Draft:
    """A binding under construction.

    Attributes
    ----------
    context
        What is bound.
    matches, groups, sourced, scales
        The columns, groups, values and scales so far.
    filled
        The variables that a single number fills.
    dropped
        Numbers of the rows that were left out.
    problems
        What is wrong so far.
    failed
        The variables that have a problem.
    """

    context: BindingContext
    matches: dict[str, ColumnMatch] = field(default_factory=dict)
    groups: dict[str, Groups] = field(default_factory=dict)
    sourced: dict[str, SourcedValue] = field(default_factory=dict)
    scales: dict[str, Standardization] = field(default_factory=dict)
    filled: list[str] = field(default_factory=list)
    dropped: tuple[int, ...] = ()
    problems: list[BindingError] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)

    @property
    def values(self) -> dict[str, Any]:
        """The values so far, by name."""
        return {name: sourced.value for name, sourced in self.sourced.items()}

    def attempt(self, name: str, act: Callable[[], T]) -> T | None:
        """Return what `act` returns; if it fails, keep the problem and mark the variable."""
        try:
            return act()
        except BindingError as reason:
            self.failed.add(name)
            if reason.message not in [problem.message for problem in self.problems]:
                self.problems.append(reason)
            return None

    def list_predictor_matrices(self) -> list[tuple[Declaration, SourcedValue]]:
        """Return the matrices of predictors that are bound without a problem."""
        return [
            (declaration, self.sourced[declaration.name])
            for declaration in self.context.program.data
            if declaration.name in self.sourced
            and declaration.name not in self.failed
            and is_predictor_matrix(self.context, declaration, self.sourced[declaration.name])
        ]
