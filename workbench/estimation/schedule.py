"""Every method that was asked for, in the order in which one helps the next."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from workbench.backends import RawRun, Start
from workbench.backends.base import ANYWHERE
from workbench.binding import order_tuples
from workbench.estimation.context import FitContext
from workbench.estimation.optimum import mle, search
from workbench.estimation.optimum.map import find_map as posterior_mode
from workbench.estimation.sampling import laplace, pathfinder, retry
from workbench.estimation.sampling.initial_values import nest_initial_values
from workbench.methods import Auto, Laplace, Map, Mle, Nuts, Pathfinder
from workbench.results.method_result import MethodResult

M = TypeVar("M", Mle, Laplace, Pathfinder, Nuts, Auto)

METHOD_KEYS = ("mle", "map", "map_unconstrained", "laplace", "pathfinder", "nuts")
"""The parts of a fit, as `run.json` names them."""

_SKIPPED = MethodResult("skipped", "it was not asked for.")


def run_methods(setting: FitContext, start: Start) -> tuple[dict[str, MethodResult], dict[str, Any]]:
    """Return every part of a fit, and further entries of `run.json`.

    Parameters
    ----------
    setting
        Where the fit is worked out.
    start
        Where NUTS begins, if that is known beforehand.
    """
    parts = dict.fromkeys(METHOD_KEYS, _SKIPPED)
    sampler = find_requested(setting, Nuts)
    found = _found(setting, parts, sampler)
    drawn = _paths(setting, parts, sampler)
    entries: dict[str, Any] = {}
    if sampler is not None:
        where, words = _begin(setting, sampler, found, drawn) if start == ANYWHERE else (start, "")
        parts["nuts"], entries = sample_posterior(setting, sampler, where, words)
    return parts, entries


def find_requested(setting: FitContext, kind: type[M]) -> M | None:
    """Return the method of a kind, if it was asked for."""
    return next((one for one in setting.request.methods if isinstance(one, kind)), None)


def sample_posterior(
    setting: FitContext, sampler: Nuts, start: Start, words: str
) -> tuple[MethodResult, dict[str, Any]]:
    """Return the posterior's draws and every attempt at them; `words` say why chains start elsewhere."""
    part, attempts = retry.run_nuts_with_retries(setting, sampler, start)
    part = replace(part, facts={**part.facts, "init_remark": words}) if words else part
    return part, {"attempts": list(attempts)} if attempts else {}


def draw_starts(setting: FitContext, run: RawRun | None, chains: int) -> Start:
    """Return a start for each chain at random draws of an approximation, or at its only point."""
    if run is None:
        return ANYWHERE
    rng = np.random.default_rng(setting.job("nuts").seed)
    count = run.draws.shape[1]
    rows = rng.choice(count, size=chains, replace=count < chains)
    points = run.draws[0][rows]
    return Start(
        tuple(nest_initial_values(run.columns, point, setting.request.program) for point in points.tolist())
    )


def _found(
    setting: FitContext, parts: dict[str, MethodResult], sampler: Nuts | None
) -> search.OptimumSearch | None:
    """Work out what climbing finds, if any of it was asked for; return the unconstrained mode."""
    is_asked = any(isinstance(one, (Mle, Map, Laplace)) for one in setting.request.methods)
    if not is_asked and (sampler is None or sampler.init != "map"):
        return None
    with setting.progress.stage("Finding modes"):
        likelihood = find_requested(setting, Mle)
        if likelihood is not None:
            parts["mle"] = mle.find_mle(setting, likelihood)
        found = _modes(setting, parts, sampler)
        if find_requested(setting, Laplace) is not None:
            parts["laplace"] = laplace.run_laplace(setting, found)
    return found


def _modes(
    setting: FitContext, parts: dict[str, MethodResult], sampler: Nuts | None
) -> search.OptimumSearch | None:
    """Find the modes; return the unconstrained one, which others build on."""
    normal = find_requested(setting, Laplace)
    wanted = [one for one in setting.request.methods if isinstance(one, Map)]
    is_needed = normal is not None or (sampler is not None and sampler.init == "map")
    if is_needed and not any(one.jacobian for one in wanted):
        wanted.append(Map(jacobian=True))
    unconstrained: search.OptimumSearch | None = None
    for method in wanted:
        draws = (normal or Laplace()) if method.jacobian and is_needed else search.CURVATURE_ONLY
        parts[method.name], found = posterior_mode(setting, method, draws)
        unconstrained = found if method.jacobian else unconstrained
    return unconstrained


def _paths(setting: FitContext, parts: dict[str, MethodResult], sampler: Nuts | None) -> RawRun | None:
    method = find_requested(setting, Pathfinder)
    if method is None and (sampler is None or sampler.init != "pathfinder"):
        return None
    with setting.progress.stage("Running Pathfinder"):
        parts["pathfinder"], drawn = pathfinder.run_pathfinder(setting, method or Pathfinder())
    return drawn


def _begin(
    setting: FitContext, sampler: Nuts, found: search.OptimumSearch | None, drawn: RawRun | None
) -> tuple[Start, str]:
    """Return where chains start as the settings say; or at random, and then why."""
    if sampler.init == "random" or not setting.request.program.parameters:
        return ANYWHERE, ""
    if sampler.init == "given":
        return Start((order_tuples(setting.request.inits, setting.request.program.parameters),)), ""
    if sampler.init == "pathfinder":
        reason = "" if drawn is not None else "Pathfinder gave no draws"
    else:
        drawn = None if found is None or found.problem else found.best.approximation or found.best.run
        reason = "" if drawn is not None else "there is no unconstrained mode"
    if drawn is None:
        return ANYWHERE, f"chains started at random points, for {reason}."
    return draw_starts(setting, drawn, sampler.chains), ""
