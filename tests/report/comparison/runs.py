"""Two simulated runs that differ in a seed, in a prior and in the mean of one parameter."""

from __future__ import annotations

from typing import Any

import xarray as xr

from tests.report.simulated import simulate_fit
from workbench.results import Fit


def make_moved_fit(**changes: Any) -> Fit:
    """Return a fit whose mean of `tau` is two posterior SDs higher; `changes` are entries of its record."""
    fit = simulate_fit(schools=40)
    record = {**fit.record, "seed": 21, "priors": {**fit.record["priors"], "mu.sigma": 1.0}, **changes}
    estimates = {name: dict(numbers) for name, numbers in record["nuts"]["estimates"].items()}
    estimates["tau"]["mean"] += 2 * estimates["tau"]["sd"]
    return Fit({**record, "nuts": {**record["nuts"], "estimates": estimates}}, fit.tree)


def make_pair() -> dict[str, Fit]:
    return {"first": simulate_fit(schools=40), "second": make_moved_fit()}


def make_unequal_pair() -> dict[str, Fit]:
    """Return two fits of which the second predicts every fourth row worse, by 1 nat."""
    first = simulate_fit(schools=40)
    nodes = {group.path: group.to_dataset() for group in first.tree.subtree}
    rows = nodes["/log_likelihood"]
    nodes["/log_likelihood"] = rows.map(
        lambda each: each - (xr.ones_like(each).cumsum(each.dims[-1]) % 4 == 0)
    )
    return {"first": first, "second": Fit(first.record, xr.DataTree.from_dict(nodes))}
