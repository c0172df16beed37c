"""Maximum likelihood: every prior switched off, on the scale the user declared."""

from __future__ import annotations

import numpy as np
from scipy import stats

from workbench.errors import RunError
from workbench.estimation import draws, mode
from workbench.estimation.part import Part
from workbench.estimation.setting import Setting


def estimate(setting: Setting) -> Part:
    """Return the maximum-likelihood estimate with Wald standard errors and intervals."""
    reason = _unavailable(setting)
    if reason:
        return Part("not available", reason)
    try:
        found = mode.find(setting, "mle", jacobian=False, prior_weight=0.0, laplace=mode.CURVATURE_ONLY)
    except RunError as error:
        return Part("failed", error.message)
    program, data = setting.request.program, setting.request.data
    if found.problem:
        return Part(
            "failed", found.problem, found.facts, console=found.run.console, seconds=found.run.seconds
        )
    names = draws.parameters(program)
    return Part(
        "ok",
        facts={**found.facts, **_log_likelihood(setting, found), **_remark(setting)},
        estimates=_estimates(setting, found, names),
        groups={"mle": draws.read(found.run, program, data, names, ())},
        console=found.run.console,
        seconds=found.run.seconds,
    )


def _unavailable(setting: Setting) -> str:
    program = setting.request.program
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


def _remark(setting: Setting) -> dict[str, str]:
    """Say what the estimate is where latent variables are estimated along with the parameters."""
    has_latent = any(term.role == "latent" for term in setting.request.program.terms)
    if not has_latent or "latent" in setting.request.scaled:
        return {}
    words = "latent variables keep their densities: this is a penalised joint mode, not a marginal maximum."
    return {"remark": words}


def _estimates(setting: Setting, found: mode.Mode, names: tuple[str, ...]) -> dict[str, dict[str, float]]:
    """Return value, standard error and Wald interval of each parameter."""
    errors = mode.standard_errors(found.curvature) if found.curvature is not None else {}
    width = float(stats.norm.ppf(0.5 + setting.request.level / 2))
    result: dict[str, dict[str, float]] = {}
    for column, value in found.values.items():
        if draws.owner(column) not in names:
            continue
        result[column] = {"value": value}
        se = errors.get(column)
        if se is not None and np.isfinite(se):
            result[column] |= {"se": se, "lower": value - width * se, "upper": value + width * se}
    return result


def _log_likelihood(setting: Setting, found: mode.Mode) -> dict[str, float]:
    """Return the normalised log-likelihood at the estimate, where the program gives one [nats]."""
    instrumented = setting.request.program.instrumented
    name = instrumented.outputs.log_lik if instrumented is not None else None
    if name is None:
        return {}
    values = [value for column, value in found.values.items() if draws.owner(column) == name]
    return {"log_lik": float(np.sum(values))} if values else {}
