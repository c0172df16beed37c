"""Draws from the prior of a point alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from workbench.backends.base import DEFAULT_START
from workbench.execution import Task, Workplace, name_function
from workbench.methods import Nuts, list_settings
from workbench.studies.fits.cache import cache_tree
from workbench.studies.fits.context import StudyContext
from workbench.studies.fits.point_request import make_request
from workbench.studies.fits.sampling import run_sampler
from workbench.studies.fits.shared import share_context
from workbench.studies.plan.plan import Point

if TYPE_CHECKING:
    import xarray as xr

MIN_DRAWS, MAX_DRAWS = 50, 500
"""Fewest and most draws per chain: enough for the quantiles of a figure. Ours. The warm-up is as long as the
most."""

_MAX_NUMBERS = 5_000_000
"""Numbers that Stan may print for the prior of one point, roughly: each row of the table has a log likelihood
and a replicate. Ours."""

_GROUPS = ("posterior", "posterior_predictive")
"""The groups of draws that are kept."""


def sample_prior(context: StudyContext, point: Point) -> xr.DataTree:
    """Return draws of a point's prior alone, with predictions where the program makes them.

    Raises
    ------
    RunError
        NUTS failed; the message is Stan's.
    """
    point, sampler, key = _describe_work(context, point)

    def make() -> xr.DataTree:
        request = make_request(context, point, purpose="prior")
        request = replace(request, weights={**request.weights, "likelihood": 0.0})
        exe = context.find_variant(point).model.exe
        fit_context = context.make_fit_context(request, exe, f"prior-{key[:24]}")
        return run_sampler(fit_context, sampler, DEFAULT_START, _GROUPS, jobs=context.jobs)

    return cache_tree(context.cache_folder, key, make)


def make_prior_task(context: StudyContext, point: Point) -> Task:
    """Return the task that leaves draws of a point's prior alone in the cache."""
    _, sampler, key = _describe_work(context, point)
    function, shared = name_function(sample_for_task), (share_context(context),)
    return Task(key, function, (point,), shared, (f"{key}.nc",), sampler.chains)


def sample_for_task(place: Workplace, context: StudyContext, point: Point) -> None:
    """Leave draws of a point's prior alone in the cache, as a task."""
    sample_prior(context.move_to(place), point)


def _describe_work(context: StudyContext, point: Point) -> tuple[Point, Nuts, str]:
    """Return the point without a power on the likelihood, the settings of NUTS, and the name in the cache."""
    values = {name: value for name, value in point.values.items() if name != "power(likelihood)"}
    point = replace(point, values=values)
    rows = max(1, context.base.request.data.table.rows)
    draws = int(np.clip(_MAX_NUMBERS // (2 * rows * context.plan.sampler.chains), MIN_DRAWS, MAX_DRAWS))
    sampler = replace(context.plan.sampler, warmup=MAX_DRAWS, draws=draws)
    return point, sampler, context.make_key("prior", point.key, str(sorted(list_settings(sampler).items())))
