"""The log density of a point's posterior at the draws of a full fit at another point."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from workbench.errors import RunError
from workbench.studies.fits.cache import cache_array
from workbench.studies.fits.context import StudyContext
from workbench.studies.fits.point_request import drop_fixed_terms, make_request
from workbench.studies.fits.posterior import Posterior, collect_draws
from workbench.studies.plan.plan import BASE, Point
from workbench.thresholds import LOG_LIKELIHOOD_DIFFERENCE_LIMIT

Floats = NDArray[np.float64]

NamedDraws = tuple[tuple[str, ...], Floats]
"""Stan's names of all parameters, and their values `(S, column)`."""

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
    powers = ",".join(sorted(context.plan.power_names))  # they decide which terms are left out
    key = context.make_key("log density", source.key, point.key, str(context.is_reduced), powers)

    def make() -> Floats:
        values = _evaluate(context, point, collect_draws(source.tree, context.program), key)
        if values.size != source.size:  # an interrupted process leaves incomplete output
            raise RunError(f"the log density was evaluated at {values.size} of {source.size} draws.")
        return values

    return cache_array(context.cache_folder, key, make, source.size)


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
