"""The outcomes of a fit as arrays: the observed data, and their replicates."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from workbench.diagnostics.loo import flatten_cells, read_log_likelihood_of
from workbench.results import Fit
from workbench.results.outcomes import NOT_STORED
from workbench.results.view import OutcomeDescription, UncheckedOutcome

if TYPE_CHECKING:
    import xarray as xr

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
        What it measures: decided by its distribution, then by its values.
    source
        `y_rep` where the program itself draws the replicates, `likelihood` where the workbench does.
    observed
        `(n,)`, row-major; cells that are not replicated are left out.
    replicates
        `(S, n)`; samples are the draws of one chain after another.
    rows
        The row of the log likelihood that belongs to each cell, `(n,)`; `None` where it is not known.
    table_rows
        The row of the table, from 0, that each cell is, `(n,)`; `None` where cells are not rows.
    log_lik
        Log probability of what was observed at each draw, `(n, S)`, of a binary outcome where it is known.
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
    table_rows: NDArray[np.int64] | None = field(default=None, repr=False)
    log_lik: Floats | None = field(default=None, repr=False)
    is_conditional: bool = False
    left_out: int = 0


def read_outcomes(fit: Fit) -> tuple[Outcome, ...]:
    """Return the outcomes that have replicates in `fit.nc`."""
    return split_outcomes(fit)[0]


def split_outcomes(fit: Fit) -> tuple[tuple[Outcome, ...], tuple[UncheckedOutcome, ...]]:
    """Return the outcomes that have replicates in `fit.nc`, and the others with the reason."""
    replicated: list[Outcome] = []
    unchecked: list[UncheckedOutcome] = []
    request = fit.results.request
    is_not_stored = request is not None and request.pointwise_draws == 0
    for description in fit.results.model.outcomes:
        outcome = _read_outcome(fit, description)
        if isinstance(outcome, str):
            is_left_out = description.too_costly or (bool(description.replicate) and is_not_stored)
            reason = NOT_STORED if is_not_stored and is_left_out else outcome
            unchecked.append(UncheckedOutcome(description.name, reason, is_left_out))
        else:
            replicated.append(outcome)
    return tuple(replicated), tuple(unchecked)


def _read_outcome(fit: Fit, description: OutcomeDescription) -> Outcome | str:
    """Return an outcome as arrays, or why there is none."""
    name, replicate = description.name, description.replicate
    if not replicate:
        return description.reason
    predicted = _read_array(fit, "posterior_predictive", replicate)
    if predicted is None:
        return f"`{replicate}` was not drawn in this run."
    observed = _read_array(fit, "observed_data", name)
    if observed is None:
        return f"`{name}` is not among the observed data of this run."
    cells = flatten_cells(predicted)
    if cells.shape[0] != observed.size:
        return f"`{replicate}` has {cells.shape[0]} values, but `{name}` has {observed.size}."
    values = observed.values.astype(np.float64).ravel()
    is_kept = np.isfinite(values) & ~np.isnan(cells).all(axis=1)
    if not is_kept.all():
        cells = cells[is_kept]
    is_complete = np.isfinite(cells).all(axis=0)
    if not is_kept.any() or not is_complete.any():
        return f"`{replicate}` holds no complete draw."
    replicates = (cells if is_complete.all() else cells[:, is_complete]).T
    kind = classify_outcome(description, values[is_kept], replicates)
    rows = _find_rows(fit, description, is_kept) if is_complete.all() else None
    return Outcome(
        name=name,
        replicate=replicate,
        kind=kind,
        source=description.source,
        observed=values[is_kept],
        replicates=replicates,
        rows=rows,
        table_rows=np.flatnonzero(is_kept) if _is_by_row(fit, observed) else None,
        log_lik=read_log_likelihood_of(fit, rows) if kind == "binary" and rows is not None else None,
        is_conditional=description.conditional,
        left_out=int((~is_kept).sum()),
    )


def _read_array(fit: Fit, group: str, name: str) -> xr.DataArray | None:
    if group not in fit.tree.children:
        return None
    return fit.tree[group].data_vars.get(name)


def _is_by_row(fit: Fit, observed: xr.DataArray) -> bool:
    """Return whether an outcome has one value for each row of the table, or is a list in Stan's own data."""
    data = fit.results.data
    return observed.ndim == 1 and (not data.columns or observed.size == data.rows)


def _find_rows(
    fit: Fit, description: OutcomeDescription, is_kept: NDArray[np.bool_]
) -> NDArray[np.int64] | None:
    """Return the row of the log likelihood of each cell that is kept."""
    first, step = description.first_row, description.row_step
    if first is None or step is None or "log_likelihood" not in fit.tree.children:
        return None
    rows = first + step * np.arange(is_kept.size)
    count = sum(array[0, 0].size for array in fit.tree["log_likelihood"].data_vars.values())
    return rows[is_kept] if rows[-1] < count else None


def classify_outcome(description: OutcomeDescription, observed: Floats, replicates: Floats) -> Kind:
    """Return what an outcome measures, by its distributions first and then by its values."""
    distributions = " ".join(description.distributions)
    if "ordered_" in distributions:
        return "ordinal"
    if "categorical" in distributions:
        return "categorical"
    if not description.integer:
        return "continuous"
    is_binary = all(((values == 0) | (values == 1)).all() for values in (observed, replicates))
    return "binary" if is_binary or "bernoulli" in distributions else "count"
