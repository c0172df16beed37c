"""Tests of parameters set to constants: likelihood ratio, score and Wald.

The restricted maximum is found by Newton's method with the tested parameters held fixed. All three statistics
are chi-squared in large samples if the null is true, lies inside the parameter space, and leaves everything
else identified; where that cannot be so, there is no test, and the reason is said.

References
----------
Cox and Hinkley (1974), Theoretical Statistics, section 9.3.
Rao (1948), Large sample tests of statistical hypotheses concerning several parameters, Mathematical
Proceedings of the Cambridge Philosophical Society 44(1), doi:10.1017/S0305004100023987.
Self and Liang (1987), Asymptotic properties of maximum likelihood estimators and likelihood ratio tests under
nonstandard conditions, JASA 82(398), doi:10.1080/01621459.1987.10478472.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.backends import Curvature, RawRun
from workbench.backends.base import Floats
from workbench.errors import MethodError, RequestError, RunError
from workbench.estimation.optimum.convergence import Candidate, explain_failure
from workbench.estimation.optimum.log_density import evaluate
from workbench.estimation.optimum.newton import NewtonResult, maximise
from workbench.estimation.optimum.profile import find_dimension
from workbench.estimation.optimum.search import CURVATURE_ONLY
from workbench.late_imports import LateModule
from workbench.likelihood.mode import Mode
from workbench.likelihood.null import NullConstraint
from workbench.likelihood.row_scores import compute_log_liks
from workbench.likelihood.stationary import examine_null, refuse_null
from workbench.provenance import derive_seeds
from workbench.results import Fit
from workbench.thresholds import FEWEST_ROWS_PER_PARAMETER, SAME_MODE_LOG_DENSITY, TESTS_DISAGREE_LIMIT

if TYPE_CHECKING:
    from scipy import stats
else:
    stats = LateModule("scipy.stats")

LIKELIHOOD_RATIO, SCORE, WALD = "likelihood ratio", "score (observed information)", "Wald"
"""The three tests."""

_SEED = 5
"""Which of the seeds derived from that of the run is for starts of the restricted search."""

_RANDOM_STARTS = 4
"""Random starts of that search, besides those that follow from the estimate. Ours: as many as a fit has."""

_SPREAD = 2.0
"""How far around the first they are [standard errors]. Ours."""

_STEP = 5e-3
_STENCIL = ((-2, 1 / 12), (-1, -2 / 3), (1, 2 / 3), (2, -1 / 12))
"""Central differences of gradients, as in `newton.py`."""

_NEAR_BOUND = 10.0 ** -np.arange(2, 10, dtype=float)
"""Distances from a bound, at which the likelihood on the bound is approached. Ours."""


@dataclass(frozen=True)
class NullStatistic:
    """One test.

    Attributes
    ----------
    test
        Its name.
    statistic
        Its value; `None` where it cannot be had.
    degrees
        Parameters that are tested.
    p_value
        The probability of a larger value under the null.
    distribution
        The distribution under the null.
    reason
        Why there is none, in a sentence.
    """

    test: str
    statistic: float | None
    degrees: int
    p_value: float | None
    distribution: str
    reason: str = ""


@dataclass(frozen=True)
class NestedTest:
    """Tests of a null hypothesis.

    Attributes
    ----------
    model
        The program that is unrestricted.
    null
        What the null states.
    tests
        Likelihood ratio first.
    log_lik, restricted_log_lik
        Maximised log likelihoods with all constants [nats].
    restricted
        The parameters at the restricted maximum, by name for people.
    words
        What was compared, in sentences.
    warnings
        Why p-values may be wrong, in sentences.
    """

    model: str
    null: tuple[NullConstraint, ...]
    tests: tuple[NullStatistic, ...]
    log_lik: float
    restricted_log_lik: float
    restricted: Mapping[str, float]
    words: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return everything as values that JSON has."""
        return {
            "model": self.model,
            "null": {item.name: item.value for item in self.null},
            "log_lik": self.log_lik,
            "restricted_log_lik": self.restricted_log_lik,
            "tests": [describe_statistic(item) for item in self.tests],
            "restricted": dict(self.restricted),
            "words": list(self.words),
            "warnings": list(self.warnings),
        }


def describe_statistic(item: NullStatistic) -> dict[str, Any]:
    """Return a test as values that JSON has."""
    return {
        "test": item.test,
        "statistic": item.statistic,
        "degrees": item.degrees,
        "p_value": item.p_value,
        "distribution": item.distribution,
        "reason": item.reason,
    }


@dataclass(frozen=True)
class Restricted:
    """The restricted maximum.

    Attributes
    ----------
    dims
        The dimensions that are held fixed.
    newton
        The maximum over the others.
    curvature
        Names and values there.
    is_only
        Whether every start ended there.
    """

    dims: tuple[int, ...]
    newton: NewtonResult
    curvature: Curvature
    is_only: bool


