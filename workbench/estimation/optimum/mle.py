"""Maximum likelihood: every prior switched off, on the scale the user declared."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

from workbench.backends import RawRun
from workbench.errors import MethodError, RunError
from workbench.estimation.context import FitContext
from workbench.estimation.optimum import search
from workbench.estimation.optimum.generated_quantities import (
    GeneratedQuantities,
    compute_generated_quantities,
    sum_terms_by_role,
    with_generated_quantities,
)
from workbench.estimation.optimum.profile import ProfileInterval, find_profile_interval
from workbench.methods import Mle
from workbench.results import draws
from workbench.results.method_result import MethodResult
from workbench.results.quantities import owner


def find_mle(setting: FitContext, method: Mle) -> MethodResult:
    """Return the maximum-likelihood estimate with standard errors, intervals and information criteria."""
    reason = _unavailable(setting)
    if reason:
        return MethodResult("not available", reason)
    try:
        found = search.find_optima(
            setting,
            "mle",
            jacobian=False,
            prior_weight=0.0,
            starts=method.starts,
            laplace=search.CURVATURE_ONLY,
        )
    except RunError as error:
        return MethodResult("failed", error.message)
    best = found.best
    if found.problem:
        return MethodResult(
            "failed", found.problem, found.facts, console=best.run.console, seconds=best.run.seconds
        )
    derived = compute_generated_quantities(setting, found.surface, best)
    run = with_generated_quantities(best, derived)
    program, data = setting.request.program, setting.request.data
    names = (*draws.parameters(program), *draws.quantities(program))
    return MethodResult(
        "ok",
        facts={**found.facts, **_criteria(setting, best, derived), **_remark(setting)},
        estimates=_profiled(setting, method, found, _estimates(setting, run, best, derived, names)),
        groups={"mle": draws.read(run, program, data, names, ())},
        console=best.run.console,
        seconds=best.run.seconds,
    )


def _unavailable(setting: FitContext) -> str:
    program = setting.request.program
    if not program.parameters:
        return "the program has no parameters: there is nothing to estimate."
    if program.instrumented is None:
        return "the program could not be taken apart, so its priors cannot be switched off."
    roles = {term.role for term in program.terms}
    if "likelihood" not in roles:
        return "the program has no likelihood statement: there is nothing to maximise without the prior."
    unplaced = [str(term.line) for term in program.terms if term.role == "unplaced"]
    if unplaced:
        lines = ", ".join(sorted(set(unplaced), key=int))
        settle = f"--role 'line {unplaced[0]}=prior'"
        return f"the role of the statement on line {lines} is open; settle it, for example with {settle}."
    if program.untouched_by_likelihood:
        flat = ", ".join(f"`{name}`" for name in program.untouched_by_likelihood)
        return f"the likelihood does not depend on {flat}: without the prior it is flat there."
    return ""


def _remark(setting: FitContext) -> dict[str, str]:
    """Say what the estimate is where latent variables are estimated along with the parameters."""
    has_latent = any(term.role == "latent" for term in setting.request.program.terms)
    if not has_latent or "latent" in setting.request.scaled:
        return {}
    words = "latent variables keep their densities: this is a penalised joint mode, not a marginal maximum."
    return {"remark": words}


def _estimates(
    setting: FitContext,
    run: RawRun,
    best: search.Optimum,
    derived: GeneratedQuantities,
    names: tuple[str, ...],
) -> dict[str, dict[str, Any]]:
    """Return value, standard error and Wald interval of each parameter and deterministic quantity."""
    errors = search.compute_standard_errors(best) | dict(derived.errors)
    width = float(stats.norm.ppf(0.5 + setting.request.level / 2))
    result: dict[str, dict[str, Any]] = {}
    for column, value in zip(run.columns, run.draws[0, 0].tolist(), strict=True):
        if owner(column) not in names:
            continue
        result[column] = {"value": value}
        se = errors.get(column)
        if se is not None and np.isfinite(se):
            result[column] |= {"se": se, "lower": value - width * se, "upper": value + width * se}
    return result


def _profiled(
    setting: FitContext, method: Mle, found: search.OptimumSearch, estimates: dict[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Return the estimates with the profile-likelihood intervals that were asked for."""
    for name in method.profile:
        try:
            interval = find_profile_interval(
                found.surface, found.best, setting.request.program, name, setting.request.level
            )
        except MethodError as error:
            interval = ProfileInterval(None, None, error.message)
        ends = {"profile_lower": interval.lower, "profile_upper": interval.upper}
        estimates.setdefault(name, {})
        estimates[name] |= ends | ({"profile_remark": interval.remark} if interval.remark else {})
    return estimates


def _criteria(setting: FitContext, best: search.Optimum, derived: GeneratedQuantities) -> dict[str, Any]:
    """Return the normalised log-likelihood at the estimate [nats], and the criteria made of it.

    References
    ----------
    Akaike (1974), IEEE Transactions on Automatic Control 19(6); Schwarz (1978), Annals of Statistics 6(2).
    """
    instrumented = setting.request.program.instrumented
    count = len(best.curvature.free_names) if best.curvature is not None else None
    name = instrumented.outputs.log_lik if instrumented is not None else None
    pointwise = [value for column, value in derived.values.items() if owner(column) == name]
    log_lik = float(np.sum(pointwise)) if pointwise else sum_terms_by_role(setting, derived).get("likelihood")
    observations = len(pointwise) or None
    facts: dict[str, Any] = {"parameters": count, "observations": observations}
    if log_lik is None:
        return facts
    facts["log_lik"] = log_lik
    if count is not None:
        facts["aic"] = 2 * count - 2 * log_lik
        facts["bic"] = count * float(np.log(observations)) - 2 * log_lik if observations else None
    return facts
