"""Why no chain and no optimiser could start: which statement of the program has no finite log density there.

Stan says `Initialization failed` and no more. Each statement is evaluated alone, with the weights of all
others at 0, at points drawn as Stan draws initial values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from workbench.backends import Job, RawRun
from workbench.errors import RunError
from workbench.estimation.context import FitContext
from workbench.program import InstrumentedProgram, Term
from workbench.results import draws
from workbench.results.method_result import MethodResult
from workbench.results.quantities import owner

POINTS = 4
"""Points at which every statement is tried. Ours."""

_MOST_TERMS = 60
"""Statements of a program up to which each is tried: every one takes a process for each point. Ours."""

_MOST_VALUES = 4
"""Parameters whose values are shown. Ours."""

_RANGE = 2.0
"""Largest absolute value of Stan's initial values on the unconstrained scale."""

_LONGEST = 100
"""Characters of a statement that are shown. Ours."""

_SIGNS = ("Initialization failed", "No pathfinders ran")
"""What Stan prints when no initial value has a finite log density and gradient. Rejected values alone say
nothing: Stan tries others."""

_SAMPLING, _STARTED = "method = sample", ("Gradient evaluation took", "Elapsed Time")
"""What each chain prints first, and what it prints, one or the other, once it has a gradient at its initial
value."""

_UNRECOVERABLE = "Unrecoverable error"
"""What it prints where the density itself cannot be evaluated, whatever the values: as for a wrong index."""

_SOLVER = re.compile(r"\b(ode_\w+|integrate_ode\w*|dae\w*)\s*\(")
"""A call of a solver of differential equations."""

_ELSEWHERE = "no starting point has a finite log density."
"""What is said of further methods that failed for the same reason."""

_ORDER = ("nuts", "mle", "map", "map_unconstrained", "pathfinder")
"""Methods whose failure is explained: the first of them in full."""

_ADVICE = (
    (
        r"log\s*\(\s*prod\s*\(",
        "A product of many densities underflows to 0. Add up logarithms instead: `sum(log(x))`, or the "
        "`_lpdf` and `_lpmf` values themselves, without `exp`.",
    ),
    (
        r"log\s*\([^;]*\bexp\s*\(",
        "`exp` underflows to 0 inside `log`. Write `log_sum_exp(a, b)` for `log(exp(a) + exp(b))`, `log_mix` "
        "for a mixture, and `log1m_exp(a)` for `log(1 - exp(a))`.",
    ),
    (
        r"log\s*\(\s*1(\.0)?\s*-[^;]*_cdf\s*\(",
        "The distribution function rounds to 1. Write `_lccdf` for the logarithm of 1 minus it.",
    ),
    (
        r"log\s*\([^;]*(_cdf|\bPhi)\s*\(",
        "The distribution function underflows to 0. Write `_lcdf`, or `std_normal_lcdf` for `log(Phi(x))`.",
    ),
    (
        r"log\s*\([^;]*\binv_logit\s*\(",
        "`inv_logit` rounds to 0 or 1. Write `log_inv_logit(x)`, or `log1m_inv_logit(x)` for 1 minus it.",
    ),
    (r"log\s*\(\s*1(\.0)?\s*-", "The difference rounds to 0. Write `log1m(p)` for `log(1 - p)`."),
)
"""What to write instead, by what stands in a statement; the first that fits is said."""

_ADVICE_LOG = (
    "The argument of `log` is 0 or negative there: keep the computation on the log scale throughout."
)
_ADVICE_SOLVER = (
    "The solution of the differential equations is 0 or negative there, by an error within the solver's "
    "tolerance: solve with smaller tolerances, or write the equations for the logarithm."
)
_ADVICE_SOLVER_START = (
    "A solver of differential equations takes other steps when it computes gradients: solve with smaller "
    "tolerances, or start elsewhere, with --init map or another --seed."
)
_ADVICE_START = "Start elsewhere, with --init map or another --seed."
_ADVICE_SUPPORT = (
    "A value may lie outside the support of the distribution, or too far out for its density to be above 0: "
    "check the data and the declared bounds, or start nearer with --init FILE."
)
_ADVICE_OTHER = "Print its parts with `print()`, or start elsewhere with --init FILE."
"""What is said where none of them fits."""


