"""Replicated data beside the observed: what the predictive pictures are drawn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from workbench.report.reading import Draws, Record

_MISSING = -2147483647
"""Stands for an integer that could not be drawn."""


@dataclass(frozen=True)
class Replication:
    """One outcome, observed and replicated.

    Attributes
    ----------
    observed
        `(row,)`.
    replicated
        `(sample, row)`, without samples in which something could not be drawn.
    """

    observed: Draws
    replicated: Draws


def replication(tree: xr.DataTree, outcome: Record) -> Replication | None:
    """Return the data of an outcome and its replications; `None` where `fit.nc` does not hold both.

    Parameters
    ----------
    tree
        The content of `fit.nc`.
    outcome
        An entry of `predictive.outcomes`, with its `name` and, where it differs, its `replicated` variable.
    """
    name = str(outcome.get("name"))
    if not {"posterior_predictive", "observed_data"} <= set(tree.children):
        return None
    predictive, data = tree["posterior_predictive"], tree["observed_data"]
    candidates = [str(outcome.get(key)) for key in ("replicated", "variable") if outcome.get(key)]
    candidates += [f"{name}_rep", name]
    found = next((one for one in candidates if one in predictive.data_vars), None)
    if found is None or name not in data.data_vars:
        return None
    replicated = predictive[found].transpose("chain", "draw", ...).values
    observed = np.asarray(data[name].values, dtype=float).ravel()
    replicated = np.asarray(replicated, dtype=float).reshape(replicated.shape[0] * replicated.shape[1], -1)
    return _complete(observed, replicated)


def _complete(observed: Draws, replicated: Draws) -> Replication | None:
    if replicated.shape[1] != observed.size or not observed.size:
        return None
    rows = np.isfinite(observed)
    kept = (np.isfinite(replicated) & (replicated != _MISSING))[:, rows].all(axis=1)
    if not kept.any() or not rows.any():
        return None
    return Replication(observed[rows], replicated[kept][:, rows])
