"""Arrays of a posterior with one axis: those in an order, such as time, and those of groups."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from workbench.report.fit.program_text import ProgramText, Statement, split_outside_brackets
from workbench.results import Fit
from workbench.results.quantities import SAMPLE_DIMS, Draws, element_names
from workbench.results.view import DrawsEstimate, Results

if TYPE_CHECKING:
    import xarray as xr

_SHORTEST_SEQUENCE = 12
"""The fewest elements that are drawn as a sequence."""

_SMALLEST_GROUPING = 5
"""The fewest groups that are drawn as groups; of fewer, the forest plot shows all there is."""

_SMOOTH_BY_ROW, _SMOOTH_BY_COLUMN = 0.1, 0.02
"""The largest von Neumann ratio of posterior medians along a column at which they count as a curve: where
it increases with the rows, and where it is one of many. Of 12 exchangeable numbers the ratio has mean 2 and
standard deviation 0.5. Ours."""

_ELEMENTWISE = re.compile(r"\b(?:exp|inv|inv_logit|log|logit|Phi|sqrt)\s*\((.*)\)", re.DOTALL)
"""A function of each element by itself, and what it is of."""

_DATA_GROUPS = ("observed_data", "constant_data")
"""The groups of `fit.nc` that hold the data."""

_MOST_COLUMNS = 20
"""The most columns of a matrix that are tried as an order."""

_MOST_NUMBERS = 8_000_000
"""The most draws from which the central halves of an array are computed; of more, every n-th of a chain."""


@dataclass(frozen=True)
class Array:
    """An array with one axis.

    Attributes
    ----------
    name, axis, size
        The variable, what its axis is called, and how many elements it has.
    estimates
        The posterior of each element.
    """

    name: str
    axis: str
    size: int
    estimates: tuple[DrawsEstimate, ...]

    @property
    def elements(self) -> list[str]:
        """Stan's names of the elements."""
        return element_names(self.name, (self.size,))

    def read(self, field: str) -> Draws:
        """Return one number of each element, such as its `median`."""
        return np.array([getattr(estimate, field) for estimate in self.estimates], dtype=float)


@dataclass(frozen=True)
class Order:
    """An order of the elements of an array.

    Attributes
    ----------
    at
        Where each element is: values of a column, or numbers from 1; of dates, days since 1970-01-01.
    column
        The data variable that they are from; empty for the order of the elements.
    is_date
        Whether they are dates.
    """

    at: Draws
    column: str = ""
    is_date: bool = False


