"""Results back on the scale of the data where predictors were standardized while fitting.

With predictors `(x - mean) / sd` Stan estimates other coefficients than with `x` itself. Which parameters
have to be moved, and how, is guessed from declarations (a parameter sized by the columns of the matrix is a
coefficient, an unbounded one may be the intercept) and then proved: at random points the density, priors
apart, has to be the same on both scales. Without a proof nothing is moved, and the record says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import numpy as np
import xarray as xr

from workbench.backends import Backend, Job, RawRun, Start
from workbench.backends.base import Curvature, Floats
from workbench.binding import BoundData
from workbench.estimation.context import FitContext
from workbench.estimation.standardize.rescaling import (
    Rescaling,
    RescalingResult,
    find_rescaling,
    format_element_name,
    make_original_scale_job,
    make_weights_data,
    undo_standardization,
)
from workbench.methods import Laplace
from workbench.results import draws
from workbench.results.quantities import owner


def use_original_scale(setting: FitContext) -> tuple[FitContext, RescalingResult | None]:
    """Return a setting whose backend answers on the scale of the data, where there is a proven way back."""
    if not setting.request.data.standardized:
        return setting, None
    outcome = find_rescaling(setting)
    if outcome.rescaling is None:
        return setting, outcome
    job = replace(
        make_original_scale_job(setting, make_weights_data(setting, 1.0)),
        folder=setting.folder / "original-scale",
    )
    backend = cast("Backend", _OriginalScale(setting, outcome.rescaling, job))
    return replace(setting, backend=backend), outcome


def choose_shown_data(data: BoundData, outcome: RescalingResult) -> BoundData:
    """Return the data that belong to the results: unscaled where those are on the scale of the data."""
    return data if outcome.rescaling is None else undo_standardization(data)


def add_scale_entries(data: Mapping[str, Any], outcome: RescalingResult, tree: xr.DataTree) -> dict[str, Any]:
    """Return the record of the data with what came of the scale, and a tip where results stayed on it."""
    entry = {"matrices": data["standardized"], **outcome.record}
    if outcome.rescaling is not None:
        return {
            **data,
            "standardized": {**entry, "estimates": collect_fitted_values(tree, outcome.rescaling)},
        }
    tip = f"results are on the scale of the standardized predictors: {outcome.reason}"
    return {**data, "standardized": entry, "tips": [*data["tips"], tip]}


def collect_fitted_values(tree: xr.DataTree, rescaling: Rescaling) -> dict[str, dict[str, dict[str, float]]]:
    """Return the moved parameters as they were fitted, by group of `fit.nc` and Stan name.

    Posterior and approximation have mean and sd, modes their value.
    """
    back = np.linalg.inv(rescaling.matrix)
    found: dict[str, dict[str, dict[str, float]]] = {}
    for group in ("mle", "map", "map_unconstrained", "laplace", "pathfinder", "posterior"):
        if group not in tree.children:
            continue
        own = tree[group].to_dataset()
        values = np.stack([_element(own, column) for column in rescaling.columns], axis=-1) @ back.T
        flat = values.reshape(-1, values.shape[-1])
        found[group] = {
            column: {"value": float(one[0])}
            if len(one) == 1
            else {"mean": float(one.mean()), "sd": float(one.std(ddof=1))}
            for column, one in zip(rescaling.columns, flat.T, strict=True)
        }
    return found


def _element(group: xr.Dataset, column: str) -> Floats:
    name, _, inside = column.partition("[")
    index = tuple(int(part) - 1 for part in inside[:-1].split(",")) if inside else ()
    cell: tuple[Any, ...] = (..., *index)
    return np.asarray(group[name].to_numpy()[cell], dtype=np.float64)


class _OriginalScale:
    """A backend whose runs are on the scale of the data: it hands on what is asked and moves what comes."""

    def __init__(self, setting: FitContext, rescaling: Rescaling, job: Job) -> None:
        self._backend = setting.backend
        self._program = setting.request.program
        self._rescaling = rescaling
        self._job = job

    def __getattr__(self, name: str) -> Any:
        asked = getattr(self._backend, name)
        if not callable(asked):
            return asked

        def call(*args: Any, **keywords: Any) -> Any:
            if isinstance(keywords.get("start"), Start):
                keywords["start"] = self._started(keywords["start"])
            result = asked(*args, **keywords)
            return self._back(result) if isinstance(result, RawRun) else result

        return call

    def laplace(self, job: Job, mode: RawRun, method: Laplace, *, jacobian: bool) -> RawRun:
        """Return curvature and draws around a mode that is given on the scale of the data."""
        fitted = replace(mode, draws=self._fitted(mode.columns, mode.draws))
        return self._back(self._backend.laplace(job, fitted, method, jacobian=jacobian))

    def generate(self, job: Job, columns: tuple[str, ...], draws: Floats) -> RawRun:
        """Return what follows from draws on the scale of the data: there, all but the density."""
        fitted = self._fitted(columns, draws)
        run = self._backend.generate(job, columns, fitted)
        known = [i for i, column in enumerate(run.columns) if column not in columns]
        together = (*columns, *(run.columns[i] for i in known))
        rows = np.concatenate([fitted[None], run.draws[..., known]], axis=2)
        moved = self._back(replace(run, columns=together, draws=rows))
        return replace(run, columns=together[len(columns) :], draws=moved.draws[..., len(columns) :])

    def _fitted(self, columns: tuple[str, ...], values: Floats) -> Floats:
        """Return values `(..., column)` on the scale of the fit."""
        where = _positions(columns, self._rescaling.columns)
        if where is None:
            return values
        moved = values.copy()
        moved[..., where] = np.linalg.solve(self._rescaling.matrix, values[..., where, None])[..., 0]
        return moved

    def _back(self, run: RawRun) -> RawRun:
        """Return a run moved to the scale of the data, with the quantities that follow there."""
        where = _positions(run.columns, self._rescaling.columns)
        if where is None or not run.draws.size:
            return replace(run, curvature=self._curvature(run.curvature, frozenset()))
        values = run.draws.copy()
        values[..., where] = values[..., where] @ self._rescaling.matrix.T
        changed: frozenset[str] = frozenset()
        own = [i for i, column in enumerate(run.columns) if owner(column) in self._parameters()]
        followers = set(draws.quantities(self._program))
        if followers:
            generated = self._generated(run, values, own)
            taken = [i for i, column in enumerate(run.columns) if owner(column) in followers]
            for i in taken:
                fresh = generated.draws[0][:, generated.columns.index(run.columns[i])].reshape(
                    values.shape[:2]
                )
                if not np.allclose(fresh, values[..., i], rtol=1e-6, atol=1e-8, equal_nan=True):
                    changed |= {run.columns[i]}
                values[..., i] = fresh
        warmup = None if run.warmup is None else self._back(run.warmup)
        return replace(run, draws=values, curvature=self._curvature(run.curvature, changed), warmup=warmup)

    def _generated(self, run: RawRun, values: Floats, own: list[int]) -> RawRun:
        flat = values[..., own].reshape(-1, len(own))
        return self._backend.generate(self._job, tuple(run.columns[i] for i in own), flat)

    def _parameters(self) -> frozenset[str]:
        return frozenset(one.name for one in self._program.parameters)

    def _curvature(self, around: Curvature | None, changed: frozenset[str]) -> Curvature | None:
        """Return a curvature whose named values are on the scale of the data; those that follow have none."""
        where = None if around is None else _positions(around.names, self._rescaling.columns)
        if around is None or where is None:
            return around
        jacobian = around.constrain_jacobian.copy()
        jacobian[where] = self._rescaling.matrix @ jacobian[where]
        values = around.values.copy()
        values[where] = self._rescaling.matrix @ values[where]
        follows = [name in changed for name in around.names]
        jacobian[follows] = values[follows] = np.nan
        return replace(around, constrain_jacobian=jacobian, values=values)

    def _started(self, start: Start) -> Start:
        """Return a start, given on the scale of the data, on the scale of the fit."""
        return replace(start, inits=tuple(self._init(one) for one in start.inits))

    def _init(self, values: Mapping[str, Any]) -> dict[str, Any]:
        moved = {name: np.array(one, dtype=float) for name, one in values.items() if self._is_moved(name)}
        if not moved:
            return dict(values)
        elements = [(name, index) for name, one in moved.items() for index in np.ndindex(one.shape)]
        names = [format_element_name(*element) for element in elements]
        where = _positions(tuple(names), self._rescaling.columns)
        if where is None:
            return dict(values)
        flat = np.array([float(moved[name][index]) for name, index in elements])
        flat[where] = np.linalg.solve(self._rescaling.matrix, flat[where])
        for (name, index), one in zip(elements, flat, strict=True):
            moved[name][index] = one
        return {**values, **{name: one.tolist() for name, one in moved.items()}}

    def _is_moved(self, name: str) -> bool:
        return name in self._rescaling.coefficients or name in self._rescaling.intercepts


def _positions(columns: tuple[str, ...], wanted: tuple[str, ...]) -> list[int] | None:
    """Return where names stand among columns; `None` where one is missing."""
    place = {column: position for position, column in enumerate(columns)}
    return [place[one] for one in wanted] if all(one in place for one in wanted) else None
