"""A request kept in its run, whole: what `workbench continue` and `workbench replay` start from.

The table may have changed or gone since: Stan's data are kept as they were sent, and so are the program with
its includes, the roles, the priors and the settings of every method.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from workbench.binding import BoundData, BoundVariable, Standardization
from workbench.errors import MethodError, RunIncomplete
from workbench.late_imports import LateModule
from workbench.methods import Auto, Laplace, Map, Method, Mle, Nuts, Pathfinder
from workbench.priors import Priors
from workbench.program import Program
from workbench.request import FitRequest, Storage
from workbench.results.fit import Fit
from workbench.results.view import SavedSettings
from workbench.results.view.description import check_numbers
from workbench.tables import Table

if TYPE_CHECKING:
    import pyarrow as pa
    import xarray as xr
else:
    pa = LateModule("pyarrow")
    xr = LateModule("xarray")

DATA = "stan_data"
"""The group of `fit.nc` that holds what Stan was given."""

_METHODS: Mapping[str, type[Method]] = {
    kind.__name__: kind for kind in (Mle, Map, Laplace, Pathfinder, Nuts, Auto)
}
"""The methods that a run may name."""

_MOST_ITERATIONS = 100_000_000
"""The most draws, iterations or starts that a run may name. Ours."""

_JSON = "json:"
_LABELS = "labels:"
"""Beginnings of names in the group of data: values that are no arrays, and labels of sizes."""


def describe_request(request: FitRequest) -> dict[str, Any]:
    """Return what `run.json` keeps of a request beyond what stands elsewhere in it."""
    program = request.program
    return {
        "methods": [[type(method).__name__, asdict(method)] for method in request.methods],
        "roles": {str(term.index): term.role for term in program.terms if term.is_settled},
        "scaled": list(request.scaled),
        "weights": {str(key): weight for key, weight in request.weights.items()},
        "inits": dict(request.inits),
        "threads": request.threads,
        "timeout": request.timeout,
        "keep": None if request.storage.keep is None else list(request.storage.keep),
        "pointwise_draws": request.storage.pointwise_draws,
        "optimised": program.is_optimised,
        "prior_data": list(request.priors.data_names),
        "standardized": {name: asdict(scale) for name, scale in request.data.standardized.items()},
        "includes": {_include_name(program, path): path.read_text() for path in program.includes},
    }


def build_stan_data_group(request: FitRequest) -> xr.Dataset:
    """Return Stan's data and the labels of its sizes, exactly as they are."""
    arrays: dict[str, tuple[tuple[str, ...], Any]] = {}
    for variable in request.data.variables:
        value = np.asarray(variable.value)
        if value.dtype.kind in "biuf" and value.size:
            arrays[variable.name] = (_dims(variable.name, value), value)
        else:  # tuples, and arrays without elements
            arrays[f"{_JSON}{variable.name}"] = ((), json.dumps(variable.value, default=_plain))
    for size, names in request.data.labels.items():
        arrays[f"{_LABELS}{size}"] = ((f"{_LABELS}{size}_dim",), np.array(names, dtype=object))
    return xr.Dataset(arrays)


def restore_request(fit: Fit, program: Program) -> FitRequest:
    """Return the request of a run.

    Parameters
    ----------
    fit
        The run.
    program
        The program read again from the run's own source, its roles settled.

    Raises
    ------
    RunIncomplete
        The run was made before requests were kept.
    """
    settings, results = read_saved_settings(fit), fit.results
    return FitRequest(
        program,
        _restore_data(fit, settings, program),
        Priors(results.priors, results.prior_origins, settings.prior_data),
        tuple(restore_method(name, values) for name, values in settings.methods),
        results.seed if results.seed is not None else FitRequest.seed,
        results.interval.level,
        1,
        settings.scaled,
        settings.threads,
        settings.timeout,
        {int(key) if _is_index(key) else key: weight for key, weight in settings.weights.items()},
        settings.inits,
        Storage(settings.keep, settings.pointwise_draws),
    )


def read_saved_settings(fit: Fit) -> SavedSettings:
    """Return the settings that a run keeps of its request.

    Raises
    ------
    RunIncomplete
        It keeps nothing, or not the data.
    """
    settings = fit.results.request
    if settings is None or fit.find_group(DATA) is None:
        hint = "fit the program again; runs of this version can be continued and replayed"
        raise RunIncomplete("the run does not hold the data and settings it was made with.", hint=hint)
    return settings


