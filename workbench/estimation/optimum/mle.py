"""Maximum likelihood: every prior switched off, on the declared scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.backends import RawRun
from workbench.errors import MethodError, RunError
from workbench.estimation.context import FitContext
from workbench.estimation.optimum.convergence import find_constrained_dimensions
from workbench.estimation.optimum.generated_quantities import (
    GeneratedQuantities,
    compute_generated_quantities,
    sum_terms_by_role,
    with_generated_quantities,
)
from workbench.estimation.optimum.profile import ProfileInterval, find_profile_interval
from workbench.estimation.optimum.search import (
    CURVATURE_ONLY,
    KnownPoint,
    Optimum,
    OptimumSearch,
    compute_standard_errors,
    find_optima,
)
from workbench.late_imports import LateModule
from workbench.methods import Mle
from workbench.program import Program
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.terms.densities import parse_density
from workbench.request import FitRequest
from workbench.results import draws
from workbench.results.method_result import MethodResult
from workbench.results.outcomes import has_pointwise
from workbench.results.quantities import owner
from workbench.thresholds import WIDE_ERROR

if TYPE_CHECKING:
    from scipy import stats
else:
    stats = LateModule("scipy.stats")

_TRIALS = {"binomial": 1, "binomial_logit": 1, "binomial_logit_glm": 1}
"""Distributions of counts of trials, and which argument, after the outcome, is the number of trials."""

_PLAIN_KINDS = frozenset({"real", "vector", "row_vector", "matrix"})
"""Types of parameters all of whose elements vary."""

_MOST_WIDE = 4
"""Parameters with wide standard errors that a remark names. Ours."""

_ROUNDING = 1e-9
"""Standard error, relative to the value, up to which a quantity is constant: what differences over a step of
1e-5 standard errors leave of double precision, for up to thousands of dimensions. Ours."""

_LATENT_REMARK = (
    "the densities of latent variables are kept: this is a penalised joint mode, not a marginal maximum "
    "likelihood estimate."
)
"""What the estimate is where the program has latent variables."""


def find_mle(context: FitContext, method: Mle, known: KnownPoint | None = None) -> MethodResult:
    """Return the maximum-likelihood estimate with standard errors, intervals and information criteria.

    Parameters
    ----------
    context
        The context of the fit.
    method
        How many starts, and which profile intervals.
    known
        A posterior mode, from which to start too where every start ended lower.
    """
    reason = _explain_unavailable(context)
    if reason:
        return MethodResult("not available", reason)
    try:
        search = find_optima(
            context,
            "mle",
            jacobian=False,
            prior_weight=0.0,
            starts=method.starts,
            laplace=CURVATURE_ONLY,
            known=known,
        )
    except RunError as error:
        return MethodResult("failed", error.message, console=error.console)
    best = search.best
    if search.problem:
        return MethodResult(
            "failed", search.problem, search.facts, console=best.run.console, seconds=best.run.seconds
        )
    generated = compute_generated_quantities(context, search.target, best)
    run = with_generated_quantities(best, generated)
    program, data = context.request.program, context.request.data
    names = (*draws.list_parameters(context.request), *draws.list_quantities(context.request))
    estimates = _summarise(context, run, best, generated, names)
    return MethodResult(
        "ok",
        facts={
            **search.facts,
            **_compute_criteria(context, method, best, generated),
            **_remark(context, search),
        },
        estimates=_with_profile_intervals(context, method, search, estimates),
        groups={"mle": draws.read_variables(run, program, data, names, ())},
        console=best.run.console,
        seconds=best.run.seconds,
    )


def _explain_unavailable(context: FitContext) -> str:
    """Return why the program has no maximum-likelihood estimate, or an empty string."""
    program = context.request.program
    if not program.parameters:
        return "the program has no parameters: there is nothing to estimate."
    if program.instrumented is None:
        return "the program could not be taken apart, so its priors cannot be switched off."
    lines = sorted({term.line for term in program.terms if term.role == "unplaced"})
    if lines:
        listed = ", ".join(map(str, lines))
        option = f"--role 'line {lines[0]}=prior'"
        return (
            f"the statement on line {listed} may be a prior or part of the likelihood: say which, as in "
            f"{option}."
        )
    if all(term.role != "likelihood" for term in program.terms):
        return "the program has no likelihood: without the prior there is nothing to maximise."
    if program.untouched_by_likelihood:
        flat = ", ".join(f"`{name}`" for name in program.untouched_by_likelihood)
        return f"the likelihood does not depend on {flat}: without the prior the density is flat."
    return ""


def _remark(context: FitContext, search: OptimumSearch) -> dict[str, str]:
    """Say what the estimate is where latent variables are estimated too, and whether it is the only one."""
    has_latent = any(term.role == "latent" for term in context.request.program.terms)
    is_latent = has_latent and "latent" not in context.request.scaled
    remarks = (
        _LATENT_REMARK if is_latent else "",
        search.facts.get("remark", ""),
        _describe_wide_errors(context.request.program, search.best),
    )
    return {"remark": " ".join(filter(None, remarks))} if any(remarks) else {}


def _describe_wide_errors(program: Program, best: Optimum) -> str:
    """Say which parameters with bounds the data hardly limit, in a sentence; empty if there are none."""
    if best.newton is None or best.curvature is None:
        return ""
    errors = np.sqrt(np.diag(best.newton.covariance))
    is_wide = find_constrained_dimensions(best.curvature, program) & (errors > WIDE_ERROR)
    wide = {
        best.curvature.free_names[dim]: errors[dim]
        for dim in np.flatnonzero(is_wide)
        if best.curvature.free_names[dim] in best.curvature.names
    }
    names = list(wide)
    if not names:
        return ""
    *others, last = (f"`{name}`" for name in names[:_MOST_WIDE])
    listed = f"{', '.join(others)} and {last}" if others else last
    more = f" ({len(names) - _MOST_WIDE} more like them)" if len(names) > _MOST_WIDE else ""
    return (
        f"the data hardly limit {listed}{more}: on the log or log-odds scale the standard error of "
        f"`{names[0]}` is {wide[names[0]]:.2g}. The likelihood is then far "
        f"from normal: use --profile {names[0]} for its interval, or the posterior."
    )


def _summarise(
    context: FitContext,
    run: RawRun,
    best: Optimum,
    generated: GeneratedQuantities,
    names: tuple[str, ...],
) -> dict[str, dict[str, Any]]:
    """Return value, standard error and Wald interval of each parameter and deterministic quantity.

    What is constant, such as the diagonal of a correlation matrix, has no standard error.
    """
    plain = {item.name for item in context.request.program.parameters if item.kind in _PLAIN_KINDS}
    errors = compute_standard_errors(best) | dict(generated.errors)
    width = float(stats.norm.ppf(0.5 + context.request.level / 2))
    estimates: dict[str, dict[str, Any]] = {}
    for column, value in zip(run.columns, run.draws[0, 0].tolist(), strict=True):
        if owner(column) not in names:
            continue
        estimates[column] = {"value": value}
        se = errors.get(column)
        is_constant = owner(column) not in plain and se is not None and se <= _ROUNDING * abs(value)
        if se is not None and np.isfinite(se) and not is_constant:
            estimates[column] |= {"se": se, "lower": value - width * se, "upper": value + width * se}
    return estimates


def _with_profile_intervals(
    context: FitContext, method: Mle, search: OptimumSearch, estimates: dict[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Return the estimates with the requested profile-likelihood intervals."""
    request = context.request
    for name in method.profile:
        try:
            interval = find_profile_interval(search.target, search.best, request.program, name, request.level)
        except MethodError as error:
            interval = ProfileInterval(None, None, error.message)
        ends = {"profile_lower": interval.lower, "profile_upper": interval.upper}
        remark = {"profile_remark": interval.remark} if interval.remark else {}
        estimates[name] = {**estimates.get(name, {}), **ends, **remark}
    return estimates


