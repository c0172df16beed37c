"""The Laplace approximation: a normal distribution around the unconstrained mode."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.backends import RawRun
from workbench.backends.base import Floats
from workbench.estimation.context import FitContext
from workbench.estimation.optimum import search
from workbench.estimation.optimum.generated_quantities import compute_generated_quantities, sum_terms_by_role
from workbench.estimation.optimum.log_density import LogDensity, evaluate
from workbench.estimation.sampling.importance import (
    ImportanceWeights,
    compute_importance_weights,
    compute_weighted_moments,
)
from workbench.results import draws
from workbench.results.method_result import MethodResult
from workbench.results.quantities import owner

EVIDENCE_CAVEAT = (
    "Laplace's approximation of the log evidence: exact where the posterior is normal on the unconstrained "
    "scale, and as sensitive to the width of the priors as any evidence is."
)


def run_laplace(setting: FitContext, found: search.OptimumSearch | None) -> MethodResult:
    """Return draws around the unconstrained mode, with the k-hat of the approximation.

    Where k-hat allows, estimates corrected by importance weights stand beside the plain ones.
    """
    if not setting.request.program.parameters:
        return MethodResult(
            "not available", "the program has no parameters: there is nothing to approximate."
        )
    if found is None:
        return MethodResult("failed", "there is no unconstrained mode to approximate around.")
    run = found.best.approximation
    reason = found.problem or _kinked(found.best)
    if not reason and (run is None or not run.converged):
        reason = "Stan could not draw from the approximation."
    if reason or run is None:
        return MethodResult("failed", f"there is no mode to approximate around: {reason}")
    weighed = compute_importance_weights(run.stats["log_p"][0] - run.stats["log_q"][0])
    group = draws.read(
        run,
        setting.request.program,
        setting.request.data,
        draws.parameters(setting.request.program),
        ("draw",),
    )
    for name in ("log_p", "log_q"):
        group[name] = (("draw",), run.stats[name][0])
    facts = {
        "khat": weighed.khat,
        "khat_threshold": weighed.threshold,
        "draws": run.draws.shape[1],
        "corrected": weighed.is_reliable,
        **_evidence(setting, found, weighed),
    }
    estimates = summarise_independent_draws(setting, run, weighed)
    return MethodResult("ok", "", facts, estimates, {"laplace": group}, run.console, run.seconds)


def summarise_independent_draws(
    setting: FitContext, run: RawRun, weighed: ImportanceWeights
) -> dict[str, dict[str, float]]:
    """Return mean, median, sd and interval of independent draws, and corrected moments where k-hat allows.

    Parameters
    ----------
    setting
        Whose parameters are summarised.
    run
        One chain of draws.
    weighed
        Their importance weights.
    """
    names = draws.parameters(setting.request.program)
    keep = [i for i, column in enumerate(run.columns) if owner(column) in names]
    values = run.draws[0][:, keep]
    values = np.where(np.isfinite(values).all(axis=0), values, np.nan)  # minus infinity has no moments
    tail = (1 - setting.request.level) / 2
    lower, median, upper = np.quantile(values, [tail, 0.5, 1 - tail], axis=0)
    sd = values.std(axis=0, ddof=1)
    estimates = {
        run.columns[i]: {
            "mean": float(values[:, k].mean()),
            "median": float(median[k]),
            "sd": float(sd[k]),
            "mcse_mean": float(sd[k] / np.sqrt(len(values))),
            "mcse_sd": _error_of_sd(values[:, k]),
            "lower": float(lower[k]),
            "upper": float(upper[k]),
        }
        for k, i in enumerate(keep)
    }
    if weighed.is_reliable:
        corrected = compute_weighted_moments(values, weighed.weights)
        for k, i in enumerate(keep):
            moments = {"corrected_mean": float(corrected[0][k]), "corrected_sd": float(corrected[1][k])}
            estimates[run.columns[i]] |= moments
    return estimates


def _error_of_sd(values: Floats) -> float:
    """Return the Monte Carlo standard error of a standard deviation from independent draws, `(draw,)`.

    References
    ----------
    Kenney and Keeping (1951), Mathematics of Statistics, part 2, section 7.8: by the fourth moment.
    """
    away = (values - values.mean()) ** 2
    variance = float(away.mean())
    return float(away.std() / (2 * np.sqrt(variance * len(values)))) if variance != 0 else 0.0


def _kinked(best: search.Optimum) -> str:
    if not best.held:
        return ""
    names = ", ".join(f"`{name}`" for name in best.held)
    return f"the density has a kink at the mode in {names}, where no normal distribution fits."


def _evidence(setting: FitContext, found: search.OptimumSearch, weighed: ImportanceWeights) -> dict[str, Any]:
    """Return the log evidence [nats], or why there is none.

    References
    ----------
    Tierney and Kadane (1986), Accurate approximations for posterior moments and marginal densities, JASA
    81(393), doi:10.1080/01621459.1986.10478240.
    """
    best, program = found.best, setting.request.program
    improper = sorted(_without_prior(setting))
    sums = sum_terms_by_role(setting, compute_generated_quantities(setting, found.surface, best))
    if improper:
        listed = ", ".join(f"`{name}`" for name in improper)
        return {"log_evidence": None, "log_evidence_reason": f"{listed} has no prior: there is no evidence."}
    if program.instrumented is None or best.summit is None or not sums:
        return {"log_evidence": None, "log_evidence_reason": "the program's densities are not normalised."}
    plain = LogDensity(found.surface.backend, found.surface.job, jacobian=False)
    heights, _ = evaluate(plain, best.summit.point[None])
    # The Jacobian of the constraints is what the two densities differ by.
    joint = sum(sums.values()) + best.height - float(heights[0])
    size = best.summit.frame.shape[1]
    volume = 0.5 * size * np.log(2 * np.pi) + float(np.linalg.slogdet(best.summit.frame)[1])
    facts: dict[str, Any] = {"log_evidence": float(joint + volume), "log_evidence_caveat": EVIDENCE_CAVEAT}
    if weighed.is_reliable:
        facts["log_evidence_corrected"] = float(joint + volume + weighed.log_mean - best.height)
    return facts


def _without_prior(setting: FitContext) -> set[str]:
    """Return the parameters that no prior and no latent term concerns: their density is not normalised."""
    terms = [term for term in setting.request.program.terms if term.role in ("prior", "latent")]
    concerned = {name for term in terms for name in (*term.outcomes, *term.parameters)}
    return {one.name for one in setting.request.program.parameters} - concerned
