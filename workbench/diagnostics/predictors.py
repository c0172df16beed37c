"""The predictors among the data: vectors and columns of matrices that are not an outcome."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workbench.results import Fit
from workbench.thresholds import (
    FEWEST_PREDICTOR_ROWS,
    FEWEST_PREDICTOR_VALUES,
    MEAN_DISTANCE_LIMIT,
    SCALE_RATIO_LIMIT,
)

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Predictor:
    """A column of numbers: its name for a reader, its mean and its standard deviation."""

    name: str
    mean: float
    sd: float

    @property
    def variable(self) -> str:
        """The variable it belongs to: `X` for `X[age]`, a column of a matrix."""
        return self.name.partition("[")[0]


@dataclass(frozen=True)
class ScaleProblem:
    """Predictors on unequal scales, or one far from zero.

    Attributes
    ----------
    message
        A sentence with the number in it.
    measured
        The ratio of SDs, or the distance of a mean from zero [SD].
    is_for_standardize
        Whether `--standardize` mends it: it acts on matrices that are columns of a table.
    """

    message: str
    measured: float
    is_for_standardize: bool


def find_predictors(fit: Fit) -> list[Predictor]:
    """Return the numeric predictors of a fit."""
    return [
        Predictor(name, float(values.mean()), float(values.std()))
        for name, values in _iterate_columns(fit)
        if np.isfinite(values).all() and len(np.unique(values)) >= FEWEST_PREDICTOR_VALUES
    ]


def find_raw_predictors(fit: Fit) -> list[Predictor]:
    """Return the numeric predictors of a fit that vary and were not standardized while fitting."""
    standardized = fit.results.data.standardized.matrices
    return [one for one in find_predictors(fit) if one.sd > 0 and one.variable not in standardized]


def find_scale_problem(fit: Fit, predictors: Sequence[Predictor]) -> ScaleProblem | None:
    """Return what is wrong with the scales of predictors, or `None`.

    Parameters
    ----------
    fit
        The fit.
    predictors
        Its predictors that vary and were not standardized.
    """
    if not predictors:
        return None
    smallest = min(predictors, key=lambda predictor: predictor.sd)
    largest = max(predictors, key=lambda predictor: predictor.sd)
    ratio = largest.sd / smallest.sd
    if ratio > SCALE_RATIO_LIMIT:
        message = (
            f"Predictors are on very different scales: the SD of `{largest.name}` is {ratio:.0f} times that "
            f"of `{smallest.name}`."
        )
        return ScaleProblem(message, ratio, _are_table_columns(fit, smallest, largest))
    farthest = max(predictors, key=lambda predictor: abs(predictor.mean) / predictor.sd)
    distance = abs(farthest.mean) / farthest.sd
    if distance > MEAN_DISTANCE_LIMIT:
        message = f"`{farthest.name}` lies far from zero: its mean is {distance:.0f} times its SD."
        return ScaleProblem(message, distance, _are_table_columns(fit, farthest))
    return None


def _are_table_columns(fit: Fit, *predictors: Predictor) -> bool:
    """Return whether predictors are columns of matrices made of a table, on which `--standardize` acts."""
    rules = fit.results.data.rules
    return all(
        one.variable != one.name and (not rules or one.variable in rules["variables"]) for one in predictors
    )


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