class PosteriorArrays:
    """The arrays of a posterior with one axis, and what is known of their axes.

    Parameters
    ----------
    fit
        The fit, with its text, its data and its draws.
    """

    def __init__(self, fit: Fit) -> None:
        self._tree: xr.DataTree = fit.tree
        self.results: Results = fit.results
        self.text = ProgramText(fit.results.model.source)

    @cached_property
    def all(self) -> tuple[Array, ...]:
        """Every array whose elements all have a posterior that is not a constant, in their order."""
        if not self.results.nuts.is_ok or "posterior" not in self._tree.children:
            return ()
        found = (self._read(str(name), array) for name, array in self._tree["posterior"].data_vars.items())
        return tuple(array for array in found if array is not None)

    def _read(self, name: str, array: xr.DataArray) -> Array | None:
        axes = [str(dim) for dim in array.dims if dim not in SAMPLE_DIMS]
        if len(axes) != 1 or array.sizes[axes[0]] < _SMALLEST_GROUPING:
            return None
        size = array.sizes[axes[0]]
        known = self.results.nuts.estimates
        estimates = tuple(known.get(element, DrawsEstimate()) for element in element_names(name, (size,)))
        if not all(map(_is_complete, estimates)) or not any(estimate.sd for estimate in estimates):
            return None
        return Array(name, axes[0], size, estimates)

    @cached_property
    def statements(self) -> Mapping[str, tuple[Statement, ...]]:
        """The statements of the program by their role."""
        terms = self.results.model.terms
        roles = dict.fromkeys(term.role for term in terms)
        return {
            role: tuple(self.text.read_statements(term.statement for term in terms if term.role == role))
            for role in roles
        }

    @cached_property
    def _ordered_axes(self) -> frozenset[str]:
        """The axes along which some array, or the outcome, is stated given its neighbours."""
        recursive = (array.axis for array in self.all if self.text.is_recursive(array.name))
        return frozenset(recursive) | self._outcome_axes

    @cached_property
    def _outcome_axes(self) -> frozenset[str]:
        """The axes of outcomes that are stated given their neighbours, as in an autoregression."""
        terms = [term.statement for term in self.results.model.terms if term.role == "likelihood"]
        names = {self.text.find_outcome_given_neighbours(statement) for statement in terms} - {None}
        found = [self.find_data(name) for name in names if name is not None]
        return frozenset(str(data.dims[0]) for data in found if data is not None and data.ndim == 1)

    @cached_property
    def group_axes(self) -> frozenset[str]:
        """The axes of groups: data are indices into them, or their effects have a common distribution.

        Where some array is stated given its neighbours, the axis is an order. Where one is made from effects
        by more than scaling and shifting them, as a Gaussian process is, it may be one.
        """
        return frozenset(
            array.axis
            for array in self.all
            if self.find_index(array) is not None
            or (_unwrap(array.name, self._latent) and not self._is_mixed(array))
        ).difference(self._ordered_axes)

    @cached_property
    def _latent(self) -> frozenset[str]:
        """The outcomes of statements on latent quantities."""
        return frozenset(statement.outcome for statement in self.statements.get("latent", ()))

    def _is_mixed(self, array: Array) -> bool:
        """Return whether a declared array of the same axis is made from this one by more than scaling it."""
        return any(
            re.search(rf"\b{re.escape(array.name)}\b", summand) and not self.is_scaled(summand, array.name)
            for other in self.all
            if other.axis == array.axis and self.results.is_declared(other.name)
            for formula in self.text.list_formulas(other.name)
            for summand in split_outside_brackets(_ELEMENTWISE.sub(r"\1", formula), "+")
        )

    def is_scaled(self, summand: str, name: str) -> bool:
        """Return whether a summand is a variable, or a scalar parameter times it."""
        parts = split_outside_brackets(self.text.drop_loop_indices(summand), "*")
        factors = [part.strip(" .") for part in parts]
        others = [factor for factor in factors if factor != name]
        is_once = len(others) == len(factors) - 1 <= 1
        return is_once and all(factor in self.results.nuts.estimates for factor in others)

    def find_index(self, array: Array) -> str | None:
        """Return the data variable whose numbers index an array; `None` without any."""
        for name in sorted(self.text.list_index_names(array.name)):
            values = self.find_data(name)
            is_index = values is not None and values.ndim == 1 and values.dtype.kind in "iu"
            if is_index and values is not None and values.size and 1 <= values.min() <= values.max():
                return name if values.max() <= array.size else None
        return None

    def measure_halves(self, array: Array) -> Draws:
        """Return the ends of the central half of the draws of each element, `(2, n)`."""
        draws = self._tree["posterior"][array.name].transpose(*SAMPLE_DIMS, array.axis)
        step = -(-draws.size // _MOST_NUMBERS)
        values = np.asarray(draws.values[:, ::step], dtype=float).reshape(-1, array.size)
        return np.asarray(np.quantile(values, [0.25, 0.75], axis=0))

    def find_data(self, name: str) -> xr.DataArray | None:
        """Return a variable of the data; `None` where the run does not hold it."""
        for group in _DATA_GROUPS:
            if group in self._tree.children and name in self._tree[group].data_vars:
                return self._tree[group].data_vars[name]
        return None

    @cached_property
    def sequences(self) -> tuple[tuple[Array, Order], ...]:
        """The arrays that are sequences, with their order; those of generated quantities come last."""
        found = [(array, order) for array in self.all if (order := self.find_order(array)) is not None]
        return tuple(sorted(found, key=lambda item: not self.results.is_declared(item[0].name)))

    def find_order(self, array: Array) -> Order | None:
        """Return the order in which an array is a sequence; `None` where it is none.

        That is the order of its elements where the program states them, or the outcome along the same axis,
        given their neighbours. Else the
        posterior medians must be a smooth curve along a column of the data, or along dates of the rows: what
        is smooth in the order of rows alone may have been sorted by anything.
        """
        if array.size < _SHORTEST_SEQUENCE or array.axis in self.group_axes:
            return None
        if self.text.is_recursive(array.name) or array.axis in self._outcome_axes:
            return self._name_order(array)
        return self._find_smooth_order(array) if array.axis in self._data_axes else None

    def _find_smooth_order(self, array: Array) -> Order | None:
        median = array.read("median")
        orders = [Order(at, name) for name, at in self._list_columns(array).items()]
        dates = self._read_row_dates(array)
        orders += [] if dates is None else [Order(dates, is_date=True)]
        best = min(orders, key=lambda order: measure_roughness(median, order.at), default=None)
        if best is None:
            return None
        limit = _SMOOTH_BY_ROW if (np.diff(best.at) > 0).all() else _SMOOTH_BY_COLUMN
        return best if measure_roughness(median, best.at) <= limit else None

    def _read_row_dates(self, array: Array) -> Draws | None:
        return _read_dates(self._tree["posterior"].to_dataset()[array.name][array.axis].to_numpy())

    @cached_property
    def _data_axes(self) -> frozenset[str]:
        """The axes of the data."""
        return frozenset(
            str(dim)
            for group in _DATA_GROUPS
            if group in self._tree.children
            for variable in self._tree[group].data_vars.values()
            for dim in variable.dims
        )

    def _list_columns(self, array: Array) -> dict[str, Draws]:
        """Return the data along the axis of an array that put its elements in an order, by their names."""
        if "constant_data" not in self._tree.children:
            return {}
        found: dict[str, Draws] = {}
        for name, variable in self._tree["constant_data"].data_vars.items():
            if variable.dims == (array.axis,) and variable.dtype.kind in "iuf":
                found[str(name)] = np.asarray(variable.values, dtype=float)
            elif variable.ndim == 2 and variable.dims[0] == array.axis and variable.dtype.kind in "iuf":
                few = variable[:, :_MOST_COLUMNS]
                labels = few[few.dims[1]].values
                columns = np.asarray(few.values, dtype=float).T
                found |= {f"{name}[{label}]": column for label, column in zip(labels, columns, strict=True)}
        return {
            name: at
            for name, at in found.items()
            if np.isfinite(at).all() and len(np.unique(at)) >= _SHORTEST_SEQUENCE
        }

    def _name_order(self, array: Array) -> Order:
        """Return the order of the elements: the one column that increases with them, dates, or numbers."""
        columns = self._list_columns(array)
        rising = [name for name, at in columns.items() if (np.diff(at) > 0).all()]
        if len(rising) == 1:
            return Order(columns[rising[0]], rising[0])
        dates = self._read_row_dates(array)
        if dates is not None:
            return Order(dates, is_date=True)
        return Order(np.arange(1.0, array.size + 1))


def measure_roughness(values: Draws, at: Draws | None = None) -> float:
    """Return the von Neumann ratio of values, in the order of `at` where it is given.

    It is the sum of squared differences of neighbours over the sum of squared distances from the mean: 2 on
    average where the order means nothing, near 0 on a smooth curve.

    References
    ----------
    von Neumann (1941), doi:10.1214/aoms/1177731677.
    """
    ordered = values if at is None else values[np.argsort(at, kind="stable")]
    spread = float(np.square(ordered - ordered.mean()).sum())
    return float(np.square(np.diff(ordered)).sum()) / spread if spread > 0 else np.inf


def _is_complete(estimate: DrawsEstimate) -> bool:
    numbers = (estimate.mean, estimate.median, estimate.lower, estimate.upper)
    return all(number is not None and np.isfinite(number) for number in numbers)


def _unwrap(name: str, outcomes: frozenset[str]) -> bool:
    """Return whether a variable is among outcomes, as it is or inside `to_vector`."""
    return name in outcomes or f"to_vector({name})" in outcomes


def _read_dates(labels: np.ndarray) -> Draws | None:
    """Return labels as days since 1970-01-01; `None` unless all are dates that increase."""
    texts = [str(label) for label in labels]
    if not all(len(text) >= 10 and text[4:5] == "-" and text[:4].isdigit() for text in texts):
        return None
    try:
        days = np.array(texts, dtype="datetime64[s]").astype(float) / 86_400
    except ValueError:
        return None
    return days if (np.diff(days) > 0).all() else None
