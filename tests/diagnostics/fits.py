"""Fits made of arrays: what a check sees, without Stan."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from workbench.results import Fit

PARAMETER = {"mean": 0.0, "sd": 1.0, "rhat": 1.001, "ess_bulk": 2000.0, "ess_tail": 1500.0, "mcse_mean": 0.02}
OK: dict[str, Any] = {"status": "ok", "estimates": {"mu": {"value": 0.0}}}
RECORD: dict[str, Any] = {
    "model": {
        "parameters": [{"name": "mu", "type": "real", "line": 1}],
        "instrumented": True,
        "obstacles": [],
        "limits": [],
        "terms": [],
        "outcomes": [],
        "proof": {"status": "equal", "reason": "", "points": 10, "density": 0.0, "gradient": 1e-15},
    },
    "data": {"variables": []},
    "mle": OK,
    "map": OK,
    "map_unconstrained": OK,
    "laplace": {"status": "ok", "khat": 0.2, "draws": 4000, "estimates": {}},
    "nuts": {
        "status": "ok",
        "chains": 4,
        "draws": 1000,
        "divergences": 0,
        "max_treedepth": 10,
        "max_treedepth_hits": 0,
        "ebfmi": [1.0, 0.9, 1.1, 1.0],
        "step_size": [0.8, 0.9, 0.85, 0.8],
        "estimates": {"mu": PARAMETER},
    },
    "gaps": {"mu": {"map_minus_mean": 0.1, "in_sd": 0.1}},
}
ABSENT = {"status": "failed", "reason": "a chain stopped.", "estimates": {}}
SKIPPED = {"status": "skipped", "reason": "it was not requested.", "estimates": {}}


def change_record(*path_and_value: Any) -> dict[str, Any]:
    """Return a good record with one entry changed."""
    *path, last, value = path_and_value
    record = copy.deepcopy(RECORD)
    part = record
    for key in path:
        part = part[key]
    part[last] = value
    return record


def make_fit(record: Mapping[str, Any] | None = None, **groups: Mapping[str, np.ndarray]) -> Fit:
    """Return a fit of groups of arrays, posterior ones `(chain, draw, ...)`."""
    tree = {f"/{name}": _dataset(name, arrays) for name, arrays in groups.items()}
    return Fit(RECORD if record is None else record, xr.DataTree.from_dict(tree))


def _dataset(group: str, arrays: Mapping[str, np.ndarray]) -> xr.Dataset:
    sample = () if group.endswith("_data") else ("chain", "draw")
    held = {
        name: ((*sample, *(f"{name}_dim_{k}" for k in range(array.ndim - len(sample)))), array)
        for name, array in arrays.items()
    }
    sizes = {dim: size for dims, array in held.values() for dim, size in zip(dims, array.shape, strict=True)}
    coords = {dim: np.arange(size) + (dim not in sample) for dim, size in sizes.items()}
    return xr.Dataset(held, coords=coords)
