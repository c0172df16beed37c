"""Maximum a posteriori, on the constrained and on the unconstrained scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from workbench.backends import Start
from workbench.backends.base import ANYWHERE
from workbench.errors import RunError
from workbench.estimation.context import FitContext
from workbench.estimation.optimum import search
from workbench.estimation.optimum.generated_quantities import (
    compute_generated_quantities,
    sum_terms_by_role,
    with_generated_quantities,
)
from workbench.estimation.optimum.penalties import find_penalties
from workbench.methods import Laplace, Map
from workbench.results import draws
from workbench.results.method_result import MethodResult
from workbench.results.quantities import owner

POSTERIOR_SDS = "posterior SDs"
STANDARD_ERRORS = "standard errors at the highest mode"
"""What distances between modes are measured in."""


def find_map(
    setting: FitContext, method: Map, laplace: Laplace, at: Start = ANYWHERE
) -> tuple[MethodResult, search.OptimumSearch | None]:
    """Return the posterior mode, and the climb itself for an approximation around it.

    Parameters
    ----------
    setting
        Where the fit is worked out.
    method
        Which scale the mode is taken on.
    laplace
        How many draws to take around it.
    at
        A point to climb from, in the place of random ones.
    """
    facts: dict[str, Any] = {"jacobian": method.jacobian}
    if not setting.request.program.parameters:
        return MethodResult(
            "not available", "the program has no parameters: there is nothing to estimate.", facts
        ), None
    try:
        found = search.find_optima(
            setting,
            method.name,
            jacobian=method.jacobian,
            prior_weight=1.0,
            starts=method.starts,
            laplace=laplace,
            at=at,
        )
    except RunError as error:
        return MethodResult("failed", error.message, facts), None
    best = found.best
    facts |= {
        "log_density": best.height,
        **found.facts,
        "modes": _modes(found),
        "distance_in": STANDARD_ERRORS,
    }
    if found.problem:
        return MethodResult("failed", found.problem, facts, console=best.run.console), found
    derived = compute_generated_quantities(setting, found.surface, best)
    run = with_generated_quantities(best, derived)
    program, data = setting.request.program, setting.request.data
    names = (*draws.parameters(program), *draws.quantities(program))
    values = dict(zip(run.columns, run.draws[0, 0].tolist(), strict=True))
    estimates = {column: {"value": value} for column, value in values.items() if owner(column) in names}
    facts |= _split(setting, sum_terms_by_role(setting, derived)) | _remarks(found)
    if not method.jacobian:
        facts["find_penalties"] = find_penalties(setting.request, values)
    groups = {method.name: draws.read(run, program, data, names, ())}
    return MethodResult("ok", "", facts, estimates, groups, best.run.console, best.run.seconds), found


def _modes(found: search.OptimumSearch) -> list[dict[str, Any]]:
    """Return a row for each distinct mode, the highest first; ends that are no modes are left out."""
    free = set() if found.best.curvature is None else set(found.best.curvature.names)
    rows = []
    for peak in found.peaks:
        if peak.problem:
            continue
        apart, name = search.measure_distance(found.best, peak.run)
        rows.append(
            {
                "log_density": peak.height,
                "starts": peak.reached,
                "distance": apart if peak is not found.best else 0.0,
                "farthest": name if peak is not found.best else None,
                "estimates": {key: value for key, value in peak.values.items() if key in free},
            }
        )
    return rows


def measure_in_posterior_sds(parts: Mapping[str, MethodResult]) -> dict[str, MethodResult]:
    """Return the parts of a fit, the distances between modes in posterior SDs where NUTS gives them."""
    sds = {name: one["sd"] for name, one in parts["nuts"].estimates.items() if one.get("sd", 0) > 0}
    measured = dict(parts)
    for method in ("map", "map_unconstrained"):
        modes = parts[method].facts.get("modes")
        if modes and sds:
            rows = [_measured(one, modes[0]["estimates"], sds) for one in modes]
            facts = {**parts[method].facts, "modes": rows, "distance_in": POSTERIOR_SDS}
            measured[method] = replace(parts[method], facts=facts)
    return measured


def _measured(row: dict[str, Any], best: Mapping[str, float], sds: Mapping[str, float]) -> dict[str, Any]:
    apart = {name: abs(row["estimates"][name] - best[name]) / sds[name] for name in best if name in sds}
    farthest = max(apart, key=lambda name: apart[name], default=None)
    if farthest is None or row["farthest"] is None:
        return row
    return {**row, "distance": apart[farthest], "farthest": farthest}


def _split(setting: FitContext, sums: dict[str, float]) -> dict[str, float]:
    """Return what likelihood, prior and latent terms contribute at the mode [nats]."""
    del setting
    words = {"likelihood": "log_lik", "prior": "log_prior", "latent": "log_latent"}
    return {words[role]: value for role, value in sums.items() if role in words}


def _remarks(found: search.OptimumSearch) -> dict[str, Any]:
    """Return what else there is to say: parameters at a kink, and other modes."""
    remarks = []
    if found.best.held:
        names = ", ".join(f"`{name}`" for name in found.best.held)
        remarks.append(f"{names} sit exactly at the kink of the prior, as a lasso's coefficients at 0 do.")
    others = [peak for peak in found.peaks[1:] if not peak.problem]
    if others:
        remarks.append(
            f"the density has {len(others) + 1} modes that starts reached; the highest is reported, and what "
            "is taken around it knows nothing of the others."
        )
    return ({"remark": " ".join(remarks)} if remarks else {}) | (
        {"held": list(found.best.held)} if found.best.held else {}
    )
