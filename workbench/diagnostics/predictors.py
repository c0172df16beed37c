"""The predictors among the data: vectors and columns of matrices that are not an outcome."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workbench.results import Fit
from workbench.thresholds import FEWEST_PREDICTOR_ROWS, FEWEST_PREDICTOR_VALUES

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Predictor:
    """A column of numbers: its name for a reader, its mean and its standard deviation."""

    name: str
    mean: float
    sd: float


def find_predictors(fit: Fit) -> list[Predictor]:
    """Return the numeric predictors of a fit."""
    return [
        Predictor(name, float(values.mean()), float(values.std()))
        for name, values in _iterate_columns(fit)
        if np.isfinite(values).all() and len(np.unique(values)) >= FEWEST_PREDICTOR_VALUES
    ]


def find_design_matrices(fit: Fit) -> dict[str, Floats]:
    """Return the matrices of data, `(row, column)`: their columns that vary, at least two."""
    matrices: dict[str, Floats] = {}
    for name, array in _iterate_arrays(fit):
        values = array.values.astype(np.float64) if array.ndim == 2 else np.empty((0, 0))
        if len(values) >= FEWEST_PREDICTOR_ROWS and np.isfinite(values).all():
            varying = values[:, values.std(axis=0) > 0]
            if varying.shape[1] > 1:
                matrices[name] = varying
    return matrices


def _iterate_columns(fit: Fit) -> Iterator[tuple[str, Floats]]:
    for name, array in _iterate_arrays(fit):
        values = array.values.astype(np.float64)
        if array.ndim == 1 and len(values) >= FEWEST_PREDICTOR_ROWS:
            yield name, values
        elif array.ndim == 2 and len(values) >= FEWEST_PREDICTOR_ROWS:
            labels = array.coords[array.dims[1]].values
            yield from ((f"{name}[{label}]", values[:, k]) for k, label in enumerate(labels))


def _iterate_arrays(fit: Fit) -> Iterator[tuple[str, xr.DataArray]]:
    """Yield the data of real numbers; integers are mostly indices and indicators."""
    if "constant_data" not in fit.tree.children:
        return
    for name, array in fit.tree["constant_data"].data_vars.items():
        if np.issubdtype(array.dtype, np.floating):
            yield str(name), array
