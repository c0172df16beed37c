"""Which sizes grow with a table, and which of their elements the fit knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from workbench.binding import BoundData
from workbench.program import Program
from workbench.request import FitRequest
from workbench.results.outcomes import list_outcome_data
from workbench.results.view import DataDescription

Integers = NDArray[np.int64]

NEW = -1
"""The place in the fit of an element that the fit does not know."""


@dataclass(frozen=True)
class Growth:
    """The sizes of a program that grow with the table.

    Attributes
    ----------
    rows
        Those that count rows: `N`, where the data have one element for each row.
    groups
        Those that count groups of rows, whose levels are known: `J`.
    """

    rows: frozenset[str]
    groups: frozenset[str] = field(default=frozenset())

    @property
    def sizes(self) -> frozenset[str]:
        """All of them."""
        return self.rows | self.groups


def find_growth(request: FitRequest, description: DataDescription) -> Growth:
    """Return the sizes that count the rows of the fit's table, and those that count its groups.

    Parameters
    ----------
    request
        The request of the run.
    description
        How its table was bound.
    """
    rules = description.rules
    values = request.data.values
    by_row = set(rules.get("variables", {})) - set(rules.get("by_group", {}))
    rows: set[str] = set()
    groups = set(rules.get("groups", {})) - _find_outcome_levels(request.program)
    for declared in request.program.data:
        if declared.name in by_row and declared.sizes and description.rows is not None:
            shape = np.shape(values[declared.name])
            axis = next((i for i, length in enumerate(shape) if length == description.rows), None)
            if axis is not None and declared.axes[axis].text.isidentifier():
                rows.add(declared.axes[axis].text)
    return Growth(frozenset(rows - groups), frozenset(groups))


def _find_outcome_levels(program: Program) -> set[str]:
    """Return the sizes that count the levels of an outcome, which new rows cannot add to."""
    outcomes = set(list_outcome_data(program))
    return {
        name
        for declared in program.data
        if declared.name in outcomes and declared.upper is not None
        for name in declared.upper.names
    }


def place_rows(labels: Sequence[str], known: Sequence[str], count: int) -> Integers:
    """Return the place in the fit of each new row, `(count,)`, by its name; `NEW` for one without.

    >>> place_rows(["b", "c"], ["a", "b"], 2).tolist()
    [1, -1]
    """
    if len(labels) != count or not known:
        return np.full(count, NEW)
    places = {label: place for place, label in enumerate(known)}
    return np.array([places.get(label, NEW) for label in labels], dtype=np.int64)


def take_rows(request: FitRequest, growth: Growth, rows: Integers) -> dict[str, object]:
    """Return the data of the fit with some of its rows, in the given order."""
    values: dict[str, object] = dict(request.data.values)
    for declared in request.program.data:
        if declared.name in growth.rows:
            values[declared.name] = len(rows)
        axes = [axis for axis, size in enumerate(declared.axes) if size.text in growth.rows]
        if axes:
            values[declared.name] = np.take(np.asarray(values[declared.name]), rows, axis=axes[0])
    return values


def list_labels(bound: BoundData, growth: Growth) -> tuple[str, ...]:
    """Return the names of rows; none where no column names them."""
    return next((bound.labels[size] for size in sorted(growth.rows) if size in bound.labels), ())


def flag_new(
    places: Mapping[str, Integers], flags: Mapping[str, str], values: Mapping[str, object]
) -> dict[str, list[int]]:
    """Return for each size that has a flag which of its elements are new: 1 or 0."""
    found: dict[str, list[int]] = {}
    for size in flags:
        if size in places:
            found[size] = (places[size] == NEW).astype(int).tolist()
        else:
            found[size] = [0] * int(values[size])  # type: ignore[call-overload]
    return found
