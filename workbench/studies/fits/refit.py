"""Full fits of a study: the base fit, and refits that start from the draws of the nearest fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from workbench.backends.base import DEFAULT_START
from workbench.errors import RunIncomplete
from workbench.estimation.sampling.warm_start import extract_warm_start
from workbench.methods import Nuts, list_settings
from workbench.results import Fit
from workbench.studies.fits.cache import cache_tree, is_cached
from workbench.studies.fits.context import StudyContext
from workbench.studies.fits.point_request import make_request
from workbench.studies.fits.posterior import Posterior, measure_posterior
from workbench.studies.fits.sampling import run_sampler
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
    key = _make_key(context, point, sampler)
    tree = cache_tree(context.cache_folder, key, lambda: _sample_point(context, point, near, sampler))
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


def _sample_point(context: StudyContext, point: Point, near: Posterior, sampler: Nuts) -> xr.DataTree:
    request = make_request(context, point)
    exe = context.find_variant(point).model.exe
    fit_context = context.make_fit_context(request, exe, f"nuts-{point.key[:24]}")
    try:
        start = extract_warm_start(near.tree, request.program)
    except RunIncomplete:
        start, sampler = DEFAULT_START, replace(sampler, warmup=context.plan.sampler.warmup)
    # Only power-scaling needs predictions.
    return run_sampler(
        fit_context, sampler, start, _GROUPS, jobs=context.jobs, has_replicates=bool(point.powers)
    )