def _include_name(program: Program, path: Path) -> str:
    folder = program.path.resolve().parent
    full = path.resolve()
    return str(full.relative_to(folder)) if full.is_relative_to(folder) else full.name


def _dims(name: str, value: np.ndarray) -> tuple[str, ...]:
    return tuple(f"{DATA}:{name}_dim_{axis}" for axis in range(value.ndim))


def _restore_data(fit: Fit, settings: SavedSettings, program: Program) -> BoundData:
    """Return the data block as Stan was given it; the table itself is not needed."""
    values: dict[str, Any] = {}
    labels: dict[str, tuple[str, ...]] = {}
    data = fit.results.data
    group = fit.find_group(DATA)
    assert group is not None  # noqa: S101 - asked by `read_saved_settings`
    for name, variable in group.list_data():
        array = variable.values
        if name.startswith(_LABELS):
            labels[name.removeprefix(_LABELS)] = tuple(str(label) for label in array)
        elif name.startswith(_JSON):
            values[name.removeprefix(_JSON)] = _read_value(name, array)
        else:
            values[name] = array if array.ndim else array.item()
    declared_names = {declared.name for declared in program.data}
    others = [name for name in settings.standardized if name not in declared_names]
    if others:
        raise RunIncomplete(f"the run standardizes `{others[0][:40]}`, which its program does not declare.")
    absent = [declared.name for declared in program.data if declared.name not in values]
    if absent:
        raise RunIncomplete(f"the run does not hold `{absent[0]}`, which its program declares as data.")
    table = Table(Path(data.path), data.sha256, pa.table({}), values={"": range(data.rows or 0)})
    variables = tuple(
        BoundVariable(
            declared.name,
            declared.text,
            declared.line,
            values[declared.name],
            data.binding.get(declared.name, "the run"),
        )
        for declared in program.data
    )
    scales = {
        name: Standardization(scale.columns, scale.mean, scale.sd)
        for name, scale in settings.standardized.items()
    }
    return BoundData(table, variables, labels, standardized=scales, rows=data.rows)


def _read_value(name: str, array: np.ndarray) -> Any:
    """Return a value that is not an array, such as a tuple.

    Raises
    ------
    RunIncomplete
        It is not numbers in JSON.
    """
    try:
        value = msgspec.json.decode(str(array.item()))
        check_numbers(value)
    except (ValueError, RecursionError) as reason:
        raise RunIncomplete(
            f"the run holds `{name}` in its data, which is not numbers: {reason}."
        ) from reason
    return value


def _is_index(key: str) -> bool:
    return key.isascii() and key.isdigit()


def restore_method(name: str, settings: Mapping[str, Any]) -> Method:
    """Return a method by the name of its class, with its settings; `RunIncomplete` for any other name.

    Raises
    ------
    RunIncomplete
        There is no such method, or a setting is not one of its own or out of range.
    """
    kind = _METHODS.get(name)
    if kind is None:
        known = ", ".join(_METHODS)
        raise RunIncomplete(f"the run was expected to name a method of {known}; found `{name[:80]}`.")
    unknown = [key for key in settings if key not in {item.name for item in fields(kind)}]
    try:
        if unknown:
            raise ValueError(f"it has no setting `{unknown[0][:80]}`")
        restored: Method = msgspec.convert(settings, kind)
        _check_iterations(asdict(restored))
    except (ValueError, MethodError) as reason:
        raise RunIncomplete(f"the run has a setting of `{name}` that cannot be: {reason}.") from reason
    return restored


def _check_iterations(settings: Mapping[str, Any]) -> None:
    """Refuse more iterations than any fit has.

    Raises
    ------
    ValueError
        The message names the setting.
    """
    for key, value in settings.items():
        if isinstance(value, Mapping):
            _check_iterations(value)
        elif isinstance(value, int) and abs(value) > _MOST_ITERATIONS:
            raise ValueError(f"`{key}` was expected to be at most {_MOST_ITERATIONS:,}, found {value:,}")


def _plain(value: object) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} has no place in a run")
