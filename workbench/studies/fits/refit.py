"""Full fits of a study: the base fit, and refits that start from the draws of the nearest fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from workbench.backends import Start
from workbench.backends.base import DEFAULT_START
from workbench.errors import RunIncomplete
from workbench.estimation.sampling.warm_start import extract_warm_start
from workbench.execution import Task, Workplace, name_function
from workbench.methods import Nuts, list_settings
from workbench.results import Fit
from workbench.studies.fits.cache import cache_tree, is_cached
from workbench.studies.fits.context import StudyContext
from workbench.studies.fits.point_request import make_request
from workbench.studies.fits.posterior import Posterior, measure_posterior
from workbench.studies.fits.sampling import run_sampler
from workbench.studies.fits.shared import share_context
from workbench.studies.plan.plan import BASE, Point

if TYPE_CHECKING:
    import xarray as xr

WARM_UP = 300
"""Warm-up iterations of a chain that starts at a draw, the step size and the metric of a neighbouring fit.
Ours: Stan's schedule then adapts the metric in windows of 25, 50 and 100 draws."""

_GROUPS = ("posterior", "log_likelihood", "adaptation", "predictions")
"""The groups of draws that a refit keeps."""


def make_base_posterior(context: StudyContext, fit: Fit, names: Sequence[str]) -> Posterior:
    """Return the base fit as the first full fit of the study."""
    key = context.make_key("base")
    return measure_posterior(BASE, key, "base", fit.tree, names, fit.results.nuts.divergences)


def refit_point(context: StudyContext, point: Point, near: Posterior) -> Posterior:
    """Return a full fit at a point, from the cache or sampled with a warm start from a neighbouring fit.

    Raises
    ------
    RunError
        NUTS failed; the message is Stan's.
    """
    sampler = _shorten_warmup(context.plan.sampler)
    key, function = _make_key(context, point, sampler), name_function(sample_for_task)
    arguments = (point, key, *_choose_start(context, point, near, sampler))
    task = Task(key, function, arguments, (share_context(context),), (f"{key}.nc",), sampler.chains)
    for outcome in context.executor.map([task], context.cache_folder):
        if outcome.failure is not None:
            raise outcome.failure
    # A damaged file is made again here.
    tree = cache_tree(context.cache_folder, key, lambda: _sample_point(context, *arguments))
    divergences = tree.attrs.get("divergences")
    return measure_posterior(
        point, key, "refit", tree, near.names, None if divergences is None else int(divergences)
    )


def is_refitted(context: StudyContext, point: Point) -> bool:
    """Return whether an earlier, interrupted study fitted a point in full."""
    return is_cached(context.cache_folder, _make_key(context, point, _shorten_warmup(context.plan.sampler)))


def _shorten_warmup(sampler: Nuts) -> Nuts:
    return replace(sampler, warmup=min(sampler.warmup, WARM_UP))


def _make_key(context: StudyContext, point: Point, sampler: Nuts) -> str:
    return context.make_key("nuts", point.key, str(sorted(list_settings(sampler).items())))


def _choose_start(context: StudyContext, point: Point, near: Posterior, sampler: Nuts) -> tuple[Start, Nuts]:
    """Return where chains start: from a neighbouring fit, or as Stan chooses and with the whole warm-up."""
    try:
        return extract_warm_start(near.tree, context.find_variant(point).request.program), sampler
    except RunIncomplete:
        return DEFAULT_START, replace(sampler, warmup=context.plan.sampler.warmup)


def sample_for_task(
    place: Workplace, context: StudyContext, point: Point, key: str, start: Start, sampler: Nuts
) -> None:
    """Leave the draws of a full fit in the cache, as a task."""
    context = context.move_to(place)
    cache_tree(context.cache_folder, key, lambda: _sample_point(context, point, key, start, sampler))


def _sample_point(context: StudyContext, point: Point, key: str, start: Start, sampler: Nuts) -> xr.DataTree:
    request = make_request(context, point)
    exe = context.find_variant(point).model.exe
    fit_context = context.make_fit_context(request, exe, f"nuts-{key[:24]}")
    # Only power-scaling needs predictions.
    return run_sampler(
        fit_context, sampler, start, _GROUPS, jobs=context.jobs, has_replicates=bool(point.powers)
    )