def find_constrained_point(
    mode: Mode, constraints: Sequence[NullConstraint]
) -> tuple[tuple[int, ...], Floats]:
    """Return the dimensions that constraints fix, and the estimate with their constants, `(U,)`.

    Raises
    ------
    MethodError
        A parameter does not move alone.
    RequestError
        A constant is outside its bounds, or on one.
    """
    program = mode.context.request.program
    dims = tuple(
        find_dimension(mode.curvature, program, item.name, "set to a constant")[0] for item in constraints
    )
    values = {
        name: value
        for name, value in zip(mode.curvature.names, mode.curvature.values.tolist(), strict=True)
        if name.partition("[")[0].partition(".")[0] in {item.name for item in program.parameters}
    }
    values |= {item.name: item.value for item in constraints}
    point = unconstrain(mode, values)
    for dim, item in zip(dims, constraints, strict=True):
        if not np.isfinite(point[dim]):
            _refuse_bound(mode, item)
    fixed = mode.point.copy()
    fixed[list(dims)] = point[list(dims)]
    return dims, fixed


def unconstrain(mode: Mode, values: Mapping[str, float]) -> Floats:
    """Return the unconstrained point of parameter values, `(U,)`: not finite where one is on a bound."""
    row = np.array([list(values.values())])
    try:
        points = mode.target.backend.unconstrain_values(mode.target.job, tuple(values), row)
    except RunError:
        return np.full(len(mode.point), np.nan)
    return np.asarray(points[0])


def find_bound(mode: Mode, item: NullConstraint) -> str:
    """Return the side on which a constant lies exactly on a declared bound; empty if it does on none."""
    declared = {one.name: one for one in mode.context.request.program.parameters}
    declaration = declared[item.name.partition("[")[0]]
    for side, limit in (("lower", declaration.lower), ("upper", declaration.upper)):
        if limit is not None and limit.literal == item.value:
            return side
    return ""


def check_inside(mode: Mode, item: NullConstraint) -> None:
    """Refuse a constant outside the bounds of its parameter, where these are numbers.

    Raises
    ------
    RequestError
        The message has the bound.
    """
    declared = {one.name: one for one in mode.context.request.program.parameters}
    declaration = declared[item.name.partition("[")[0]]
    lower, upper = (
        None if bound is None else bound.literal for bound in (declaration.lower, declaration.upper)
    )
    if lower is not None and item.value < lower:
        raise RequestError(
            f"`{item.words}` is outside what `{item.label}` can be: its lower bound is {lower:g}."
        )
    if upper is not None and item.value > upper:
        raise RequestError(
            f"`{item.words}` is outside what `{item.label}` can be: its upper bound is {upper:g}."
        )


def _refuse_bound(mode: Mode, item: NullConstraint) -> None:
    """Refuse a constant on or outside a bound.

    Raises
    ------
    RequestError
        Always.
    """
    check_inside(mode, item)
    side = find_bound(mode, item)
    if not side:
        raise RequestError(f"`{item.words}` is outside what `{item.label}` can be.")
    raise RequestError(
        f"`{item.words}` is on the {side} bound of `{item.label}`: the estimate cannot lie beyond it, the "
        "statistics "
        "are not chi-squared under this null, and p-values by that distribution are about twice too large.",
        hint=f"fit a program without `{item.label}` and test both runs: `workbench test SMALL LARGE --null "
        f"'{item.name}={item.value:g}'` has the mixture of chi-squared distributions for one parameter on "
        "its bound",
    )


def maximise_restricted(mode: Mode, dims: tuple[int, ...], start: Floats) -> Restricted:
    """Return the maximum with some dimensions held fixed.

    Newton's method starts at the point given, at that to which the estimate moves to first order, and at
    random points around it: a local maximum would make the test reject too often.

    Raises
    ------
    MethodError
        There is no regular maximum: the message says why.
    """
    free = np.ones(len(start), dtype=bool)
    free[list(dims)] = False
    starts = [start, _move_to_first_order(mode, dims, start)]
    rng = np.random.default_rng(derive_seeds(mode.context.request.seed, _SEED + 1)[_SEED])
    for _ in range(_RANDOM_STARTS if free.any() else 0):
        noise = rng.standard_normal(mode.newton.directions.shape[1])
        moved = starts[1] + _SPREAD * mode.newton.directions @ noise
        moved[~free] = start[~free]
        starts.append(moved)
    scale = np.sqrt(np.diag(mode.newton.covariance))
    ends = [_climb(mode, one, scale, free) for one in starts]
    heights = np.array([end.log_density for end in ends])
    if not np.isfinite(heights).any():
        raise MethodError("the likelihood cannot be evaluated under the null.")
    best = ends[int(np.nanargmax(np.where(np.isfinite(heights), heights, -np.inf)))]
    curvature = _take_curvature(mode, best.point)
    if free.any():
        data = mode.context.request.data.values
        around = curvature or replace(mode.curvature, point=best.point)
        problem = explain_failure(Candidate(mode.target, around, best, data), mode.context.request.program)
        if problem:
            raise MethodError(
                "under the null the likelihood has no regular maximum, and the statistics no known "
                f"distribution: {problem}"
            )
    if curvature is None:
        raise MethodError("Stan reports no curvature at the maximum under the null, so it may be none.")
    converged = heights[[bool(end.is_converged and end.is_maximum) for end in ends]]
    is_only = bool((best.log_density - converged < SAME_MODE_LOG_DENSITY).all())
    return Restricted(dims, best, curvature, is_only)


