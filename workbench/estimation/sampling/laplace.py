"""The Laplace approximation: a normal distribution around the unconstrained mode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.backends import RawRun
from workbench.backends.base import Floats
from workbench.errors import ProgramError
from workbench.estimation.context import FitContext
from workbench.estimation.optimum.generated_quantities import compute_generated_quantities, sum_terms_by_role
from workbench.estimation.optimum.log_density import LogDensity, evaluate
from workbench.estimation.optimum.search import Optimum, OptimumSearch
from workbench.estimation.sampling.prior_mass import compute_prior_mass
from workbench.estimation.sampling.psis import (
    ImportanceWeights,
    compute_importance_weights,
    compute_weighted_moments,
)
from workbench.late_imports import LateModule
from workbench.program import Declaration
from workbench.results import draws
from workbench.results.method_result import MethodResult
from workbench.results.quantities import owner

if TYPE_CHECKING:
    from scipy import special
else:
    special = LateModule("scipy.special")

EVIDENCE_CAVEAT = (
    "Laplace's approximation of the log evidence: exact where the posterior is normal on the unconstrained "
    "scale, and as sensitive to the width of the priors as any evidence."
)
"""What is said beside the log evidence."""

CONSTANTS_KEPT = (
    "the densities have all their constants, and the prior is divided by its integral over the declared "
    "constraints."
)
"""What an evidence includes, whatever the program."""

_UNMIXED_KINDS = frozenset({"real", "vector", "row_vector", "matrix"})
"""Types each of whose elements has an unconstrained dimension of its own."""

_LINEAR_KINDS = frozenset({"sum_to_zero_vector", "sum_to_zero_matrix"})
"""Types that are a linear function of the unconstrained scale."""

_NODES = 100
"""Nodes of the quadrature: for a standard deviation up to 5 on the logit scale, its error is below 1e-6."""


def run_laplace(context: FitContext, search: OptimumSearch | None) -> MethodResult:
    """Return draws around the unconstrained mode, with the k-hat of the approximation.

    Where k-hat allows, estimates corrected by importance weights stand beside the plain ones.
    """
    program = context.request.program
    if not program.parameters:
        return MethodResult(
            "not available", "the program has no parameters: there is nothing to approximate."
        )
    if search is None:
        return MethodResult("failed", "there is no unconstrained mode to approximate around.")
    run = search.best.approximation
    reason = search.problem or _explain_nonsmooth(search.best) or search.best.approximation_problem
    if not reason and (run is None or not run.converged):
        reason = "Stan could not draw from the approximation."
    if reason or run is None:
        return MethodResult("failed", reason)
    weights = compute_importance_weights(run.stats["log_p"][0] - run.stats["log_q"][0])
    names = draws.list_parameters(context.request)
    group = draws.read_variables(run, program, context.request.data, names, ("draw",))
    for name in ("log_p", "log_q"):
        group[name] = (("draw",), run.stats[name][0])
    facts = {
        "khat": weights.khat,
        "khat_threshold": weights.threshold,
        "draws": run.draws.shape[1],
        "corrected": weights.is_reliable,
        **_approximate_evidence(context, search, weights),
    }
    estimates = summarise_independent_draws(context, run, weights)
    for name, mean in compute_exact_means(context, search.best).items():
        if name in estimates:
            estimates[name]["exact_mean"] = mean
    return MethodResult("ok", "", facts, estimates, {"laplace": group}, run.console, run.seconds)


def summarise_independent_draws(
    context: FitContext, run: RawRun, weights: ImportanceWeights
) -> dict[str, dict[str, float]]:
    """Return mean, median, sd and interval of each parameter, and corrected moments where k-hat allows.

    Parameters
    ----------
    context
        The context of the fit.
    run
        One chain of independent draws.
    weights
        Their importance weights.
    """
    names = draws.list_parameters(context.request)
    kept = [i for i, column in enumerate(run.columns) if owner(column) in names]
    values = run.draws[0][:, kept]
    values = np.where(np.isfinite(values).all(axis=0), values, np.nan)  # minus infinity has no moments
    tail = (1 - context.request.level) / 2
    lower, median, upper = np.quantile(values, [tail, 0.5, 1 - tail], axis=0)
    sd = values.std(axis=0, ddof=1)
    estimates = {
        run.columns[i]: {
            "mean": float(values[:, k].mean()),
            "median": float(median[k]),
            "sd": float(sd[k]),
            "mcse_mean": float(sd[k] / np.sqrt(len(values))),
            "mcse_sd": _estimate_error_of_sd(values[:, k]),
            "lower": float(lower[k]),
            "upper": float(upper[k]),
        }
        for k, i in enumerate(kept)
    }
    if weights.is_reliable:
        corrected_mean, corrected_sd = compute_weighted_moments(values, weights.weights)
        for k, i in enumerate(kept):
            moments = {"corrected_mean": float(corrected_mean[k]), "corrected_sd": float(corrected_sd[k])}
            estimates[run.columns[i]] |= moments
    return estimates


def compute_exact_means(context: FitContext, optimum: Optimum) -> dict[str, float]:
    """Return the means of the approximation that are known without draws, by element of a parameter.

    Without a transform, the mean is the mode. A bound on one side makes the parameter lognormal; bounds on
    both sides take a quadrature. Transforms with arguments that are parameters are left out.

    References
    ----------
    Quadrature: Abramowitz and Stegun (1972), Handbook of Mathematical Functions, section 25.4.46.
    """
    curvature, newton = optimum.curvature, optimum.newton
    if curvature is None or newton is None:
        return {}
    variances = (newton.directions**2).sum(axis=1)
    free = {name: place for place, name in enumerate(curvature.free_names)}
    declared = {item.name: item for item in context.request.program.parameters}
    means: dict[str, float] = {}
    for name, mode in optimum.values.items():
        declaration = declared.get(owner(name))
        if declaration is None or declaration.kind not in {*_UNMIXED_KINDS, *_LINEAR_KINDS}:
            continue
        bounds = _find_bounds(context, declaration)
        if bounds == (-np.inf, np.inf):
            means[name] = mode
        elif bounds is not None and name in free and not context.request.data.standardized:
            place = free[name]
            means[name] = _compute_mean_within(bounds, float(newton.point[place]), float(variances[place]))
    return {name: mean for name, mean in means.items() if np.isfinite(mean)}


def _find_bounds(context: FitContext, declaration: Declaration) -> tuple[float, float] | None:
    """Return the bounds of all elements of a parameter; `None` if they are not single numbers of data."""
    values, ends = context.request.data.values, []
    for limit, absent in ((declaration.lower, -np.inf), (declaration.upper, np.inf)):
        try:
            value = absent if limit is None else limit.evaluate(values)
        except ProgramError:
            return None
        if np.ndim(value) != 0:
            return None
        ends.append(float(value))
    changes = (item for item in (declaration.offset, declaration.multiplier) if item is not None)
    parameters = {item.name for item in context.request.program.parameters}
    derived = {item.name for item in context.request.program.transformed_parameters}
    if any(item.names & (parameters | derived) for item in changes):
        return None
    return ends[0], ends[1]


def _compute_mean_within(bounds: tuple[float, float], mean: float, variance: float) -> float:
    """Return the mean of a parameter whose log or logit distance from its bounds is normal."""
    lower, upper = bounds
    if upper == np.inf:
        with np.errstate(over="ignore"):
            return float(lower + np.exp(mean + variance / 2))
    if lower == -np.inf:
        with np.errstate(over="ignore"):
            return float(upper - np.exp(mean + variance / 2))
    nodes, weights = np.polynomial.hermite.hermgauss(_NODES)
    shares = special.expit(mean + np.sqrt(2 * variance) * nodes)
    return float(lower + (upper - lower) * (weights @ shares) / np.sqrt(np.pi))


def _estimate_error_of_sd(values: Floats) -> float:
    """Return the Monte Carlo standard error of the standard deviation of independent draws, `(draw,)`.

    References
    ----------
    Kenney and Keeping (1951), Mathematics of Statistics, part 2, section 7.8: by the fourth moment.
    """
    squares = (values - values.mean()) ** 2
    variance = float(squares.mean())
    return float(squares.std() / (2 * np.sqrt(variance * len(values)))) if variance != 0 else 0.0


def _explain_nonsmooth(optimum: Optimum) -> str:
    if not optimum.held:
        return ""
    names = ", ".join(f"`{name}`" for name in optimum.held)
    return f"the density is not smooth at the mode in {names}."


def _approximate_evidence(
    context: FitContext, search: OptimumSearch, weights: ImportanceWeights
) -> dict[str, Any]:
    """Return the log evidence [nats], or why there is none.

    The prior is divided by its integral over the declared constraints: `real<lower=0> sigma` with
    `sigma ~ normal(0, 1)` is a half-normal prior, with twice the density of the normal.

    References
    ----------
    Tierney and Kadane (1986), Accurate approximations for posterior moments and marginal densities, JASA
    81(393), doi:10.1080/01621459.1986.10478240.
    """
    best, program = search.best, context.request.program
    prior = compute_prior_mass(context)
    if prior.reason:
        return {"log_evidence": None, "log_evidence_reason": prior.reason}
    sums = sum_terms_by_role(context, compute_generated_quantities(context, search.target, best))
    if program.instrumented is None or best.newton is None or not sums:
        return {"log_evidence": None, "log_evidence_reason": "the program's densities are not normalised."}
    without_jacobian = LogDensity(search.target.backend, search.target.job, jacobian=False)
    log_density, _ = evaluate(without_jacobian, best.newton.point[None])
    # The two densities differ by the Jacobian of the constraints.
    joint = sum(sums.values()) - prior.log_mass + best.log_density - float(log_density[0])
    size = best.newton.directions.shape[1]
    volume = 0.5 * size * np.log(2 * np.pi) + float(np.linalg.slogdet(best.newton.directions)[1])
    facts: dict[str, Any] = {
        "log_evidence": float(joint + volume),
        "log_prior_mass": prior.log_mass,
        "log_evidence_caveat": EVIDENCE_CAVEAT,
        "log_evidence_includes": [CONSTANTS_KEPT, *prior.notes],
    }
    if weights.is_reliable:
        facts["log_evidence_corrected"] = float(joint + volume + weights.log_mean - best.log_density)
    return facts
