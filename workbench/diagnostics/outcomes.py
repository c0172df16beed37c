"""The outcomes of a fit as arrays: what was observed, and the same drawn anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.diagnostics.loo import flat
from workbench.results import Fit

Floats = NDArray[np.float64]
Kind = Literal["continuous", "count", "binary", "ordinal", "categorical"]


@dataclass(frozen=True)
class Outcome:
    """One outcome, observed and replicated; `n` cells, `S` samples.

    Attributes
    ----------
    name, replicate
        The data variable, and the variable that replicates it.
    kind
        What it is a measurement of: decided by its distribution, then by its values.
    source
        `y_rep` where the program draws it itself, `likelihood` where the workbench does.
    observed
        `(n,)`, row-major; cells that are not replicated are left out.
    replicates
        `(S, n)`, samples over one chain after another.
    rows
        The row of the log likelihood that belongs to each cell, `(n,)`; `None` where that is not known.
    labels
        A name for each cell.
    is_conditional
        Whether each cell is drawn given other observed cells, such as the one before.
    left_out
        Cells that are never replicated.
    """

    name: str
    replicate: str
    kind: Kind
    source: str
    observed: Floats
    replicates: Floats = field(repr=False)
    rows: NDArray[np.int64] | None
    labels: tuple[str, ...] = field(repr=False)
    is_conditional: bool = False
    left_out: int = 0


def outcomes(fit: Fit) -> tuple[Outcome, ...]:
    """Return the outcomes that have replicates in `fit.nc`."""
    return replicated(fit)[0]


def replicated(fit: Fit) -> tuple[tuple[Outcome, ...], list[dict[str, str]]]:
    """Return the outcomes that have replicates in `fit.nc`, and of each other one its name and the reason."""
    found: list[Outcome] = []
    gone: list[dict[str, str]] = []
    for entry in fit.record["model"].get("outcomes", ()):
        one = _outcome(fit, entry)
        if isinstance(one, str):
            gone.append({"name": entry["name"], "reason": one})
        else:
            found.append(one)
    return tuple(found), gone


def _outcome(fit: Fit, entry: Mapping[str, Any]) -> Outcome | str:
    """Return one outcome as arrays, or why there is none."""
    name, replicate = entry["name"], entry["replicate"]
    if not replicate:
        return str(entry["reason"])
    predicted = _array(fit, "posterior_predictive", replicate)
    if predicted is None:
        return f"`{replicate}` was not drawn in this run."
    observed = _array(fit, "observed_data", name)
    if observed is None:
        return f"`{name}` is not among the observed data of this run."
    cells = flat(predicted)
    if cells.shape[0] != observed.size:
        return f"`{replicate}` has {cells.shape[0]} values, but `{name}` has {observed.size}."
    values = observed.values.astype(np.float64).ravel()
    kept = np.isfinite(values) & ~np.isnan(cells).all(axis=1)
    if not kept.all():
        cells = cells[kept]
    samples = np.isfinite(cells).all(axis=0)
    if not kept.any() or not samples.any():
        return f"`{replicate}` holds no complete draw."
    replicates = (cells if samples.all() else cells[:, samples]).T
    rows = _rows(fit, entry, kept) if samples.all() else None
    return Outcome(
        name,
        replicate,
        kind_of(entry, values[kept], replicates),
        str(entry["source"]),
        values[kept],
        replicates,
        rows,
        _labels(observed, kept),
        bool(entry.get("conditional", False)),
        int((~kept).sum()),
    )


def _array(fit: Fit, group: str, name: str) -> xr.DataArray | None:
    if group not in fit.tree.children:
        return None
    return fit.tree[group].data_vars.get(name)


def _rows(fit: Fit, entry: Mapping[str, Any], kept: NDArray[np.bool_]) -> NDArray[np.int64] | None:
    """Return the row of the log likelihood of each cell that is kept."""
    first, step = entry.get("first_row"), entry.get("row_step")
    if first is None or step is None or "log_likelihood" not in fit.tree.children:
        return None
    rows = first + step * np.arange(kept.size)
    count = sum(array[0, 0].size for array in fit.tree["log_likelihood"].data_vars.values())
    return rows[kept] if rows[-1] < count else None


def _labels(observed: xr.DataArray, kept: NDArray[np.bool_]) -> tuple[str, ...]:
    names = [""]
    for dim in observed.dims:
        coordinate = [str(one) for one in observed.coords[dim].values]
        names = [f"{before},{one}" if before else one for before in names for one in coordinate]
    return tuple(name for name, is_kept in zip(names, kept, strict=True) if is_kept)


def kind_of(entry: Mapping[str, Any], observed: Floats, replicates: Floats) -> Kind:
    """Return what an outcome is, by its distributions first and then by its values."""
    names = " ".join(entry["distributions"])
    if "ordered_" in names:
        return "ordinal"
    if "categorical" in names:
        return "categorical"
    if not entry["integer"]:
        return "continuous"
    is_binary = all(np.isin(values, (0, 1)).all() for values in (observed, replicates))
    return "binary" if is_binary or "bernoulli" in names else "count"