def _climb(mode: Mode, start: Floats, scale: Floats, free: np.ndarray) -> NewtonResult:
    if free.any():
        return maximise(mode.target, start, scale, free)
    values, gradients = evaluate(mode.target, start[None])
    none = np.empty((len(start), 0))
    return NewtonResult(start, gradients[0], float(values[0]), none, np.empty(0), is_converged=True)


def _move_to_first_order(mode: Mode, dims: tuple[int, ...], start: Floats) -> Floats:
    """Return where the maximum over the other dimensions moves, by the curvature at the estimate."""
    fixed = list(dims)
    covariance = mode.newton.covariance
    distance = start[fixed] - mode.point[fixed]
    moved = mode.point + covariance[:, fixed] @ np.linalg.solve(covariance[np.ix_(fixed, fixed)], distance)
    moved[fixed] = start[fixed]
    return np.asarray(moved)


def _take_curvature(mode: Mode, point: Floats) -> Curvature | None:
    """Return names and values at a point; `None` where Stan rejects it, or points beside it."""
    try:
        run: RawRun = mode.target.backend.compute_quantities(mode.job, point[None])
        around = mode.target.backend.laplace(mode.target.job, run, CURVATURE_ONLY, jacobian=False)
    except RunError:
        return None
    return None if around.curvature is None else replace(around.curvature, point=point)


def compute_tests(
    fit: Fit, mode: Mode, constraints: Sequence[NullConstraint], start: Floats | None = None
) -> NestedTest:
    """Return the tests of parameters set to constants inside their bounds.

    Parameters
    ----------
    fit
        The run.
    mode
        Its MLE.
    constraints
        What the null states.
    start
        A point from which the restricted maximum is sought too, `(U,)`; its constants are those of the null.

    Raises
    ------
    WorkbenchError
        There is no such test: the message says why.
    """
    dims, fixed = find_constrained_point(mode, constraints)
    restricted = maximise_restricted(mode, dims, fixed if start is None else _fix(start, dims, fixed))
    stationary = examine_null(mode, restricted.newton.point, dims)
    if stationary is not None:
        refuse_null(stationary, ", ".join(item.words for item in constraints))
    gain = mode.newton.log_density - restricted.newton.log_density
    if gain < -SAME_MODE_LOG_DENSITY:
        raise MethodError(
            f"the likelihood is {-gain:.3g} nats higher under the null than at the run's MLE, which is "
            "then only a "
            "local maximum.",
            hint="fit it again with more --starts",
        )
    count = len(dims)
    tests = (
        make_statistic(LIKELIHOOD_RATIO, max(0.0, 2 * gain), count),
        _compute_score(mode, restricted),
        _compute_wald(mode, constraints),
    )
    log_lik = float(compute_log_liks(mode, mode.point[None])[0].sum())
    return NestedTest(
        fit.results.model.name,
        tuple(constraints),
        tests,
        log_lik,
        log_lik - gain,
        list_values(fit, mode, restricted.curvature),
        (
            "the score test (Rao's) takes the observed information at the restricted maximum, on the "
            "unconstrained scale; the "
            "Wald test the inverse Hessian at the MLE, on the declared scale.",
        ),
        tuple(list_warnings(fit, mode, tests, restricted)),
    )


def _fix(start: Floats, dims: tuple[int, ...], fixed: Floats) -> Floats:
    moved = start.copy()
    moved[list(dims)] = fixed[list(dims)]
    return moved


def list_values(fit: Fit, mode: Mode, curvature: Curvature) -> dict[str, float]:
    """Return the parameters at a restricted maximum, by name for people."""
    parameters = {item.name for item in mode.context.request.program.parameters}
    return {
        fit.results.label(name): value
        for name, value in zip(curvature.names, curvature.values.tolist(), strict=True)
        if name.partition("[")[0].partition(".")[0] in parameters
    }


