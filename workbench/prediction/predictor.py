"""Generated quantities of a stored posterior under other rows: the predictive program, run for draws."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench import binding
from workbench.backends import Backend, Job, RawRun
from workbench.backends.base import Selection
from workbench.binding import format_stan_data, order_tuples, write_stan_data
from workbench.errors import RequestError
from workbench.prediction.growth import NEW, Growth, flag_new
from workbench.prediction.predictions import Floats
from workbench.program import Declaration
from workbench.program.predictive.new_elements import NewElements
from workbench.program.predictive_program import PredictiveProgram
from workbench.provenance import derive_seeds
from workbench.request import FitRequest
from workbench.results.quantities import element_name, owner, split_element
from workbench.results.stored import PlainArray

Integers = NDArray[np.int64]

_SEED = 1
"""Which of the seeds derived from that of the run is for predictions."""


_PATHS = 1000
"""From which number on repetitions are paths of an outcome that goes on from row to row."""

_DRAW_NEXT = (
    "draw the next rows in generated quantities, for example as `vector[10] y_next`; "
    "`workbench show RUN y_next` prints them"
)
"""What is advised where a forecast is not known from the program."""


@dataclass(frozen=True)
class Parameters:
    """Draws of the parameters, each `(s, ...)`, in the order of declaration."""

    values: Mapping[str, Floats]

    @property
    def count(self) -> int:
        """How many draws there are."""
        return len(next(iter(self.values.values())))

    def take(self, draws: slice) -> Parameters:
        """Return some of the draws."""
        return Parameters({name: values[draws] for name, values in self.values.items()})


@dataclass(frozen=True)
class RowPredictor:
    """Runs the predictive program of a fit.

    Attributes
    ----------
    request
        The run's request, on the scale of its results.
    growth
        The sizes that grow with a table.
    program, exe
        The predictive program, and its executable.
    backend
        What runs it.
    folder
        Where data files go.
    """

    request: FitRequest
    growth: Growth
    program: PredictiveProgram
    exe: Path
    backend: Backend
    folder: Path
    _numbers: Iterator[int] = field(default_factory=itertools.count, repr=False)
    _formatted: list[bytes] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def growing(self) -> tuple[NewElements, ...]:
        """The parameters with elements for rows or groups."""
        declared = {item.name for item in self.request.program.parameters}
        return tuple(item for item in self.program.new_elements if item.name in declared)

    @property
    def _seed(self) -> int:
        return derive_seeds(self.request.seed, _SEED + 1)[_SEED]

    def without_means(self, outcomes: Collection[str]) -> RowPredictor:
        """Return a predictor that has no mean of some outcomes."""
        means = {name: quantity for name, quantity in self.program.means.items() if name not in outcomes}
        return replace(
            self,
            program=replace(
                self.program, means=means, added=(*self.program.added, *self.program.means.values())
            ),
        )

    def read_parameters(self, posterior: Mapping[str, PlainArray]) -> Parameters:
        """Return the draws of all parameters.

        Raises
        ------
        RequestError
            A parameter is a tuple, or the run did not keep its draws.
        """
        found: dict[str, Floats] = {}
        for parameter in self.request.program.parameters:
            if parameter.members:
                raise RequestError(
                    f"`{parameter.name}` is declared `{parameter.text}`: its draws cannot predict."
                )
            if parameter.name not in posterior:
                message = f"the run did not keep the draws of `{parameter.name}`, which predictions need."
                raise RequestError(message, hint="`workbench fit` without --keep stores every parameter")
            values = posterior[parameter.name].values
            found[parameter.name] = values.reshape(-1, *values.shape[2:]).astype(float)
        return Parameters(found)

    def place(self, parameters: Parameters, places: Mapping[str, Integers]) -> Parameters:
        """Return parameters with an element for each of the new rows and groups.

        Elements that the fit does not know have values that the declaration allows, until they are drawn.
        """
        placed = dict(parameters.values)
        for parameter in self.request.program.parameters:
            for axis, size in enumerate(parameter.axes):
                if size.text in places:
                    where = np.maximum(places[size.text], 0)
                    placed[parameter.name] = np.take(placed[parameter.name], where, axis=axis + 1)
        return Parameters(placed)

    def run(
        self,
        data: Mapping[str, Any],
        places: Mapping[str, Integers],
        parameters: Parameters,
        *,
        wanted: Collection[str],
        replicating: bool = False,
        adding: bool = False,
        number: int = 0,
        first: int = 0,
    ) -> RawRun:
        """Return some generated quantities of draws under some rows.

        Parameters
        ----------
        data
            The data block.
        places
            The place in the fit of each element of a size that grows.
        parameters
            Draws, placed.
        wanted
            The quantities.
        replicating, adding
            Whether replicates and means, or new elements, are drawn.
        number
            Which repetition this is: each has random numbers of its own.
        first
            The first row of the chunk: so has each chunk.
        """
        program = self.request.program
        self._check_shapes(parameters, data)
        columns, values = _flatten(program.parameters, parameters)
        own = self.program.make_data(
            self.request.priors.lifted,
            flag_new(places, self.program.flags, data),
            replicating=replicating,
            adding=adding,
        )
        fixed, copies = self._copy_fitted(data)
        path = self.folder / f"rows-{next(self._numbers)}.json"
        write_stan_data(path, {**order_tuples(data, program.data), **copies, **own}, fixed)
        left_out = frozenset(_list_quantities(self.program) - set(wanted))
        (seed,) = derive_seeds((self._seed, first, number), 1)
        job = Job(self.exe, path, self.folder, seed, self.request.timeout, selection=Selection(left_out))
        try:
            return self.backend.generate(job, columns, values)
        finally:
            path.unlink(missing_ok=True)

    def _copy_fitted(self, data: Mapping[str, Any]) -> tuple[bytes, dict[str, Any]]:
        """Return the data that statistics of all rows are computed from: those of the fit, by their copies.

        They are formatted once. Of an outcome whose categories are the rows the new ones are returned as they
        are: its total is known with it.
        """
        fitted = self.request.data.values
        own = self.program.outcomes_of_all_rows
        copies = self.program.copies
        if not self._formatted:
            fixed = {copy: fitted[name] for name, copy in copies.items() if name not in own}
            self._formatted.append(format_stan_data(fixed))
        return self._formatted[0], {copy: data[name] for name, copy in copies.items() if name in own}

    def _check_shapes(self, parameters: Parameters, data: Mapping[str, Any]) -> None:
        for parameter in self.request.program.parameters:
            lengths = binding.evaluate_shape(parameter, data)
            found = parameters.values[parameter.name].shape[1:]
            if any(wanted not in (None, length) for wanted, length in zip(lengths, found, strict=True)):
                message = (
                    f"`{parameter.name}` is declared `{parameter.text}`, which has {_format_shape(found)} in "
                    f"the fit and {_format_shape(lengths)} with the new rows."
                )
                raise RequestError(message, hint="write the model so that its size does not depend on rows")

    def add_elements(
        self, data: Mapping[str, Any], places: Mapping[str, Integers], parameters: Parameters, first: int = 0
    ) -> Parameters:
        """Return parameters with the elements that the fit does not know drawn, parents before children.

        Parameters
        ----------
        data, places, parameters
            As in `run`.
        first
            The first row of the chunk: elements of rows are drawn anew in each chunk, those of groups are the
            same in all of them.

        Raises
        ------
        RequestError
            New elements of a parameter cannot be drawn.
        """
        waiting = {item.name: item for item in self.growing if _has_new(item, places)}
        for item in waiting.values():
            groups = {size for size in item.sizes if size in self.growth.groups}
            if item.is_sequential and any((places[size] == NEW).any() for size in groups if size in places):
                message = f"`{item.name}` goes on from level to level: what lies between is not known."
                raise RequestError(message, hint="predict the groups of the fit only")
            if item.reason:
                message = f"the fit says nothing about new elements of `{item.name}`: it {item.reason}."
                raise RequestError(message, hint="predict the groups and rows of the fit only")
        while waiting:
            ready = [item for item in waiting.values() if not item.parents & waiting.keys()]
            if not ready:
                names = ", ".join(f"`{name}`" for name in waiting)
                raise RequestError(f"new elements of {names} depend on each other, and cannot be drawn.")
            of_rows = [item for item in ready if any(size in self.growth.rows for size in item.sizes)]
            of_groups = [item for item in ready if item not in of_rows]
            # Rows draw nothing where groups are drawn: each chunk then takes the same random numbers.
            rows_known = {
                size: np.maximum(where, 0) if size in self.growth.rows else where
                for size, where in places.items()
            }
            for elements, flagged, start in ((of_groups, rows_known, 0), (of_rows, places, first)):
                if elements:
                    parameters = self._add(elements, data, flagged, parameters, start)
            for item in ready:
                del waiting[item.name]
        return parameters

    def _add(
        self,
        elements: list[NewElements],
        data: Mapping[str, Any],
        places: Mapping[str, Integers],
        parameters: Parameters,
        first: int,
    ) -> Parameters:
        wanted = [item.quantity for item in elements]
        generated = self.run(data, places, parameters, wanted=wanted, adding=True, number=1, first=first)
        values = dict(parameters.values)
        for item in elements:
            drawn = collect(generated, item.quantity)[:, 0]  # an array of one, as it is empty otherwise
            is_new = np.zeros(drawn.shape[1:], dtype=bool)
            for axis, size in enumerate(item.sizes):
                if size in places:
                    shape = [1] * (drawn.ndim - 1)
                    shape[axis] = -1
                    is_new |= (places[size] == NEW).reshape(shape)
            values[item.name] = np.where(is_new, drawn, values[item.name])
        return Parameters(values)

    def continue_outcome(
        self,
        outcome: str,
        data: Mapping[str, Any],
        places: Mapping[str, Integers],
        parameters: Parameters,
        number: int = 0,
    ) -> tuple[Floats, Floats | None]:
        """Return an outcome that is drawn given earlier values of itself, `(s, ...)`: known rows as they are.

        Beside it stands the log density of what `data` hold in its place, given the path before it; `None`
        where it is not known. Each `number` is another path, with random numbers of its own.

        Raises
        ------
        RequestError
            The program does not say in one statement how it goes on.
        """
        item = find_continuation(self.program, outcome)
        wanted = [name for name in (item.quantity, item.density) if name]
        generated = self.run(data, places, parameters, wanted=wanted, adding=True, number=_PATHS + number)
        density = collect(generated, item.density)[:, 0] if item.density else None
        return collect(generated, item.quantity)[:, 0], density

    def borrow_elements(
        self, places: Mapping[str, Integers], parameters: Parameters, first: int = 0
    ) -> Parameters:
        """Return parameters in which a new element is, at each draw, one of the fit's at random.

        Parameters
        ----------
        places
            The place in the fit of each element of a size that grows.
        parameters
            Those of the fit, not yet placed.
        first
            The first row of the chunk. All parameters of a group come from the same one, in every chunk.
        """
        values = dict(self.place(parameters, places).values)
        chosen: dict[str, Integers] = {}
        for item in self.growing:
            for axis, size in enumerate(item.sizes):
                if size not in places or not (places[size] == NEW).any():
                    continue
                if item.is_sequential:
                    message = (
                        f"`{item.name}` goes on from one element to the next: none stands for a new one."
                    )
                    raise RequestError(message, hint="predict the groups of the fit only")
                fitted = parameters.values[item.name].shape[axis + 1]
                if size not in chosen:
                    shape = (parameters.count, len(places[size]))
                    random = np.random.default_rng((self._seed, first if size in self.growth.rows else 0))
                    chosen[size] = np.where(
                        places[size] == NEW, random.integers(fitted, size=shape), places[size]
                    )
                source = parameters.values[item.name]
                others = {name: where for name, where in places.items() if name != size}
                if len([name for name in item.sizes if name in others]):
                    source = self.place(parameters, others).values[item.name]
                full = [source.shape[0]] + [1] * (source.ndim - 1)
                full[axis + 1] = -1
                values[item.name] = np.take_along_axis(source, chosen[size].reshape(full), axis=axis + 1)
        return Parameters(values)


def find_continuation(program: PredictiveProgram, outcome: str) -> NewElements:
    """Return how an outcome goes on that is drawn given earlier values of itself.

    Raises
    ------
    RequestError
        The program does not say in one statement how it goes on.
    """
    item = next((item for item in program.new_elements if item.name == outcome), None)
    if item is None or item.reason:
        reason = "cannot be drawn step by step" if item is None else item.reason
        message = f"the forecast of `{outcome}` is not known from the program: it {reason}."
        raise RequestError(message, hint=_DRAW_NEXT)
    others = item.parents & {replicate.outcome for replicate in program.replicates}
    if others:
        names = ", ".join(f"`{name}`" for name in sorted(others))
        message = f"`{outcome}` goes on from earlier values of {names} as well, which are not drawn with it."
        raise RequestError(message, hint=_DRAW_NEXT)
    return item


def _has_new(item: NewElements, places: Mapping[str, Integers]) -> bool:
    return any(size in places and bool((places[size] == NEW).any()) for size in item.sizes)


def _format_shape(lengths: Collection[int | None]) -> str:
    return " by ".join("?" if length is None else str(length) for length in lengths) + " elements"


def _list_quantities(program: PredictiveProgram) -> set[str]:
    """Return everything that the predictive program can generate."""
    found = {item.name for item in program.program.generated_quantities} | {*program.means.values()}
    found |= {replicate.name for replicate in program.replicates if replicate.name}
    found |= {replicate.observed for replicate in program.replicates if replicate.observed}
    found |= {name for item in program.new_elements for name in (item.quantity, item.density) if name}
    return found | {name for name in (program.log_lik, *program.added) if name}


def _flatten(declared: tuple[Declaration, ...], parameters: Parameters) -> tuple[tuple[str, ...], Floats]:
    """Return the names of all parameters in Stan's order, and their draws, `(draw, column)`."""
    columns: list[str] = []
    blocks: list[Floats] = []
    for parameter in declared:
        values = parameters.values[parameter.name]
        shape = values.shape[1:]
        # Stan counts the first index fastest.
        blocks.append(
            values.reshape(len(values), *shape)
            .transpose(0, *range(values.ndim - 1, 0, -1))
            .reshape(len(values), -1)
        )
        columns += [element_name(parameter.name, index[::-1]) for index in np.ndindex(shape[::-1])]
    return tuple(columns), np.ascontiguousarray(np.concatenate(blocks, axis=1))


def collect(generated: RawRun, variable: str) -> Floats:
    """Return the draws of one quantity, `(s, ...)`; of no elements where it is empty."""
    positions = [i for i, column in enumerate(generated.columns) if owner(column) == variable]
    draws = generated.draws[0]
    if not positions:
        return np.empty((len(draws), 0))
    indices = [split_element(generated.columns[i])[1] for i in positions]
    shape = tuple(max(index[axis] for index in indices) + 1 for axis in range(len(indices[0])))
    # Columns of one variable stand side by side, the first index fastest.
    block = draws[:, positions[0] : positions[-1] + 1]
    found: Floats = block.reshape(len(draws), *shape[::-1]).transpose(0, *range(len(shape), 0, -1))
    return found
