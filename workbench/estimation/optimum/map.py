"""Maximum a posteriori, on the declared or on the unconstrained scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from workbench.backends import Start
from workbench.backends.base import DEFAULT_START
from workbench.errors import RunError
from workbench.estimation.context import FitContext
from workbench.estimation.optimum.generated_quantities import (
    compute_generated_quantities,
    sum_terms_by_role,
    with_generated_quantities,
)
from workbench.estimation.optimum.penalties import find_penalties
from workbench.estimation.optimum.search import (
    KnownPoint,
    OptimumSearch,
    compute_log_mass,
    find_optima,
    list_parameters,
    measure_distance,
)
from workbench.methods import Laplace, Map
from workbench.results import draws
from workbench.results.method_result import MethodResult
from workbench.results.quantities import owner

POSTERIOR_SDS = "posterior SDs"
"""Unit of the distances between modes where NUTS ran, as it stands in `run.json`."""

STANDARD_ERRORS = "standard errors at the highest mode"
"""Unit of the distances between modes without NUTS, as it stands in `run.json`."""

_CONTRIBUTIONS = {"likelihood": "log_lik", "prior": "log_prior", "latent": "log_latent"}
"""Keys of `run.json` for the log density of the terms of each role."""


def find_map(
    context: FitContext,
    method: Map,
    laplace: Laplace,
    at: Start = DEFAULT_START,
    known: KnownPoint | None = None,
) -> tuple[MethodResult, OptimumSearch | None]:
    """Return the posterior mode, and the search that found it for an approximation around it.

    Parameters
    ----------
    context
        The context of the fit.
    method
        On which scale the density is maximised.
    laplace
        How many draws to take around the mode.
    at
        A point to start from, instead of random ones.
    known
        The mode on the other scale, from which to start too where every start ended lower.
    """
    facts: dict[str, Any] = {"jacobian": method.jacobian}
    if not context.request.program.parameters:
        reason = "the program has no parameters: there is nothing to estimate."
        return MethodResult("not available", reason, facts), None
    try:
        search = find_optima(
            context,
            method.name,
            jacobian=method.jacobian,
            prior_weight=1.0,
            starts=method.starts,
            laplace=laplace,
            at=at,
            known=known,
        )
    except RunError as error:
        return MethodResult("failed", error.message, facts, console=error.console), None
    best = search.best
    facts |= {
        "log_density": best.log_density,
        **search.facts,
        "modes": _list_modes(search),
        "distance_in": STANDARD_ERRORS,
    }
    if search.problem:
        return MethodResult("failed", search.problem, facts, console=best.run.console), search
    generated = compute_generated_quantities(context, search.target, best)
    run = with_generated_quantities(best, generated)
    program, data = context.request.program, context.request.data
    names = (*draws.list_parameters(context.request), *draws.list_quantities(context.request))
    values = dict(zip(run.columns, run.draws[0, 0].tolist(), strict=True))
    estimates = {column: {"value": value} for column, value in values.items() if owner(column) in names}
    sums = sum_terms_by_role(context, generated)
    facts |= {_CONTRIBUTIONS[role]: value for role, value in sums.items() if role in _CONTRIBUTIONS}
    facts |= _remark(search)
    if not method.jacobian:
        facts["regularisation"] = find_penalties(context.request, values)
    groups = {method.name: draws.read_variables(run, program, data, names, ())}
    return MethodResult("ok", "", facts, estimates, groups, best.run.console, best.run.seconds), search


def measure_in_posterior_sds(results: Mapping[str, MethodResult]) -> dict[str, MethodResult]:
    """Return the results of a fit with distances between modes in posterior SDs, where NUTS gives them."""
    sds = {
        name: numbers["sd"] for name, numbers in results["nuts"].estimates.items() if numbers.get("sd", 0) > 0
    }
    measured = dict(results)
    for method in ("map", "map_unconstrained"):
        modes = results[method].facts.get("modes")
        if modes and sds:
            rows = [_measure_mode(mode, modes[0]["estimates"], sds) for mode in modes]
            facts = {**results[method].facts, "modes": rows, "distance_in": POSTERIOR_SDS}
            measured[method] = replace(results[method], facts=facts)
    return measured


def _list_modes(search: OptimumSearch) -> list[dict[str, Any]]:
    """Return a row of `run.json` for each distinct mode, the highest first."""
    rows = []
    for optimum in search.optima:
        if optimum.problem:
            continue
        is_best = optimum is search.best
        distance, farthest = (0.0, None) if is_best else measure_distance(search.best, optimum.run)
        log_mass = compute_log_mass(optimum) if search.target.jacobian else None
        rows.append(
            {
                "log_density": optimum.log_density,
                **({} if log_mass is None else {"log_mass": log_mass}),
                "starts": optimum.start_count,
                "distance": distance,
                "farthest": farthest,
                "estimates": list_parameters(optimum),
            }
        )
    return rows


def _measure_mode(row: dict[str, Any], best: Mapping[str, float], sds: Mapping[str, float]) -> dict[str, Any]:
    distances = {name: abs(row["estimates"][name] - best[name]) / sds[name] for name in best if name in sds}
    farthest = max(distances, key=lambda name: distances[name], default=None)
    if farthest is None or row["farthest"] is None:
        return row
    return {**row, "distance": distances[farthest], "farthest": farthest}


def _remark(search: OptimumSearch) -> dict[str, Any]:
    """Name the parameters where the density is not smooth, and count the other modes."""
    entries: dict[str, Any] = {}
    sentences = []
    if search.best.held:
        names = ", ".join(f"`{name}`" for name in search.best.held)
        sentences.append(f"the mode is where the prior of {names} is not smooth, as a lasso's is at 0.")
        entries["held"] = list(search.best.held)
    count = sum(not optimum.problem for optimum in search.optima)
    if count > 1:
        equal = search.facts.get("remark", "")
        if equal and count > len(search.equal_maxima):
            equal = f"{equal} Lower ones make at least {count} modes."
        sentences.append(
            equal
            or f"the density has at least {count} modes. The highest is reported, and an approximation "
            "around it does not include the others."
        )
    return ({"remark": " ".join(sentences)} if sentences else {}) | entries
