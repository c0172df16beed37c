"""NUTS at one point of a study, and what is kept of its output."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from workbench.backends import Start
from workbench.diagnostics.power_scaling import summarise_predictions
from workbench.errors import RunError
from workbench.estimation.context import FitContext
from workbench.estimation.sampling.nuts import build_draw_groups
from workbench.late_imports import LateModule
from workbench.methods import Nuts
from workbench.results.quantities import SAMPLE_DIMS

if TYPE_CHECKING:
    import xarray as xr
else:
    xr = LateModule("xarray")


def run_sampler(
    context: FitContext,
    sampler: Nuts,
    start: Start,
    groups: Sequence[str],
    *,
    jobs: int,
    has_replicates: bool = True,
) -> xr.DataTree:
    """Return the draws of one run of NUTS.

    Parameters
    ----------
    context
        The request of the point and its executable.
    sampler, start
        Chains and draws, and where the chains start.
    groups
        Groups of `fit.nc` to keep; `predictions` stands for the mean and SD of each replicated data set.
    jobs
        Processes at a time.
    has_replicates
        Whether replicated data are drawn, where the program can.

    Raises
    ------
    RunError
        NUTS failed, or the log density is not finite.
    """
    job = context.make_job("nuts", has_replicates=has_replicates)
    run = context.backend.sample(job, sampler, start=start, jobs=jobs, threads=context.request.threads)
    if not np.isfinite(run.stats["lp"]).all():
        raise RunError("the log density is not finite at some draws.")
    datasets = build_draw_groups(context, run)
    if "posterior_predictive" in datasets and "posterior_predictive" not in groups:
        datasets = {**datasets, "predictions": _summarise_replicates(datasets["posterior_predictive"])}
    tree = xr.DataTree.from_dict({f"/{name}": datasets[name] for name in groups if name in datasets})
    divergent = run.stats.get("divergent")
    tree.attrs["divergences"] = 0 if divergent is None else int(divergent.sum())
    tree.attrs["seconds"] = run.seconds
    return tree


def _summarise_replicates(replicated: xr.Dataset) -> xr.Dataset:
    """Return mean and standard deviation of each replicated data set: all that a study keeps of them."""
    tree = xr.DataTree.from_dict({"/posterior_predictive": replicated})
    return xr.Dataset({name: (SAMPLE_DIMS, values) for name, values in summarise_predictions(tree).items()})
