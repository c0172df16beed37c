"""Columns of a table as features of a row, by the rules by which the fit bound them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench import tables
from workbench.binding.group_sizes import find_group_sizes
from workbench.binding.values.check import INT_MAX
from workbench.binding.values.sizes import evaluate
from workbench.exporting.linear import Linear, make_constant, make_feature
from workbench.exporting.linear import add as add_linear
from workbench.exporting.linear import multiply as multiply_linear
from workbench.exporting.values import ByRow, Known, Refused, RowCount, Value
from workbench.program import Declaration
from workbench.program.syntax import nodes as n
from workbench.request import FitRequest
from workbench.results.view import DataDescription
from workbench.tables import Table

_CENTRED_FROM = 10.0
"""Means beyond so many standard deviations are taken off a column, so that no digits cancel. Ours."""

_BASES = {"int": "int", "real": "real", "vector": "vector", "row_vector": "row_vector", "matrix": "matrix"}
"""Types of data that are known here."""


@dataclass(frozen=True)
class Feature:
    """A number that a row has.

    Attributes
    ----------
    column
        The column that it comes from.
    centre
        What is taken off a number.
    levels
        The texts that it can hold; empty where the column holds numbers.
    first
        The number of the first of these.
    level
        The text that is 1, where all others are 0.
    has_spellings
        Whether other words for yes and no count as a level.
    is_integer
        Whether its numbers are whole.
    lower, upper
        The declared bounds of a number.
    """

    column: str
    centre: float = 0.0
    levels: tuple[str, ...] = ()
    first: int = 1
    level: str | None = None
    has_spellings: bool = True
    is_integer: bool = False
    lower: float | None = None
    upper: float | None = None


@dataclass
class BoundColumns:
    """The data block of a program, of which rows are known as features.

    Attributes
    ----------
    values
        Every variable.
    features
        By name: what the rows have.
    groups
        By the size that counts groups: the features that number them.
    outcomes
        The features that are columns of outcomes.
    """

    values: dict[str, Value | Refused] = field(default_factory=dict)
    features: dict[str, Feature] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)
    outcomes: set[str] = field(default_factory=set)

    def add(self, feature: Feature, name: str) -> Linear:
        """Return a feature as a number of each row, by a name that nothing else has."""
        free = next(
            each
            for each in (name, *(f"{name}:{count}" for count in range(2, len(self.features) + 3)))
            if self.features.get(each, feature) == feature
        )
        self.features[free] = feature
        linear = make_feature(free)
        return add_linear(linear, make_constant(np.array([feature.centre]))) if feature.centre else linear


def bind_columns(
    description: DataDescription,
    request: FitRequest,
    row_sizes: frozenset[str],
    outcomes: frozenset[str],
    table: Table | None = None,
) -> BoundColumns:
    """Return the data block of a program, of which rows are known as features.

    Parameters
    ----------
    description, request
        How the table of the fit was bound, and what it became.
    row_sizes
        The sizes that count rows.
    outcomes
        The outcomes among the data.
    table
        The table of the fit, which has the levels of columns of which one alone was asked for.
    """
    bound = BoundColumns()
    varying = {item.name for item in request.program.data if row_sizes & {size.text for size in item.axes}}
    rules = _Rules(description, request, table, varying | row_sizes)
    for declared in request.program.data:
        name = declared.name
        axes = [axis for axis, size in enumerate(declared.axes) if size.text in row_sizes]
        if name in row_sizes:
            bound.values[name] = RowCount()
        elif not axes:
            bound.values[name] = make_known(declared, request.data.values[name])
        else:
            before = set(bound.features)
            bound.values[name] = _bind_rows(bound, declared, rules, axes)
            if name in outcomes:
                bound.outcomes |= set(bound.features) - before
    return bound


def make_known(declared: Declaration, value: Any) -> Value | Refused:
    """Return data that are the same for all rows."""
    if declared.members or isinstance(value, Mapping):
        return Refused(f"`{declared.name}` is a tuple")
    kind = n.Type(_BASES.get(declared.kind, _find_base(declared)), declared.depth)
    return Known(kind, np.asarray(value, dtype=float)[None])


def _find_base(declared: Declaration) -> str:
    """Return the plain type of a variable with a constraint of its own, such as a simplex."""
    own = len(declared.axes) - declared.depth
    if own == 0:
        return "real"
    return "vector" if own == 1 else "matrix"


@dataclass(frozen=True)
class _Rules:
    """How variables took columns."""

    description: DataDescription
    request: FitRequest
    table: Table | None
    varying: frozenset[str] | set[str]

    def list_columns(self, name: str) -> Sequence[str]:
        """Return the columns of a variable as they were named; none where it took none."""
        found: Sequence[str] = self.description.rules.get("variables", {}).get(name, ())
        return found

    def get_stored(self, written: str) -> Mapping[str, Any]:
        """Return what is known of a column: levels, a level, the origin of dates."""
        found: Mapping[str, Any] = self.description.rules.get("columns", {}).get(written, {})
        return found

    def find_groups(self, name: str) -> tuple[str, tuple[str, ...]] | None:
        """Return the size and the levels of the groups that an array numbers; `None` if it has none."""
        for size, group in find_group_sizes(self.request.program).items():
            stored = self.description.rules.get("groups", {}).get(size)
            if name in group.variables and stored is not None:
                levels = tuple(stored["levels"]) or tuple(str(k + 1) for k in range(int(stored["count"])))
                return size, levels
        return None

    def find_bounds(self, declared: Declaration) -> tuple[float | None, float | None] | Refused:
        """Return the declared bounds as numbers; `None` where there is none."""
        found: list[float | None] = []
        for bound in (declared.lower, declared.upper):
            value = None
            if bound is not None:
                is_same = not bound.names & self.varying
                value = evaluate(bound, self.request.data.values) if is_same else None
                if not isinstance(value, int | float | np.number):
                    return Refused(
                        f"`{declared.name}` has the bound `{bound.text}`, which is no single number"
                    )
            found.append(None if value is None or not np.isfinite(value) else float(value))
        if found != [None, None] and declared.name in self.description.rules.get("standardized", {}):
            return Refused(f"`{declared.name}` is standardized, and its bounds are those of what it became")
        return found[0], found[1]

    def find_scale(self, name: str) -> tuple[Sequence[float], Sequence[float]] | None:
        """Return mean and SD of the columns of a matrix that the program has standardized."""
        is_undone = self.description.standardized.is_on_data_scale
        scale = None if is_undone else self.description.rules.get("standardized", {}).get(name)
        return None if scale is None else (scale["mean"], scale["sd"])


def _bind_rows(bound: BoundColumns, declared: Declaration, rules: _Rules, axes: list[int]) -> Value | Refused:
    """Return a variable of rows."""
    name, columns = declared.name, rules.list_columns(declared.name)
    if axes != [0] or declared.kind not in _BASES or len(declared.axes) > 2:
        return Refused(f"`{name}` is declared `{declared.text}`, whose rows are not its first axis alone")
    if not columns:
        return Refused(f"`{name}` has an element for each row, and took no column")
    elements: list[Linear] = []
    for written in columns:
        found = _bind_column(bound, declared, rules, written)
        if isinstance(found, Refused):
            return found
        elements += found
    values: NDArray[Any] = np.empty(len(elements), dtype=object)
    values[:] = elements
    scale = rules.find_scale(name)
    if scale is not None:
        for place, (mean, sd) in enumerate(zip(*scale, strict=True)):
            shifted = add_linear(values[place], make_constant(np.array([-mean])))
            values[place] = multiply_linear(shifted, make_constant(np.array([1 / sd])))
    if len(declared.axes) == 1:
        values = values[:1].reshape(())
    return ByRow(n.Type(_BASES[declared.kind], declared.depth), values, has_axis=True)


def _bind_column(
    bound: BoundColumns, declared: Declaration, rules: _Rules, written: str
) -> list[Linear] | Refused:
    """Return what a column gives a variable: one number, or an indicator of each level but the first."""
    stored = rules.get_stored(written)
    column, level = _split(written, rules.description.columns)
    if stored.get("since") or column not in rules.description.columns:
        return Refused(f"`{declared.name}` takes dates from `{written}`, which an export has no rule for")
    if level is not None:
        if rules.table is None or not rules.table.has_column(column):
            return Refused(
                f"the levels of `{column}` beside `{level}` are known from the table of the fit alone"
            )
        texts = tables.to_texts(rules.table, column).drop_null().unique().to_pylist()
        feature = Feature(column, levels=tuple(sorted({level, *texts})), level=level, has_spellings=False)
        return [bound.add(feature, f"{column}={level}")]
    levels = tuple(stored.get("levels") or ())
    groups = rules.find_groups(declared.name) if declared.is_integer else None
    if groups is not None:
        number = bound.add(Feature(column, levels=groups[1]), column)
        bound.groups.setdefault(groups[0], []).append(number.single_feature)
        return [number]
    if levels and declared.is_integer:
        lower = None if declared.lower is None else declared.lower.literal
        return [bound.add(Feature(column, levels=levels, first=0 if lower == 0 else 1), column)]
    if levels:
        return [
            bound.add(Feature(column, levels=levels, level=each), f"{column}={each}") for each in levels[1:]
        ]
    bounds = rules.find_bounds(declared)
    if isinstance(bounds, Refused):
        return bounds
    lower, upper = bounds
    if declared.is_integer:
        lower = -INT_MAX - 1.0 if lower is None else max(lower, -INT_MAX - 1.0)
        upper = float(INT_MAX) if upper is None else min(upper, float(INT_MAX))
    centre = 0.0 if declared.is_integer else _choose_centre(rules, declared, written)
    return [bound.add(Feature(column, centre, (), 1, None, False, declared.is_integer, lower, upper), column)]


def _split(written: str, columns: Sequence[str]) -> tuple[str, str | None]:
    """Return the column, and the level of which an indicator was asked for, from `town=Paris`."""
    if written in columns:
        return written, None
    for place, letter in enumerate(written):
        if letter == "=" and written[:place] in columns:
            return written[:place], written[place + 1 :]
    plain, _, what = written.rpartition(":")
    return (plain, None) if what == "indicators" and plain in columns else (written, None)


def _choose_centre(rules: _Rules, declared: Declaration, written: str) -> float:
    """Return the mean of a column that lies far from zero; 0 for others."""
    values = np.asarray(rules.request.data.values[declared.name], dtype=float)
    columns = rules.list_columns(declared.name)
    if values.ndim == 2:
        if values.shape[1] != len(columns):
            return 0.0
        values = values[:, columns.index(written)]
    mean, sd = float(values.mean()), float(values.std())
    return mean if sd and abs(mean) > _CENTRED_FROM * sd else 0.0
