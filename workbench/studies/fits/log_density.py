"""The log density of a point's posterior at the draws of a full fit at another point."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from workbench.errors import RunError
from workbench.execution import Task, Workplace, name_function
from workbench.studies.fits.cache import cache_array, is_cached
from workbench.studies.fits.context import NamedDraws, StudyContext
from workbench.studies.fits.point_request import drop_fixed_terms, make_request
from workbench.studies.fits.posterior import Posterior, collect_draws
from workbench.studies.fits.shared import (
    SourceDraws,
    collect_source_draws,
    share_context,
    share_draws,
)
from workbench.studies.plan.plan import BASE, Point
from workbench.thresholds import LOG_LIKELIHOOD_DIFFERENCE_LIMIT

Floats = NDArray[np.float64]

CHECKED_DRAWS = 20
"""Draws at which the reduced log density is compared with the complete one. Ours."""


def evaluate_log_density(context: StudyContext, source: Posterior, point: Point) -> Floats:
    """Return the log density at a point for each draw of a full fit, `(S,)`, up to a constant.

    Terms that no point of the study changes are left out if that is proved to be right.

    Raises
    ------
    RunError
        The density cannot be evaluated there.
    """
    key = _make_key(context, source.key, point)
    if key in context.failures:
        raise context.failures[key]

    def make() -> Floats:
        return _evaluate_all(context, collect_source_draws(context, source), point)

    return cache_array(context.cache_folder, key, make, source.size)


def evaluate_log_densities(
    context: StudyContext, sources: Sequence[Posterior], points: Sequence[Point]
) -> None:
    """Evaluate the log density of each point at the draws of each full fit, and at the fits' own points.

    The values are in the cache afterwards, and why some cannot be evaluated is in the context's failures.
    """
    for outcome in context.executor.map(_list_tasks(context, sources, points), context.cache_folder):
        if outcome.failure is not None:
            context.failures[outcome.key] = outcome.failure


def evaluate_for_task(
    place: Workplace, context: StudyContext, source: SourceDraws, point: Point, key: str
) -> None:
    """Leave the log density at a point for each draw of a full fit in the cache, as a task."""
    context = context.move_to(place)
    cache_array(context.cache_folder, key, lambda: _evaluate_all(context, source, point), source.size)


def _list_tasks(
    context: StudyContext, sources: Sequence[Posterior], points: Iterable[Point]
) -> Iterator[Task]:
    """Yield a task for each log density that is not in the cache and has not failed."""
    shared, seen = share_context(context), set(context.failures)
    for source in sources:
        draws = None
        for point in (source.point, *points):
            key = _make_key(context, source.key, point)
            if key in seen or is_cached(context.cache_folder, key, "npy"):
                continue
            seen.add(key)
            draws = draws or share_draws(collect_source_draws(context, source))
            arguments = (point, key)
            yield Task(key, name_function(evaluate_for_task), arguments, (shared, draws), (f"{key}.npy",))


def _make_key(context: StudyContext, source_key: str, point: Point) -> str:
    powers = ",".join(sorted(context.plan.power_names))  # they decide which terms are left out
    return context.make_key("log density", source_key, point.key, str(context.is_reduced), powers)


def _evaluate_all(context: StudyContext, source: SourceDraws, point: Point) -> Floats:
    key = _make_key(context, source.key, point)
    values = _evaluate(context, point, source.draws, key)
    if values.size != source.size:  # an interrupted process leaves incomplete output
        raise RunError(f"the log density was evaluated at {values.size} of {source.size} draws.")
    return values


def compute_log_ratios(context: StudyContext, source: Posterior, point: Point) -> Floats:
    """Return the log density at a point minus that of the draws' own point, `(S,)`."""
    return evaluate_log_density(context, source, point) - evaluate_log_density(context, source, source.point)


def drop_fixed_terms_if_exact(context: StudyContext, source: Posterior) -> StudyContext:
    """Return the context with reduced log densities, if at far points they equal the complete ones."""
    reduced = replace(context, is_reduced=True)
    if context.program.instrumented is None or source.point.key != BASE.key:
        return context
    draws = collect_draws(source.tree, context.program, CHECKED_DRAWS)
    ends = (*context.plan.points[1:2], *context.plan.points[-1:])
    for point in ends:
        if point.key == BASE.key:
            continue
        try:
            complete = _evaluate_ratios(context, point, draws)
            difference = complete - _evaluate_ratios(reduced, point, draws)
        except RunError:  # says nothing about the reduction, and is met again where the point is fitted
            continue
        if not np.ptp(difference) < LOG_LIKELIHOOD_DIFFERENCE_LIMIT * max(1.0, float(np.ptp(complete))):
            return context
    return reduced


def _evaluate_ratios(context: StudyContext, point: Point, draws: NamedDraws) -> Floats:
    """Return the log density at a point minus that at the base, for some draws."""
    at_point, at_base = (
        _evaluate(context, each, draws, f"check-{context.is_reduced}-{each.key[:16]}")
        for each in (point, BASE)
    )
    return at_point - at_base


def _evaluate(context: StudyContext, point: Point, draws: NamedDraws, key: str) -> Floats:
    request = drop_fixed_terms(context, make_request(context, point))
    exe = context.find_variant(point).model.exe
    job = context.make_fit_context(request, exe, f"density-{key[:24]}").make_job("nuts")
    values, _ = context.backend.log_density_at(job, *draws)
    if np.isnan(values).any():
        raise RunError("the log density is not a number at some draws.")
    return values