def _compute_criteria(
    context: FitContext, method: Mle, best: Optimum, generated: GeneratedQuantities
) -> dict[str, Any]:
    """Return the normalised log-likelihood at the estimate [nats], AIC and BIC.

    The sample size of the BIC is the number of observations, unless the user sets it. A likelihood that is
    one joint density does not say how many it holds: without a size from the user it has no BIC.

    References
    ----------
    Akaike (1974), IEEE Transactions on Automatic Control 19(6); Schwarz (1978), Annals of Statistics 6(2).
    """
    instrumented = context.request.program.instrumented
    count = len(best.curvature.free_names) if best.curvature is not None else None
    name = instrumented.outputs.log_lik if instrumented is not None else None
    pointwise = [value for column, value in generated.values.items() if owner(column) == name]
    log_lik = (
        float(np.sum(pointwise)) if pointwise else sum_terms_by_role(context, generated).get("likelihood")
    )
    observations = len(pointwise) or _count_rows(context.request) or None
    facts: dict[str, Any] = {"parameters": count, "observations": observations}
    trials = count_trials(context.request, observations)
    if trials is not None:
        facts["trials"] = trials
    if log_lik is None:
        return facts
    facts["log_lik"] = log_lik
    if count is not None:
        facts["aic"] = 2 * count - 2 * log_lik
        is_joint = any(item.feature == "loo" for item in context.request.program.obstacles)
        size = method.bic_count or (None if is_joint else observations)
        facts["bic_count"] = size
        facts["bic"] = count * float(np.log(size)) - 2 * log_lik if size else None
    return facts


def _count_rows(request: FitRequest) -> int | None:
    """Return the rows of the data where `log_lik`, which is too long, would have an entry for each."""
    likelihood = [term for term in request.program.terms if term.role == "likelihood"]
    return request.data.rows if not has_pointwise(request) and len(likelihood) == 1 else None


def count_trials(request: FitRequest, observations: int | None) -> int | None:
    """Return the number of trials where all observations are counts of trials; `None` elsewhere.

    Parameters
    ----------
    request
        The program and its data.
    observations
        The number of observations.
    """
    counts = []
    for term in request.program.terms:
        if term.role == "likelihood":
            density = parse_density(term.contributions[0].summand.node) if term.contributions else None
            if density is None or density.distribution not in _TRIALS:
                return None
            counts.append(_read_whole(request, density.arguments[_TRIALS[density.distribution]]))
    values = counts[0] if len(counts) == 1 else None
    if values is None or observations is None:
        return None
    if values.size == 1:
        return int(values.ravel()[0]) * observations
    return int(values.sum()) if values.size == observations else None


def _read_whole(request: FitRequest, node: n.Expr) -> np.ndarray | None:
    """Return the data variable that an argument is, or is an element of; an integer counts as well."""
    inner = t.unwrap(node)
    while isinstance(inner, n.Indexed):
        inner = t.unwrap(inner.base)
    if isinstance(inner, n.Numeral):
        return np.array(float(inner.text.replace("_", "")))
    value = request.data.values.get(inner.name) if isinstance(inner, n.Variable) else None
    return None if value is None else np.asarray(value)