def make_statistic(test: str, statistic: float, degrees: int) -> NullStatistic:
    """Return a test whose statistic is chi-squared under the null."""
    words = f"chi-squared with {degrees} degree{'s' if degrees > 1 else ''} of freedom"
    return NullStatistic(test, statistic, degrees, float(stats.chi2.sf(statistic, degrees)), words)


def make_boundary_statistic(statistic: float, degrees: int) -> NullStatistic:
    """Return a likelihood-ratio test where one parameter is on its bound, and the others are not.

    The estimate of that parameter lies on the bound in half of all samples under the null.
    """
    lower = float(statistic <= 0) if degrees == 1 else float(stats.chi2.sf(statistic, degrees - 1))
    p_value = 0.5 * lower + 0.5 * float(stats.chi2.sf(statistic, degrees))
    words = f"equal mixture of chi-squared with {degrees - 1} and {degrees} degrees of freedom"
    return NullStatistic(LIKELIHOOD_RATIO, statistic, degrees, p_value, words)


def _compute_score(mode: Mode, restricted: Restricted) -> NullStatistic:
    """Return Rao's test, by the observed information at the restricted maximum."""
    degrees, newton = len(restricted.dims), restricted.newton
    directions = mode.newton.directions
    points = np.concatenate([newton.point + offset * _STEP * directions.T for offset, _ in _STENCIL])
    _, gradients = evaluate(mode.target, points)
    change = sum(
        (
            weight * part
            for (_, weight), part in zip(_STENCIL, np.split(gradients, len(_STENCIL)), strict=True)
        ),
        np.zeros(1),
    )
    information = -(change @ directions) / _STEP
    information = 0.5 * (information + information.T)
    slope = directions.T @ newton.gradient
    missing = NullStatistic(SCORE, None, degrees, None, "")
    if not np.isfinite(information).all():
        return replace(missing, reason="the likelihood cannot be differentiated at the restricted maximum.")
    values, vectors = np.linalg.eigh(information)
    if values.min() <= 1e-9 * values.max():
        reason = (
            "the observed information at the restricted maximum is not positive definite: the log "
            "likelihood is far from quadratic between the null and the MLE."
        )
        return replace(missing, reason=reason)
    statistic = float((((vectors.T @ slope) ** 2) / values).sum())
    return make_statistic(SCORE, statistic, degrees)


def _compute_wald(mode: Mode, constraints: Sequence[NullConstraint]) -> NullStatistic:
    """Return Wald's test on the declared scale, by the inverse Hessian at the estimate."""
    rows = [mode.curvature.names.index(item.name) for item in constraints]
    slopes = mode.curvature.constrain_jacobian[rows] @ mode.newton.directions
    distance = mode.curvature.values[rows] - np.array([item.value for item in constraints])
    statistic = float(distance @ np.linalg.solve(slopes @ slopes.T, distance))
    return make_statistic(WALD, statistic, len(rows))


def list_warnings(
    fit: Fit, mode: Mode, tests: Sequence[NullStatistic], restricted: Restricted | None = None
) -> Iterator[str]:
    """Yield why p-values may be wrong, in sentences."""
    far = mode.find_far_parameters()
    if far:
        yield (
            f"the data hardly limit `{far[0]}`: the likelihood is far from normal there, and p-values may "
            "be far from "
            "their level."
        )
    if len(fit.results.mle.equal_maxima) > 1:
        yield "several maxima are equally high: the conditions for chi-squared statistics do not hold."
    if restricted is not None and not restricted.is_only:
        yield (
            "searches under the null ended at maxima of different heights; the highest is used. Were "
            "there a higher one "
            "still, the likelihood-ratio statistic would be too large."
        )
    rows = fit.results.mle.observations or mode.context.request.data.rows
    parameters = fit.results.mle.parameters
    if rows and parameters and rows < FEWEST_ROWS_PER_PARAMETER * parameters:
        yield (
            f"{rows} observations for {parameters} parameters are few for distributions that hold in "
            "large samples."
        )
    known = [item for item in tests if item.statistic is not None and item.p_value is not None]
    sizes = [item.statistic for item in known if item.statistic is not None]
    if not known or max(sizes) <= float(stats.chi2.ppf(0.9, known[0].degrees)):
        return
    if max(sizes) > TESTS_DISAGREE_LIMIT * min(sizes):
        yield (
            "the tests disagree, which they do not in large samples: the likelihood is not close to "
            "quadratic between the "
            "null and the MLE. Of the three, the likelihood ratio is usually the most reliable."
        )


def approach_bound(mode: Mode, values: Mapping[str, float], item: NullConstraint) -> Iterator[Floats]:
    """Yield unconstrained points ever closer to a bound, `(U,)` each."""
    sign = 1.0 if find_bound(mode, item) == "lower" else -1.0
    for distance in _NEAR_BOUND:
        yield unconstrain(mode, {**values, item.name: item.value + sign * float(distance)})