@dataclass(frozen=True)
class TermFailure:
    """A statement without a finite log density.

    Attributes
    ----------
    term
        The statement.
    state
        What it is there, such as `is minus infinity`.
    count
        At how many points.
    point
        The first of these points.
    """

    term: Term
    state: str
    count: int
    point: RawRun


def explain_failed_starts(
    context: FitContext, results: Mapping[str, MethodResult]
) -> dict[str, MethodResult]:
    """Return results in which one failure to start names its cause, and the others refer to it briefly."""
    results = {key: _explain_stopped_start(context, result) for key, result in results.items()}
    failed = [key for key in _ORDER if key in results and _failed_to_start(results[key])]
    if not failed:
        return results
    explanation = _explain(context)
    if not explanation:
        return results
    changed = {key: replace(results[key], reason=_ELSEWHERE) for key in failed[1:]}
    changed[failed[0]] = replace(results[failed[0]], reason=explanation)
    return {**results, **changed}


def _failed_to_start(result: MethodResult) -> bool:
    """Return whether a method failed at its starting points; Pathfinder says so on the console alone."""
    return result.status == "failed" and any(
        sign in result.reason or sign in result.console for sign in _SIGNS
    )


def _explain_stopped_start(context: FitContext, result: MethodResult) -> MethodResult:
    """Return a result that says, where it is so, that a chain had a density at its start but no gradient.

    Stan tries other initial values where the density is not finite, but ends where the gradient is refused.
    """
    chains = result.console.split(_SAMPLING)[1:]
    if result.status != "failed" or _failed_to_start(result):
        return result
    stopped = [
        chain for chain in chains if "Exception: " in chain and not any(sign in chain for sign in _STARTED)
    ]
    if not stopped or any(_UNRECOVERABLE in chain for chain in stopped):
        return result
    message = stopped[0].rpartition("Exception: ")[2].partition("\n")[0].strip().rstrip(".")
    count = "a chain" if len(stopped) == 1 else f"{len(stopped)} chains"
    advice = _ADVICE_SOLVER_START if _uses_solver(context.request.program.source) else _ADVICE_START
    reason = (
        f"{count} of {len(chains)} ended at the initial value: the log density is finite there, but Stan "
        f"cannot compute its gradient ({message}). {advice}"
    )
    return replace(result, reason=reason)


def _uses_solver(source: str) -> bool:
    """Return whether a program solves differential equations."""
    return any(_SOLVER.search(line.partition("//")[0]) for line in source.splitlines())


def suggest_rewriting(text: str, source: str) -> str:
    """Return what to write instead of a statement that underflows, or where else to look.

    Parameters
    ----------
    text
        The statement.
    source
        The program: what underflows may have been computed before the statement.
    """
    for pattern, advice in _ADVICE:
        if re.search(pattern, text):
            return advice
    if re.search(r"\blog\s*\(", text):
        return _ADVICE_SOLVER if _uses_solver(source) else _ADVICE_LOG
    if "~" in text or re.search(r"_l?u?p[dm]f\s*\(", text):
        return _ADVICE_SUPPORT
    for number, line in enumerate(source.splitlines(), 1):
        for pattern, advice in _ADVICE:
            if re.search(pattern, line.partition("//")[0]):
                return f"Look at line {number}. {advice}"
    return _ADVICE_OTHER


def _explain(context: FitContext) -> str:
    """Return which statement is not finite, where, and what to do; empty where that cannot be found."""
    program = context.request.program
    instrumented = program.instrumented
    if instrumented is None or not 0 < len(instrumented.terms) <= _MOST_TERMS:
        return ""
    try:
        points = _draw_points(context, instrumented)
        found = [_try_term(context, instrumented, term, points) for term in instrumented.terms]
    except RunError:
        return ""
    failures = sorted(
        (failure for failure in found if failure is not None), key=lambda failure: -failure.count
    )
    if not failures:
        return ""
    worst = failures[0]
    text = worst.term.text if len(worst.term.text) <= _LONGEST else f"{worst.term.text[:_LONGEST]} ..."
    values = _describe_values(worst.term, worst.point)
    more = len(failures) - 1
    others = f" So {'is another statement' if more == 1 else f'are {more} other statements'}." if more else ""
    advice = suggest_rewriting(worst.term.text, program.source)
    return (
        f"no starting point has a finite log density. Line {worst.term.line}, `{' '.join(text.split())}`, "
        f"{worst.state} at {worst.count} of {len(points)} points tried{values}."
        f"{_describe_observations(instrumented, worst)}{others} {advice}"
    )


