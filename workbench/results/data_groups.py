"""The data of a fit, as groups of `fit.nc`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.binding import BoundVariable, expand_axes
from workbench.late_imports import LateModule
from workbench.request import FitRequest

if TYPE_CHECKING:
    import xarray as xr
else:
    xr = LateModule("xarray")


def build_data_groups(request: FitRequest) -> dict[str, xr.Dataset]:
    """Return `observed_data` and `constant_data`.

    Observed is what a likelihood statement has as its outcome; everything else is constant. A program that
    could not be taken apart has all of its data in `constant_data`. A size such as `N` is the length of the
    dimension of that name, not a variable.
    """
    outcomes = {name for term in request.program.terms if term.role == "likelihood" for name in term.outcomes}
    variables = request.data.variables
    groups = {
        "observed_data": _dataset(request, [variable for variable in variables if variable.name in outcomes]),
        "constant_data": _dataset(
            request, [variable for variable in variables if variable.name not in outcomes]
        ),
    }
    return {name: group for name, group in groups.items() if group.data_vars}


def _dataset(request: FitRequest, variables: list[BoundVariable]) -> xr.Dataset:
    sizes = {declaration.name: expand_axes(declaration) for declaration in request.program.data}
    labels = request.data.labels
    arrays: dict[str, tuple[tuple[str, ...], Any]] = {}
    coords: dict[str, np.ndarray] = {}
    for variable in variables:
        if variable.has_tuples:
            continue  # a tuple has no one shape; run.json and the data file hold it
        dims: list[str] = []
        texts = [size.text for size in sizes[variable.name]]
        for axis, length in enumerate(variable.shape):
            text = texts[axis] if axis < len(texts) else ""  # a complex number has two parts
            dim = text if text.isidentifier() and text not in dims else ""
            dims.append(dim or f"{variable.name}_dim_{len(dims)}")
            names = labels.get(text, ())
            coords[dims[-1]] = np.array(names) if len(names) == length else np.arange(1, length + 1)
        arrays[variable.name] = (tuple(dims), np.asarray(variable.value))
    sized = {name: array for name, array in arrays.items() if name not in coords}
    return xr.Dataset(sized, coords=coords)
