"""The requested methods, run in the order in which one helps the next."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from workbench.backends import RawRun, Start
from workbench.backends.base import DEFAULT_START
from workbench.binding import order_tuples
from workbench.errors import RunError
from workbench.estimation.context import FitContext
from workbench.estimation.optimum.map import find_map
from workbench.estimation.optimum.mle import find_mle
from workbench.estimation.optimum.search import (
    CURVATURE_ONLY,
    KnownPoint,
    OptimumSearch,
    describe_local_maximum,
    find_optima,
)
from workbench.estimation.sampling.initial_values import nest_initial_values
from workbench.estimation.sampling.laplace import run_laplace
from workbench.estimation.sampling.pathfinder import run_pathfinder
from workbench.estimation.sampling.retry import run_nuts_with_retries
from workbench.methods import RESULTS, Auto, Laplace, Map, Mle, Nuts, Pathfinder
from workbench.results.method_result import MethodResult

M = TypeVar("M", Mle, Laplace, Pathfinder, Nuts, Auto)

_SKIPPED = MethodResult("skipped", "it was not requested.")
"""The result of a method that was not requested."""


def run_methods(context: FitContext, start: Start) -> tuple[dict[str, MethodResult], dict[str, Any]]:
    """Return the result of every method, and further entries of `run.json`.

    Parameters
    ----------
    context
        The context of the fit.
    start
        Where NUTS starts, if that is known beforehand.
    """
    results = dict.fromkeys(RESULTS, _SKIPPED)
    sampler = find_requested(context, Nuts)
    search = _run_optimisation(context, results, sampler)
    paths = _run_pathfinder(context, results, sampler)
    entries: dict[str, Any] = {}
    if sampler is not None:
        remark = ""
        if start == DEFAULT_START:
            start, remark = _choose_start(context, sampler, search, paths)
        results["nuts"], entries = sample_posterior(context, sampler, start, remark)
    return results, entries


def find_requested(context: FitContext, kind: type[M]) -> M | None:
    """Return the requested method of a kind, or `None`."""
    return next((method for method in context.request.methods if isinstance(method, kind)), None)


def sample_posterior(
    context: FitContext, sampler: Nuts, start: Start, remark: str
) -> tuple[MethodResult, dict[str, Any]]:
    """Return the result of NUTS and every attempt; `remark` says why chains start elsewhere."""
    result, attempts = run_nuts_with_retries(context, sampler, start)
    if remark:
        result = replace(result, facts={**result.facts, "init_remark": remark})
    return result, {"attempts": list(attempts)} if attempts else {}


def draw_starts(context: FitContext, approximation: RawRun, chains: int) -> Start:
    """Return a start for each chain at random draws of an approximation, or at its only point."""
    rng = np.random.default_rng(context.make_job("nuts").seed)
    count = approximation.draws.shape[1]
    rows = rng.choice(count, size=chains, replace=count < chains)
    points = approximation.draws[0][rows].tolist()
    program = context.request.program
    return Start(tuple(nest_initial_values(approximation.columns, point, program) for point in points))


def find_approximation(search: OptimumSearch | None) -> RawRun | None:
    """Return draws around the mode that a search found, or the mode alone; `None` if it found none."""
    if search is None or search.problem:
        return None
    return search.best.approximation or search.best.run


def _run_optimisation(
    context: FitContext, results: dict[str, MethodResult], sampler: Nuts | None
) -> OptimumSearch | None:
    """Find MLE, MAP and Laplace where they are needed; return the search for the unconstrained mode."""
    is_requested = any(isinstance(method, (Mle, Map, Laplace)) for method in context.request.methods)
    if not is_requested and (sampler is None or sampler.init != "map"):
        return None
    with context.progress.stage("Finding modes"):
        search, known = _find_modes(context, results, sampler)
        likelihood = find_requested(context, Mle)
        if likelihood is not None:
            started = time.monotonic()
            result = find_mle(context, likelihood, known)
            results["mle"] = replace(result, seconds=time.monotonic() - started)
        results["mle"] = _with_local_maximum(context, results["mle"], search)
        if find_requested(context, Laplace) is not None:
            results["laplace"] = run_laplace(context, search)
    return search


def _find_modes(
    context: FitContext, results: dict[str, MethodResult], sampler: Nuts | None
) -> tuple[OptimumSearch | None, KnownPoint | None]:
    """Find the posterior modes; return the search for the unconstrained one, and the first mode found.

    The unconstrained mode comes first: it exists more often, and the search for the other can start there.
    """
    laplace = find_requested(context, Laplace)
    modes = [method for method in context.request.methods if isinstance(method, Map)]
    is_needed = laplace is not None or (sampler is not None and sampler.init == "map")
    if is_needed and not any(method.jacobian for method in modes):
        modes.append(Map(jacobian=True))
    unconstrained: OptimumSearch | None = None
    known: KnownPoint | None = None
    for method in sorted(modes, key=lambda mode: not mode.jacobian):
        draws = (laplace or Laplace()) if method.jacobian and is_needed else CURVATURE_ONLY
        results[method.name], search = time_search(context, method, draws, known)
        unconstrained = search if method.jacobian else unconstrained
        known = known or find_known_point(context, search)
    return unconstrained, known


def find_known_point(context: FitContext, search: OptimumSearch | None) -> KnownPoint | None:
    """Return the mode that a search found, for the searches of related densities; `None` if there is none."""
    if search is None or search.problem or search.best.newton is None:
        return None
    run, program = search.best.run, context.request.program
    values = nest_initial_values(run.columns, run.draws[0, 0].tolist(), program)
    return KnownPoint(search.best.newton.point, run, Start((values,)))


def time_search(
    context: FitContext, method: Map, laplace: Laplace, known: KnownPoint | None = None
) -> tuple[MethodResult, OptimumSearch | None]:
    """Return the posterior mode with the time of the whole search: every start and Newton step [s].

    The time of the draws around the mode is left to the approximation.
    """
    started = time.monotonic()
    result, search = find_map(context, method, laplace, known=known)
    seconds = time.monotonic() - started
    if search is not None and search.best.approximation is not None:
        seconds = max(seconds - search.best.approximation.seconds, 0.0)
    return replace(result, seconds=seconds), search


def _with_local_maximum(
    context: FitContext, result: MethodResult, modes: OptimumSearch | None
) -> MethodResult:
    """Return a failed MLE with the local maximum beside the posterior mode, where no start reached one."""
    if result.status != "failed" or "local_maximum" in result.facts or "stopped_at" not in result.facts:
        return result
    if modes is None or modes.problem:
        return result
    started = time.monotonic()
    run = modes.best.run
    at = Start((nest_initial_values(run.columns, run.draws[0, 0].tolist(), context.request.program),))
    try:
        search = find_optima(
            context, "mle", jacobian=False, prior_weight=0.0, starts=1, laplace=CURVATURE_ONLY, at=at
        )
    except RunError:  # the likelihood cannot be evaluated at the mode: there is nothing to offer
        return result
    if search.problem:
        return result
    facts = {**result.facts, **describe_local_maximum(search.best, 0)}
    return replace(result, facts=facts, seconds=result.seconds + time.monotonic() - started)


def _run_pathfinder(
    context: FitContext, results: dict[str, MethodResult], sampler: Nuts | None
) -> RawRun | None:
    method = find_requested(context, Pathfinder)
    if method is None and (sampler is None or sampler.init != "pathfinder"):
        return None
    with context.progress.stage("Running Pathfinder"):
        results["pathfinder"], draws = run_pathfinder(context, method or Pathfinder())
    return draws


def _choose_start(
    context: FitContext, sampler: Nuts, search: OptimumSearch | None, paths: RawRun | None
) -> tuple[Start, str]:
    """Return where chains start, and a remark where that is not as requested."""
    program = context.request.program
    if sampler.init == "random" or not program.parameters:
        return DEFAULT_START, ""
    if sampler.init == "given":
        return Start((order_tuples(context.request.inits, program.parameters),)), ""
    if sampler.init == "pathfinder":
        approximation, reason = paths, "Pathfinder gave no draws"
    else:
        approximation, reason = find_approximation(search), "there is no unconstrained mode"
    if approximation is None:
        return DEFAULT_START, f"chains started at random points because {reason}."
    return draw_starts(context, approximation, sampler.chains), ""