def _draw_points(context: FitContext, instrumented: InstrumentedProgram) -> list[RawRun]:
    """Return points as Stan draws initial values: an optimiser stays where the log density is constant."""
    weights: dict[str | int, float] = {term.index: 0.0 for term in instrumented.terms}
    job = context.make_job_with(context.exe, "no-terms", _make_data(context, instrumented, weights))
    try:
        return [
            context.backend.optimize(replace(job, seed=job.seed // 2 + number), jacobian=False)
            for number in range(POINTS)
        ]
    except RunError:  # generated quantities of the statement are rejected as well: points without names
        size = context.backend.dimension(job)
        random = np.random.default_rng(job.seed)
        return [RawRun((), random.uniform(-_RANGE, _RANGE, (1, 1, size))) for _ in range(POINTS)]


def _make_data(
    context: FitContext, instrumented: InstrumentedProgram, weights: Mapping[str | int, float]
) -> dict[str, object]:
    return dict(instrumented.make_data(weights=weights, hyperparameters=context.request.priors.lifted))


def _try_term(
    context: FitContext, instrumented: InstrumentedProgram, term: Term, points: list[RawRun]
) -> TermFailure | None:
    """Return how a statement fails at the points; `None` if it is finite at all of them."""
    weights: dict[str | int, float] = {
        other.index: float(other.index == term.index) for other in instrumented.terms
    }
    job = context.make_job_with(context.exe, f"term-{term.index}", _make_data(context, instrumented, weights))
    states: list[tuple[str, RawRun]] = []
    for point in points:
        try:
            value, gradient = _evaluate_at(context, job, point)
        except RunError as error:
            states.append((f"is rejected by Stan ({_find_exception(error)})", point))
            continue
        state = _describe_state(float(value[0]), gradient[0])
        if state:
            states.append((state, point))
    return TermFailure(term, states[0][0], len(states), states[0][1]) if states else None


def _evaluate_at(context: FitContext, job: Job, point: RawRun) -> tuple[np.ndarray, np.ndarray]:
    """Return log density and gradient at a point, which has names unless it is unconstrained."""
    if not point.columns:
        return context.backend.log_density(job, point.draws[0], jacobian=False)
    count = draws.count_parameter_columns(point.columns, context.request.program)
    return context.backend.log_density_at(job, point.columns[:count], point.draws[0][:, :count])


def _find_exception(error: RunError) -> str:
    """Return Stan's message without its place, which is one in the instrumented program."""
    message = error.message.partition("Exception: ")[2] or error.message
    return re.sub(r"\s*\((in '|line \d).*", "", message).rstrip("!. ")


def _describe_state(value: float, gradient: np.ndarray) -> str:
    """Return what a log density is, as the end of a sentence; empty where it and its gradient are finite."""
    if np.isnan(value):
        return "is not a number"
    if np.isinf(value):
        return "is minus infinity" if value < 0 else "is plus infinity"
    return "" if np.isfinite(gradient).all() else "is finite, but its gradient is not,"


def _describe_values(term: Term, point: RawRun) -> str:
    """Return the values of a statement's parameters at a point; empty for a statement without any."""
    shown = [
        f"`{column}` = {value:.3g}"
        for column, value in zip(point.columns, point.draws[0, 0].tolist(), strict=False)
        if owner(column) in term.parameters
    ]
    more = ", ..." if len(shown) > _MOST_VALUES else ""
    return f", for example where {', '.join(shown[:_MOST_VALUES])}{more}" if shown else ""


def _describe_observations(instrumented: InstrumentedProgram, failure: TermFailure) -> str:
    """Say which observations have no finite log likelihood, where it is only some and no doubt whose."""
    likelihoods = [term for term in instrumented.terms if term.role == "likelihood"]
    name = instrumented.outputs.log_lik
    if name is None or likelihoods != [failure.term]:
        return ""
    positions = [i for i, column in enumerate(failure.point.columns) if owner(column) == name]
    if not positions:
        return ""
    broken = np.flatnonzero(~np.isfinite(failure.point.draws[0, 0][positions])) + 1
    if not 0 < len(broken) < len(positions):
        return ""
    numbers = ", ".join(map(str, broken[:_MOST_VALUES])) + (", ..." if len(broken) > _MOST_VALUES else "")
    return f" It is so for {len(broken)} of {len(positions)} observations there ({numbers})."
