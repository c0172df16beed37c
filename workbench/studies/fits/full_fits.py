"""The fits of a study: each made once, kept, and started where the nearest one ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import cache
from typing import Any

import numpy as np
import xarray as xr

from workbench.backends import RawRun, Start
from workbench.backends.base import ANYWHERE, Floats
from workbench.diagnostics.power_scaling import predictions
from workbench.errors import RunError, RunIncomplete
from workbench.estimation import extract_warm_start
from workbench.estimation.context import FitContext
from workbench.estimation.optimum import search
from workbench.estimation.optimum.map import find_map as posterior_mode
from workbench.estimation.sampling import laplace
from workbench.estimation.sampling.initial_values import nest_initial_values
from workbench.estimation.sampling.nuts import build_draw_groups
from workbench.estimation.sampling.psis import log_sum_exp
from workbench.methods import Laplace, Map, Nuts
from workbench.program import Program
from workbench.results import Fit
from workbench.results.method_result import MethodResult
from workbench.results.quantities import owner
from workbench.studies.fits.cache import cache_array, cache_record, cache_tree, is_cached
from workbench.studies.fits.context import StudyContext, make_request
from workbench.studies.fits.posterior import Posterior, measure_posterior
from workbench.studies.plan.plan import BASE, Point

WARM_UP = 300
"""Warm-up iterations of a chain that starts at draws, step size and metric of a neighbour; ours. Stan's
schedule then adapts the metric in windows of 25, 50 and 100 draws."""

PRIOR_DRAWS = (50, 500)
"""Fewest and most draws per chain from the prior alone: quantiles of a picture, not of a result. Its warm-up
is as long as the most."""

_PRIOR_NUMBERS = 5_000_000
"""Numbers that Stan prints for one point's prior, about: each row has a log likelihood and a replicate."""

_GROUPS = ("measure_posterior", "log_likelihood", "adaptation", "predictions")
_PRIOR_GROUPS = ("measure_posterior", "posterior_predictive")


def base_posterior(shop: StudyContext, fit: Fit, names: Sequence[str]) -> Posterior:
    """Return the base fit as the first full fit of the study."""
    found = measure_posterior(BASE, shop.key("base"), "base", fit.tree, names, {})
    facts = {**found.facts, "divergences": fit.record["nuts"].get("divergences")}
    return replace(found, facts=facts)


def refit(shop: StudyContext, point: Point, near: Posterior) -> Posterior:
    """Return a full fit at a point, from the folder or sampled anew from where a neighbour ended.

    Raises
    ------
    RunError
        NUTS failed; Stan's words.
    """
    sampler = replace(shop.plan.sampler, warmup=min(shop.plan.sampler.warmup, WARM_UP))
    key = shop.key("nuts", point.key, str(sorted(asdict(sampler).items())))
    tree = cache_tree(shop.kept, key, lambda: _sampled(shop, point, near, sampler))
    return measure_posterior(
        point, key, "refit", tree, near.names, {str(one): fact for one, fact in tree.attrs.items()}
    )


def is_finished(shop: StudyContext, point: Point) -> bool:
    """Return whether a full fit at a point was made before."""
    sampler = replace(shop.plan.sampler, warmup=min(shop.plan.sampler.warmup, WARM_UP))
    return is_cached(shop.kept, shop.key("nuts", point.key, str(sorted(asdict(sampler).items()))))


