"""Outcomes on the scale of the data, and what a pointwise log likelihood is a density of.

A log density of `log(weight)` cannot be compared with one of `weight`: the group `outcome_scales` of `fit.nc`
holds what takes one to the other, for each outcome that is made from a column by a map that can be undone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workbench.late_imports import LateModule
from workbench.program import Program
from workbench.program.predictive.outcome_maps import OutcomeMap
from workbench.program.predictive.outcome_scales import ScaledOutcome, scale_outcome
from workbench.request import FitRequest
from workbench.results.outcomes import find_first_rows
from workbench.results.view import LogLikelihoodSource
from workbench.thresholds import LOG_LIKELIHOOD_DIFFERENCE_LIMIT

if TYPE_CHECKING:
    import xarray as xr
else:
    xr = LateModule("xarray")

Floats = NDArray[np.float64]
"""An array of doubles."""

GROUP = "outcome_scales"
"""The group of `fit.nc`."""

OWN = "log_lik"
"""The name of the pointwise log likelihood in programs that compute it."""

_VALUES, _JACOBIAN = "values", "log_jacobian"
"""What the group holds of each outcome and column."""


def name_scale(outcome: str, column: str, what: str) -> str:
    """Return the name of a variable of the group.

    >>> name_scale("logw", "weight", "values")
    'logw:weight:values'
    """
    return f"{outcome}:{column}:{what}"


def build_scale_group(request: FitRequest, observed: xr.Dataset) -> xr.Dataset:
    """Return the outcomes that are made from a column, on that column's scale, with their log Jacobian.

    Parameters
    ----------
    request
        The fit.
    observed
        The values of outcomes made in transformed data, as far as they are known.
    """
    arrays: dict[str, tuple[tuple[str, ...], Floats]] = {}
    for outcome_map in request.program.outcome_maps:
        for scaled in scale_to_columns(request, outcome_map, observed):
            dims = (f"{GROUP}:{outcome_map.outcome}",)
            name = outcome_map.outcome
            arrays[name_scale(name, scaled.column, _VALUES)] = (dims, scaled.values)
            arrays[name_scale(name, scaled.column, _JACOBIAN)] = (dims, scaled.log_jacobian)
    return xr.Dataset(arrays)


def scale_to_columns(
    request: FitRequest, outcome_map: OutcomeMap, observed: xr.Dataset
) -> Iterator[ScaledOutcome]:
    """Yield an outcome on the scale of each column that it is made from by steps that can be undone."""
    name, data = outcome_map.outcome, request.data.values
    known = np.asarray(data[name]) if name in data else observed.data_vars.get(name)
    for column_map in outcome_map.maps:
        if column_map.steps and column_map.column in data:
            values = None if known is None else np.asarray(known, dtype=float)
            scaled = scale_outcome(request.program.tree, data, column_map, values, outcome_map.added)
            if scaled is not None:
                yield scaled


def read_scales(tree: xr.DataTree, outcome: str) -> dict[str, tuple[Floats, Floats]]:
    """Return by column: the values of an outcome on its scale, and the log Jacobian, each `(n,)`."""
    if GROUP not in tree.children:
        return {}
    group = tree[GROUP].to_dataset()
    columns = [str(name).split(":")[1] for name in group.data_vars if str(name).startswith(f"{outcome}:")]
    return {
        column: (
            np.asarray(group[name_scale(outcome, column, _VALUES)].values, dtype=float),
            np.asarray(group[name_scale(outcome, column, _JACOBIAN)].values, dtype=float),
        )
        for column in dict.fromkeys(columns)
    }


# --- the pointwise log likelihood -------------------------------------------------------------------------


def choose_log_likelihood(program: Program) -> LogLikelihoodSource | None:
    """Return the pointwise log likelihood that is used: the author's own, else ours; `None` without any."""
    own = next((item for item in program.generated_quantities if item.name == OWN), None)
    if own is not None and own.sizes and not own.is_integer:
        return LogLikelihoodSource(name=OWN, source="program")
    ours = None if program.instrumented is None else program.instrumented.outputs.log_lik
    return None if ours is None else LogLikelihoodSource(name=ours)


def judge_log_likelihood(
    source: LogLikelihoodSource, request: FitRequest, draws: Mapping[str, Floats], scales: xr.Dataset
) -> LogLikelihoodSource:
    """Return what the author's own log likelihood is a density of: it is compared with the model's terms.

    Parameters
    ----------
    source
        The log likelihood that is used.
    request
        The fit.
    draws
        The author's and our own log likelihood by name, `(sample, row)`.
    scales
        The group `outcome_scales`.
    """
    instrumented = request.program.instrumented
    if source.source == "workbench":
        return source
    ours = (
        None if instrumented is None or instrumented.outputs.log_lik is None else instrumented.outputs.log_lik
    )
    if ours is None or draws.get(ours) is None:
        return _with_scale(source, "unknown", "there is nothing to compare it with.")
    own, terms = draws[source.name], draws[ours]
    if own.shape != terms.shape:
        reason = f"it has {own.shape[1]} entries, and the likelihood has {terms.shape[1]} observations."
        return _with_scale(source, "unknown", reason)
    difference = own - terms
    offset = difference.mean(axis=0)
    limit = LOG_LIKELIHOOD_DIFFERENCE_LIMIT * (1 + np.abs(terms).max(axis=0))
    if not np.isfinite(difference).all() or (np.ptp(difference, axis=0) > 2 * limit).any():
        return _with_scale(source, "unknown", "it differs from the terms of the likelihood.")
    if (np.abs(offset) <= limit).all():
        return source
    for column, log_jacobian in _spread_jacobians(request, scales, len(offset)):
        if (np.abs(offset - log_jacobian) <= limit).all():
            return LogLikelihoodSource(name=source.name, source="program", scale="column", column=column)
    return _with_scale(source, "unknown", "it differs from the terms of the likelihood by constants.")


def _with_scale(source: LogLikelihoodSource, scale: str, reason: str) -> LogLikelihoodSource:
    return LogLikelihoodSource(name=source.name, source=source.source, scale=scale, reason=reason)


def _spread_jacobians(request: FitRequest, scales: xr.Dataset, rows: int) -> Iterator[tuple[str, Floats]]:
    """Yield by column the log Jacobian of each row of the log likelihood; 0 where an outcome is as it is."""
    tree = xr.DataTree.from_dict({f"/{GROUP}": scales})
    first_rows = find_first_rows(request)
    by_column: dict[str, Floats] = {}
    for outcome_map in request.program.outcome_maps:
        name = outcome_map.outcome
        for column, (_, log_jacobian) in read_scales(tree, name).items():
            first, step = first_rows.get(name) or first_rows.get(column) or (0, 1)
            places = first + step * np.arange(len(log_jacobian))
            if len(places) and places[-1] < rows:
                by_column.setdefault(column, np.zeros(rows))[places] = log_jacobian
    yield from by_column.items()
