"""Results on the scale of the data where predictors were standardized while fitting.

With predictors `(x - mean) / sd` Stan estimates other coefficients than with `x` itself. Which parameters
have to be rescaled, and how, is guessed from declarations: a parameter sized by the columns of the matrix is
a coefficient, and an unbounded one may be the intercept. The guess is then checked: at random points the
density, priors apart, must be the same on both scales. If it is not, nothing is rescaled, and the record says
so. Generated quantities, and transformed parameters that depend on what is rescaled, are computed again.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from workbench.backends import Backend, Job, RawRun, Selection, Start
from workbench.backends.base import Curvature, Floats
from workbench.binding import BoundData, write_stan_data
from workbench.errors import RunError
from workbench.estimation.context import FitContext
from workbench.estimation.standardize.rescaling import (
    Rescaling,
    RescalingResult,
    find_rescaling,
    undo_standardization,
)
from workbench.methods import Laplace
from workbench.results.draws import list_quantities
from workbench.results.quantities import element_name, owner, split_element

if TYPE_CHECKING:
    import xarray as xr

_GROUPS = ("mle", "map", "map_unconstrained", "laplace", "pathfinder", "posterior")
"""The groups of `fit.nc` that hold parameters."""

_STEP = 1e-4
"""Step of central differences on the unconstrained scale. Ours: numbers come with 17 digits, so that the
error is of the order of the step's square."""


def use_original_scale(context: FitContext) -> tuple[FitContext, RescalingResult | None]:
    """Return a context whose backend answers on the scale of the data, where a map to it was found."""
    if not context.request.data.standardized:
        return context, None
    result = find_rescaling(context)
    if result.rescaling is None:
        return context, result
    backend = cast("Backend", _OriginalScaleBackend(context, result.rescaling))
    return replace(context, backend=backend), result


def choose_shown_data(data: BoundData, result: RescalingResult) -> BoundData:
    """Return the data to show with the results: as they were before standardizing, if the results are too."""
    return data if result.rescaling is None else undo_standardization(data)


def add_scale_entries(data: Mapping[str, Any], result: RescalingResult, tree: xr.DataTree) -> dict[str, Any]:
    """Return the record of the data with the scale of the results, and a tip if that is standardized."""
    entry = {"matrices": data["standardized"], **result.record}
    if result.rescaling is not None:
        entry["estimates"] = collect_fitted_values(tree, result.rescaling)
        return {**data, "standardized": entry}
    tip = f"results are on the scale of the standardized predictors: {result.reason}"
    return {**data, "standardized": entry, "tips": [*data["tips"], tip]}


def collect_fitted_values(tree: xr.DataTree, rescaling: Rescaling) -> dict[str, dict[str, dict[str, float]]]:
    """Return the rescaled parameters on the scale of the fit, by group of `fit.nc` and Stan name.

    Posterior and approximations have mean and sd, modes their value.
    """
    inverse = np.linalg.inv(rescaling.matrix)
    fitted: dict[str, dict[str, dict[str, float]]] = {}
    for group in _GROUPS:
        if group not in tree.children:
            continue
        dataset = tree[group].to_dataset()
        values = np.stack([_read_element(dataset, column) for column in rescaling.columns], axis=-1)
        rows = (values @ inverse.T).reshape(-1, values.shape[-1])
        fitted[group] = {
            column: {"value": float(draws[0])}
            if len(draws) == 1
            else {"mean": float(draws.mean()), "sd": float(draws.std(ddof=1))}
            for column, draws in zip(rescaling.columns, rows.T, strict=True)
        }
    return fitted


def _read_element(group: xr.Dataset, column: str) -> Floats:
    name, index = split_element(column)
    cell: tuple[Any, ...] = (..., *index)
    return np.asarray(group[name].to_numpy()[cell], dtype=np.float64)


