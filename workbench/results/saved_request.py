"""A request kept in its run, whole: what `workbench continue` and `workbench replay` start from.

The table may have changed or gone since: Stan's data are kept as they were sent, and so are the program with
its includes, the roles, the priors and the settings of every method.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import xarray as xr

from workbench import methods
from workbench.binding import BoundData, BoundVariable, Standardization
from workbench.errors import RunIncomplete
from workbench.methods import Method
from workbench.priors import Priors
from workbench.program import Program
from workbench.request import FitRequest
from workbench.tables import Table

DATA = "stan_data"
"""The group of `fit.nc` that holds what Stan was given."""

_JSON = "json:"
_LABELS = "labels:"


def describe_request(request: FitRequest) -> dict[str, Any]:
    """Return what `run.json` keeps of a request beyond what stands elsewhere in it."""
    program = request.program
    return {
        "methods": [[type(one).__name__, asdict(one)] for one in request.methods],
        "roles": {str(term.index): term.role for term in program.terms if term.is_settled},
        "scaled": list(request.scaled),
        "weights": {str(key): weight for key, weight in request.weights.items()},
        "inits": dict(request.inits),
        "threads": request.threads,
        "timeout": request.timeout,
        "prior_data": list(request.priors.data_names),
        "standardized": {name: asdict(one) for name, one in request.data.standardized.items()},
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


def restore_request(record: Mapping[str, Any], tree: xr.DataTree, program: Program) -> FitRequest:
    """Return the request of a run.

    Parameters
    ----------
    record, tree
        The run.
    program
        The program read again from the run's own source, its roles settled.

    Raises
    ------
    RunIncomplete
        The run was made before requests were kept.
    """
    kept = read_saved_request(record, tree)
    priors = Priors(record["priors"], record["prior_origins"], tuple(kept["prior_data"]))
    return FitRequest(
        program,
        _data(record, tree[DATA].to_dataset(), kept, program),
        priors,
        tuple(_method(name, settings) for name, settings in kept["methods"]),
        record["seed"],
        record["interval"]["level"],
        1,
        tuple(kept["scaled"]),
        kept["threads"],
        kept["timeout"],
        {int(key) if key.isdigit() else key: weight for key, weight in kept["weights"].items()},
        kept.get("inits", {}),
    )


def read_saved_request(record: Mapping[str, Any], tree: xr.DataTree) -> dict[str, Any]:
    """Return what a run keeps of its request.

    Raises
    ------
    RunIncomplete
        It keeps nothing.
    """
    if "request" not in record or DATA not in tree.children:
        hint = "fit the program again; runs of today's workbench can be continued and replayed"
        raise RunIncomplete("the run does not hold the data and settings it was made with.", hint=hint)
    return dict(record["request"])


def _include_name(program: Program, path: Path) -> str:
    folder = program.path.resolve().parent
    full = path.resolve()
    return str(full.relative_to(folder)) if full.is_relative_to(folder) else full.name


def _dims(name: str, value: np.ndarray) -> tuple[str, ...]:
    return tuple(f"{DATA}:{name}_dim_{axis}" for axis in range(value.ndim))


def _data(
    record: Mapping[str, Any], kept: xr.Dataset, request: Mapping[str, Any], program: Program
) -> BoundData:
    values: dict[str, Any] = {}
    labels: dict[str, tuple[str, ...]] = {}
    for key, array in kept.data_vars.items():
        name = str(key)
        if name.startswith(_LABELS):
            labels[name.removeprefix(_LABELS)] = tuple(str(one) for one in array.to_numpy())
        elif name.startswith(_JSON):
            values[name.removeprefix(_JSON)] = json.loads(str(array.item()))
        else:
            values[name] = array.to_numpy() if array.ndim else array.item()
    stored = record["data"]
    origins = stored.get("binding", {})
    table = Table(Path(stored["path"]), stored["sha256"], pa.table({}), values={"": [0] * stored["rows"]})
    variables = tuple(
        BoundVariable(one.name, one.text, one.line, values[one.name], origins.get(one.name, "the run"))
        for one in program.data
    )
    scales = {
        name: Standardization(*(tuple(one[key]) for key in ("columns", "mean", "sd")))
        for name, one in request["standardized"].items()
    }
    return BoundData(table, variables, labels, standardized=scales)


def _method(name: str, settings: Mapping[str, Any]) -> Method:
    kind = getattr(methods, name)
    nested = {"nuts": methods.Nuts(**settings["nuts"])} if name == "Auto" else {}
    plain = {key: tuple(one) if isinstance(one, list) else one for key, one in settings.items()}
    made: Method = kind(**{**plain, **nested})
    return made


def _plain(value: object) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} has no place in a run")