def prior_tree(shop: StudyContext, point: Point) -> xr.DataTree:
    """Return draws of a point's prior alone, with predictions where the program makes them.

    Raises
    ------
    RunError
        NUTS failed; Stan's words.
    """
    alone = replace(
        point, values={name: value for name, value in point.values.items() if name != "power(likelihood)"}
    )
    rows = max(1, shop.base.request.data.table.rows)
    draws = int(np.clip(_PRIOR_NUMBERS // (2 * rows * shop.plan.sampler.chains), *PRIOR_DRAWS))
    sampler = replace(shop.plan.sampler, warmup=PRIOR_DRAWS[1], draws=draws)
    key = shop.key("prior", alone.key, str(sorted(asdict(sampler).items())))

    def make() -> xr.DataTree:
        request = make_request(shop, alone, seeded="prior")
        request = replace(request, weights={**request.weights, "likelihood": 0.0})
        setting = shop.setting(request, shop.variant(point).model.exe, f"prior-{key[:24]}")
        return _run(shop, setting, sampler, ANYWHERE, _PRIOR_GROUPS)

    return cache_tree(shop.kept, key, make)


def modes(shop: StudyContext, point: Point, base: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return MAP and Laplace approximation at a point: for each its status, reason and estimates.

    Parameters
    ----------
    shop, point
        What is asked where.
    base
        The same of the base fit. Climbs begin at its modes, so that what they find depends on nothing that
        happens to be finished; from random points where it has none or several, where the prior has another
        form, which may have other modes, and where the climb from there fails.

    Returns
    -------
    `map` and `laplace`, and `mode`: the mode on the unconstrained scale, around which `laplace` is; `draws`,
    those of the approximation, `(S, quantity)` in the order of its estimates.
    """
    key = shop.key("modes and draws", point.key, "" if base is None else "from the base's")

    @cache
    def made() -> tuple[dict[str, Any], Floats]:
        request = make_request(shop, point)
        setting = shop.setting(request, shop.variant(point).model.exe, f"modes-{key[:24]}")
        known = base if base is not None and not point.forms else {}
        found, _ = _mode(setting, Map(), search.CURVATURE_ONLY, known.get("map"))
        there, around = _mode(setting, Map(jacobian=True), Laplace(), known.get("mode"))
        approximation = laplace.run_laplace(setting, around)
        run = around.best.approximation if around is not None and approximation.is_ok else None
        seen = {} if run is None else {"lpd": _predictive_density(run, request.program)}
        parts = {"map": _plain(found), "mode": _plain(there), "laplace": _plain(approximation) | seen}
        return parts, np.empty((0, 0)) if run is None else _columns(run, approximation.estimates)

    parts = cache_record(shop.kept, key, lambda: made()[0])
    return {**parts, "draws": cache_array(shop.kept, key, lambda: made()[1])}


def _columns(run: RawRun, names: Iterable[str]) -> Floats:
    return np.asarray(run.draws[0][:, [run.columns.index(name) for name in names]])


def _predictive_density(run: RawRun, program: Program) -> float | None:
    """Return the log predictive density of the data as seen [nats]; `None` where rows have none."""
    name = None if program.instrumented is None else program.instrumented.outputs.log_lik
    rows = [i for i, column in enumerate(run.columns) if name is not None and owner(column) == name]
    if not rows or not np.isfinite(run.draws[0][:, rows]).all():
        return None
    log_lik = run.draws[0][:, rows].T
    return float(np.sum(log_sum_exp(log_lik) - np.log(log_lik.shape[1])))


def _mode(
    setting: FitContext, method: Map, around: Laplace, known: Mapping[str, Any] | None
) -> tuple[MethodResult, search.OptimumSearch | None]:
    """Return the mode that is climbed to from a known one; from the usual starts where that fails."""
    program = setting.request.program
    if known is not None and known["status"] == "ok" and known["modes"] == 1:
        values = {name: one["value"] for name, one in known["estimates"].items()}
        near = Start((nest_initial_values(values, values.values(), program),))
        part, found = posterior_mode(setting, method, around, near)
        if part.status == "ok":
            return part, found
    return posterior_mode(setting, method, around)


def _plain(part: MethodResult) -> dict[str, Any]:
    """Return what is kept of a mode: `starts` is where its climb began, `modes` how many were found."""
    facts = part.facts
    return {
        "status": part.status,
        "reason": part.reason,
        "estimates": dict(part.estimates),
        "khat": facts.get("khat"),
        "lpd": facts.get("log_lik"),
        "modes": len(facts.get("modes", ())),
        "starts": len(facts.get("starts", ())),
    }


def _sampled(shop: StudyContext, point: Point, near: Posterior, sampler: Nuts) -> xr.DataTree:
    request = make_request(shop, point)
    setting = shop.setting(request, shop.variant(point).model.exe, f"nuts-{point.key[:24]}")
    try:
        start = extract_warm_start(near.tree, request.program)
    except RunIncomplete:
        start, sampler = ANYWHERE, replace(sampler, warmup=shop.plan.sampler.warmup)
    # Power-scaling measures predictions too; along constants nothing asks for them.
    return _run(shop, setting, sampler, start, _GROUPS, has_replicates=bool(point.powers))


def _run(
    shop: StudyContext,
    setting: FitContext,
    sampler: Nuts,
    start: Start,
    groups: Sequence[str],
    *,
    has_replicates: bool = True,
) -> xr.DataTree:
    request = setting.request
    job = setting.make_job("nuts", has_replicates=has_replicates)
    run = shop.backend.sample(job, sampler, start=start, jobs=shop.jobs, threads=request.threads)
    if not np.isfinite(run.stats["lp"]).all():
        raise RunError("the log density is not finite at some draws.")
    found = build_draw_groups(setting, run)
    if "posterior_predictive" in found and "posterior_predictive" not in groups:
        found = {**found, "predictions": _in_brief(found["posterior_predictive"])}
    tree = xr.DataTree.from_dict({f"/{name}": found[name] for name in groups if name in found})
    divergent = run.stats.get("divergent")
    tree.attrs["divergences"] = 0 if divergent is None else int(divergent.sum())
    tree.attrs["seconds"] = run.seconds
    return tree


def _in_brief(replicated: xr.Dataset) -> xr.Dataset:
    """Return mean and standard deviation of each replicated data set: what a study keeps of them."""
    tree = xr.DataTree.from_dict({"/posterior_predictive": replicated})
    return xr.Dataset({name: (("chain", "draw"), values) for name, values in predictions(tree).items()})