class _OriginalScaleBackend:
    """A backend whose runs are on the scale of the data: it passes calls on and rescales their results."""

    def __init__(self, context: FitContext, rescaling: Rescaling) -> None:
        program, data = context.request.program, context.request.data
        instrumented = program.instrumented
        self._backend = context.backend
        self._rescaling = rescaling
        self._parameters = {declaration.name for declaration in program.parameters}
        self._quantities = set(list_quantities(context.request))
        copies = {} if instrumented is None else instrumented.outputs.copies
        self._copies = {name: copies[name] for name in rescaling.dependents}
        original = undo_standardization(data).values
        self._changed_data = {name: original[name] for name in data.standardized}
        if instrumented is not None:
            switches = {instrumented.switch: 0, instrumented.copying: 1}
            self._changed_data |= {name: value for name, value in switches.items() if name}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # not of a backend; asked for before there is one, when this is unpickled
            raise AttributeError(name)
        attribute = getattr(self._backend, name)
        if not callable(attribute):
            return attribute

        def call(*args: Any, **keywords: Any) -> Any:
            if isinstance(keywords.get("start"), Start):
                keywords["start"] = self._standardize_start(keywords["start"])
            result = attribute(*args, **keywords)
            return self._rescale_run(args[0], result) if isinstance(result, RawRun) else result

        return call

    def log_density_at(self, job: Job, columns: tuple[str, ...], draws: Floats) -> tuple[Floats, Floats]:
        """Return the density of the fit for draws given on the scale of the data."""
        return self._backend.log_density_at(job, columns, self._standardize_values(columns, draws))

    def unconstrain_values(self, job: Job, columns: tuple[str, ...], draws: Floats) -> Floats:
        """Return the unconstrained points of the fit for draws given on the scale of the data."""
        return self._backend.unconstrain_values(job, columns, self._standardize_values(columns, draws))

    def laplace(self, job: Job, mode: RawRun, method: Laplace, *, jacobian: bool) -> RawRun:
        """Return curvature and draws around a mode that is given on the scale of the data."""
        fitted = replace(mode, draws=self._standardize_values(mode.columns, mode.draws))
        return self._rescale_run(job, self._backend.laplace(job, fitted, method, jacobian=jacobian))

    def generate(self, job: Job, columns: tuple[str, ...], draws: Floats) -> RawRun:
        """Return what depends on draws given on the scale of the data; only densities are of the fit's."""
        fitted = self._standardize_values(columns, draws)
        run = self._backend.generate(job, columns, fitted)
        if _find_positions(columns, self._rescaling.columns) is None:
            return run
        given = [i for i, column in enumerate(columns) if owner(column) in self._parameters]
        together = (*(columns[i] for i in given), *run.columns)
        rows = np.concatenate([draws[None][..., given], run.draws], axis=2)
        self._compute_again(job, together, rows)
        return replace(run, draws=rows[..., len(given) :])

    def compute_quantities(
        self, job: Job, points: Floats, names: tuple[str, ...] | None = None, *, jobs: int | None = None
    ) -> RawRun:
        """Return quantities at points of the fit; those that differ between scales are taken from all."""
        moved = [name for name in names or () if name in self._rescaling.columns or self._name_source(name)]
        if names is not None and not moved:
            return self._backend.compute_quantities(job, points, names, jobs=jobs)
        run = self._rescale_run(job, self._backend.compute_quantities(job, points, jobs=jobs))
        if names is None:
            return run
        places = {column: place for place, column in enumerate(run.columns)}
        return replace(run, columns=names, draws=run.draws[..., [places[name] for name in names]])

    def _standardize_values(self, columns: tuple[str, ...], values: Floats) -> Floats:
        """Return values `(..., column)` on the scale of the fit."""
        where = _find_positions(columns, self._rescaling.columns)
        if where is None:
            return values
        standardized = values.copy()
        standardized[..., where] = np.linalg.solve(self._rescaling.matrix, values[..., where, None])[..., 0]
        return standardized

    def _rescale_run(self, job: Job, run: RawRun) -> RawRun:
        """Return a run on the scale of the data, with what follows from the parameters computed there."""
        curvature = self._rescale_curvature(job, run.curvature)
        where = _find_positions(run.columns, self._rescaling.columns)
        if where is None or not run.draws.size:
            return replace(run, curvature=curvature)
        values = run.draws.copy()
        values[..., where] = values[..., where] @ self._rescaling.matrix.T
        self._compute_again(job, run.columns, values)
        warmup = None if run.warmup is None else self._rescale_run(job, run.warmup)
        return replace(run, draws=values, curvature=curvature, warmup=warmup)

    def _compute_again(self, job: Job, columns: tuple[str, ...], values: Floats) -> None:
        """Put into values `(chain, draw, column)` what follows from the parameters on the data's scale."""
        sources = {i: self._name_source(column) for i, column in enumerate(columns)}
        computed = [i for i, source in sources.items() if source]
        if computed:
            generated = self._generate(job, columns, values, [sources[i] for i in computed])
            values[..., computed] = generated.reshape(*values.shape[:2], len(computed))

    def _name_source(self, column: str) -> str:
        """Return the generated quantity that a column takes its value from; empty where it keeps its own."""
        name = owner(column)
        if name in self._copies:
            return _name_copy(column, name, self._copies[name])
        return column if name in self._quantities else ""

    def _generate(self, job: Job, columns: tuple[str, ...], values: Floats, wanted: Sequence[str]) -> Floats:
        """Return generated quantities, `(draw, wanted)`, for values `(..., column)` on the data's scale."""
        kept = [i for i, column in enumerate(columns) if owner(column) in self._parameters]
        flat = values[..., kept].reshape(-1, len(kept))
        names = tuple(columns[i] for i in kept)
        selection = Selection(left_out=job.selection.left_out | job.selection.pointwise)
        original = replace(self._make_original_job(job), selection=selection)
        run = self._backend.generate(original, names, flat)
        positions = {column: i for i, column in enumerate(run.columns)}
        return np.asarray(run.draws[0][:, [positions[name] for name in wanted]])

    def _make_original_job(self, job: Job) -> Job:
        """Return a call on the predictors as they were before standardizing, and on the job's other data."""
        path = job.data.with_name(f"original-scale-{job.data.name}")
        if not path.exists():
            content = json.loads(job.data.read_text(encoding="utf-8"))
            with tempfile.TemporaryDirectory(dir=job.data.parent) as folder:
                written = Path(folder) / path.name
                write_stan_data(written, {**content, **self._changed_data})
                written.replace(path)  # in one step: several threads may need it
        return replace(job, data=path, folder=job.folder / "original-scale")

    def _rescale_curvature(self, job: Job, around: Curvature | None) -> Curvature | None:
        """Return a curvature whose named values are on the scale of the data."""
        where = None if around is None else _find_positions(around.names, self._rescaling.columns)
        if around is None or where is None:
            return around
        jacobian = around.constrain_jacobian.copy()
        jacobian[where] = self._rescaling.matrix @ jacobian[where]
        values = around.values.copy()
        values[where] = self._rescaling.matrix @ values[where]
        copied = [i for i, name in enumerate(around.names) if owner(name) in self._copies]
        if copied:
            wanted = [self._name_source(around.names[i]) for i in copied]
            differentiated = self._differentiate(job, around.names, values, jacobian, wanted)
            values[copied], jacobian[copied] = differentiated
        return replace(around, constrain_jacobian=jacobian, values=values)

    def _differentiate(
        self, job: Job, names: tuple[str, ...], values: Floats, jacobian: Floats, wanted: Sequence[str]
    ) -> tuple[Floats, Floats]:
        """Return generated quantities `(C,)` and their derivatives `(C, U)`, by central differences.

        Both are NaN where Stan cannot compute them beside the point.
        """
        steps = _STEP * jacobian.T
        points = np.concatenate([values[None], values + steps, values - steps])
        try:
            generated = self._generate(job, names, points, wanted)
        except RunError:
            return np.full(len(wanted), np.nan), np.full((len(wanted), len(steps)), np.nan)
        at, above, below = np.split(generated, [1, 1 + len(steps)])
        return at[0], (above - below).T / (2 * _STEP)

    def _standardize_start(self, start: Start) -> Start:
        """Return a start, given on the scale of the data, on the scale of the fit."""
        return replace(start, inits=tuple(self._standardize_initial_values(values) for values in start.inits))

    def _standardize_initial_values(self, values: Mapping[str, Any]) -> dict[str, Any]:
        arrays = {
            name: np.array(value, dtype=float)
            for name, value in values.items()
            if name in self._rescaling.coefficients or name in self._rescaling.intercepts
        }
        elements = [(name, index) for name, array in arrays.items() for index in np.ndindex(array.shape)]
        names = tuple(element_name(*element) for element in elements)
        if not elements or _find_positions(names, self._rescaling.columns) is None:
            return dict(values)
        flat = np.array([float(arrays[name][index]) for name, index in elements])
        for (name, index), value in zip(elements, self._standardize_values(names, flat), strict=True):
            arrays[name][index] = value
        return {**values, **{name: array.tolist() for name, array in arrays.items()}}


def _name_copy(column: str, name: str, copy: str) -> str:
    """Return the element of a copy that a column of a transformed parameter is copied to.

    >>> _name_copy("a[2]", "a", "a_copy"), _name_copy("a", "a", "a_copy")
    ('a_copy[1,2]', 'a_copy[1]')
    """
    rest = column.removeprefix(name)
    return f"{copy}[1,{rest[1:]}" if rest.startswith("[") else f"{copy}[1]{rest}"


def _find_positions(columns: tuple[str, ...], names: tuple[str, ...]) -> list[int] | None:
    """Return the positions of names among columns, or `None` if one is missing."""
    positions = {column: position for position, column in enumerate(columns)}
    return [positions[name] for name in names] if all(name in positions for name in names) else None
