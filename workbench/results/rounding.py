"""Pointwise log-likelihoods and replicates as they are stored: rounded far below their Monte Carlo error.

They are nearly all of a run's numbers, and the trailing digits of a random number cannot be compressed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workbench.late_imports import LateModule

if TYPE_CHECKING:
    import xarray as xr
else:
    xr = LateModule("xarray")

_LOG_LIKELIHOOD_ERROR = 2e-4
"""The largest typical error of a stored pointwise log-likelihood [nats]: an importance weight is off by as
much, relatively. Ours."""

_REPLICATE_ERROR = 2e-3
"""The largest typical error of a stored replicate, in standard deviations of its observation. Ours."""

_MANTISSA = 23
"""Bits of a single precision number's fraction."""

_SMALLEST = 1000
"""The number of values from which an array is rounded."""

_ROWS = 200
"""Observations from which the scale of an array is taken. Ours."""


POINTWISE = ("log_likelihood", "posterior_predictive")
"""The groups of `fit.nc` that are rounded."""


def round_group(group: xr.Dataset, name: str) -> xr.Dataset:
    """Return pointwise log-likelihoods or replicates in arrays of their own, rounded as `fit.nc` stores them.

    Everything is computed from the rounded numbers, so that it can be computed again from the file.

    Parameters
    ----------
    group, name
        Arrays `(chain, draw, ...)` of one of the groups `POINTWISE`; whole numbers stay what they are.
    """
    arrays = {}
    for variable, array in group.data_vars.items():
        values = array.to_numpy()
        if _is_large(array):
            values = _round(values, is_log_likelihood=name == "log_likelihood")
        arrays[variable] = array.copy(data=values.copy() if values.base is not None else values)
    return group.assign(arrays)


def to_single(tree: xr.DataTree) -> xr.DataTree:
    """Return a tree whose pointwise arrays are in single precision, where that changes no value."""
    groups = {f"/{name}": _to_single(group.to_dataset(), name) for name, group in tree.children.items()}
    return xr.DataTree.from_dict({"/": tree.to_dataset(), **groups})


def _to_single(group: xr.Dataset, name: str) -> xr.Dataset:
    if name not in POINTWISE:
        return group
    arrays = {}
    for variable, array in group.data_vars.items():
        if _is_large(array):
            with np.errstate(over="ignore"):
                single = array.astype(np.float32)
            if np.array_equal(single.to_numpy(), array.to_numpy(), equal_nan=True):
                arrays[variable] = single
    return group.assign(arrays)


def _is_large(array: xr.DataArray) -> bool:
    return bool(array.dtype == np.float64 and array.ndim > 2 and array.size > _SMALLEST)


def _round(values: NDArray[np.float64], *, is_log_likelihood: bool) -> NDArray[np.float64]:
    """Return values that fit in single precision with as many bits as their error allows."""
    by_row = values.reshape(values.shape[0] * values.shape[1], -1)
    rows = np.linspace(0, by_row.shape[1] - 1, min(_ROWS, by_row.shape[1])).astype(int)
    sample = by_row[:, rows]
    sample = np.where(np.isfinite(sample), sample, np.nan)
    if not np.isfinite(sample).any(axis=0).all() or np.nanmax(np.abs(sample)) > np.finfo(np.float32).max / 2:
        return values
    if all(np.all(chain == np.rint(chain)) for chain in values):
        return values
    spread = np.nanstd(sample, axis=0)
    error = np.full(len(rows), _LOG_LIKELIHOOD_ERROR) if is_log_likelihood else _REPLICATE_ERROR * spread
    size = np.nanquantile(np.abs(sample), 0.9, axis=0)
    is_usable = (error > 0) & (size > 0)
    if not is_usable.any():
        return values
    bits = int(np.ceil(np.log2(size[is_usable] / error[is_usable]).max())) - 1
    if bits > _MANTISSA:
        return values
    rounded = np.empty_like(values)
    for chain, place in zip(values, rounded, strict=True):  # all at once would take twice the memory
        place[:] = round_fraction(chain, max(bits, 1))
    return rounded


def round_fraction(values: NDArray[np.float64], bits: int) -> NDArray[np.float64]:
    """Return values of single precision with so many bits of their fraction, rounded to nearest.

    The relative error is at most 2 to the power of -(bits + 1). Values that are not finite stay so.

    References
    ----------
    Kouznetsov (2021), A note on precision-preserving compression of scientific data, Geoscientific Model
    Development 14, doi:10.5194/gmd-14-377-2021.
    """
    with np.errstate(over="ignore"):
        single = values.astype(np.float32)
    dropped = _MANTISSA - bits
    if dropped <= 0:
        return single.astype(np.float64)
    whole = single.view(np.uint32)
    to_even = (whole >> np.uint32(dropped)) & np.uint32(1)  # ties upwards would be a bias
    half = np.uint32((1 << (dropped - 1)) - 1) + to_even
    mask = np.uint32(0xFFFFFFFF << dropped & 0xFFFFFFFF)
    rounded = ((whole + half) & mask).view(np.float32)
    return np.where(np.isfinite(single) & np.isfinite(rounded), rounded, single).astype(np.float64)
