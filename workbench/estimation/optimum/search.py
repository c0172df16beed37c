"""A search for the optima of a density: several starts, refined by Newton's method, and checked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from workbench.backends import Curvature, RawRun
from workbench.backends.base import DEFAULT_START, Floats, Start
from workbench.errors import ChainFailed, RunError
from workbench.estimation.context import FitContext
from workbench.estimation.optimum.convergence import (
    Candidate,
    explain_bound_reached,
    explain_failure,
    find_collapse,
    find_constrained_dimensions,
    find_far_dimension,
)
from workbench.estimation.optimum.log_density import EvaluationBudget, LogDensity, evaluate
from workbench.estimation.optimum.multistart import StartResult, run_multistart, run_start
from workbench.estimation.optimum.newton import NewtonResult, invert_directions, maximise, refine
from workbench.estimation.optimum.nonsmooth import find_breakpoints, maximise_nonsmooth, may_be_nonsmooth
from workbench.methods import Laplace, Nuts
from workbench.program import Program
from workbench.results.modes import describe_symmetry
from workbench.results.quantities import owner
from workbench.thresholds import (
    FEWEST_SEARCH_EVALUATIONS,
    RUNAWAY_SE_LIMIT,
    SAME_MODE_DISTANCE,
    SAME_MODE_LOG_DENSITY,
    SEARCH_EVALUATIONS_PER_DRAW,
)

MOST_OPTIMA = 4
"""Distinct optima that are refined and checked; a density with more is said to have many. Ours."""

MOST_RESOLVED = 300
"""Unconstrained dimensions up to which Hessians are taken by differences. Above, Stan's own leads the last
steps: differences would take too long. Ours."""

CURVATURE_ONLY = Laplace(draws=100)
"""What Stan's Laplace method is called with where its Hessian is wanted and its draws are not."""

_NOT_CONVERGED = "Stan's optimiser did not converge."
_UNCHECKED = "Stan reports no curvature where its optimiser stopped, so the point may be no maximum."
"""What is said of a point without curvature. Beside a mode that was checked it does not count as another."""

_NOT_REACHED = "Stan refuses the values on the way from where its optimiser stopped to the maximum near it."
"""Why a maximum on the unconstrained scale has no values on the declared one."""

_OUT_OF_BUDGET = (
    " The search was ended after {used:,.0f} evaluations of the log density, in proportion to the sampling."
)
"""What is added where the search could have gone on."""

_FROM_KNOWN = "the mode of a related density"
"""Where the start was that is added because every other ended lower, as it stands in `run.json`."""

_FEWEST_AGREEING = 2
"""Starts from which they can agree."""

_AGREED = 0.1
"""Relative distance within which starts agree on a level point. Ours: a gradient near 0 stops them early."""

_MOST_LISTED = 6
"""Parameters of a local maximum that a remark lists. Ours."""

_MOST_CALLS = 30
"""Calls of Stan to move a point on the declared scale: with `_STRIDE`, 20 units of a log scale. Ours."""

_STRIDE = 0.7
"""Farthest that one of them moves a dimension on a log or logit scale: a factor of 2. Ours."""

_ARRIVED = 1e-6
"""Distance [standard errors] at which the point is reached: what is left is rounding. Ours."""


@dataclass(frozen=True)
class Optimum:
    """A point where starts ended, refined and checked.

    Attributes
    ----------
    run
        The optimiser's result, moved to where Newton's method ended.
    curvature
        Around the point; `None` where Stan does not report it.
    newton
        The result of Newton's method; `None` without a curvature.
    problem
        Why the point is not a mode, in a sentence; empty if it is one.
    start_count
        How many starts ended here.
    is_at_edge
        Whether a parameter ran to its bound, which takes few steps to see.
    held
        Names of the parameters at a point where the density is not smooth.
    approximation
        Normal draws around the point, where they were requested and can be had.
    approximation_problem
        Why there are none although they were requested: Stan's message.
    """

    run: RawRun
    curvature: Curvature | None
    newton: NewtonResult | None
    problem: str
    start_count: int = 1
    is_at_edge: bool = False
    held: tuple[str, ...] = ()
    approximation: RawRun | None = None
    approximation_problem: str = ""

    @property
    def is_checked(self) -> bool:
        """Whether there is a curvature by which to tell a maximum from a saddle."""
        return self.newton is not None

    @property
    def log_density(self) -> float:
        """The log density there [nats]."""
        return float(self.run.stats["lp"][0, 0])

    @property
    def values(self) -> dict[str, float]:
        """The point, by Stan name."""
        return dict(zip(self.run.columns, self.run.draws[0, 0].tolist(), strict=True))


@dataclass(frozen=True)
class KnownPoint:
    """The mode of a related density of the same program: with the Jacobian, or with the priors.

    Attributes
    ----------
    point
        `(U,)`, unconstrained.
    run
        The run that ended there.
    start
        The same as initial values.
    """

    point: Floats
    run: RawRun
    start: Start


@dataclass(frozen=True)
class OptimumSearch:
    """What a search from several starts found.

    Attributes
    ----------
    optima
        Distinct optima, the highest first.
    starts
        The result of every start.
    target
        The log density.
    declared
        The parameters and transformed parameters.
    """

    optima: tuple[Optimum, ...]
    starts: tuple[StartResult, ...]
    target: LogDensity
    declared: frozenset[str]

    @property
    def best(self) -> Optimum:
        """The highest optimum."""
        return self.optima[0]

    @property
    def problem(self) -> str:
        """Why the highest optimum is not a mode; empty if it is one."""
        return self.best.problem

    @property
    def facts(self) -> dict[str, Any]:
        """The search as it stands in `run.json`; without a mode, also where the best start stopped."""
        facts: dict[str, Any] = {
            "starts": [start.record for start in self.starts],
            "reached": self.best.start_count,
            "failed_starts": sum(start.status == "failed" for start in self.starts),
            "optimizer": next((start.optimizer for start in self.starts if start.run is not None), "none"),
        }
        if self.problem:
            values = self.best.values.items()
            facts["stopped_at"] = {name: value for name, value in values if owner(name) in self.declared}
        elif not self.best.is_checked:
            facts["remark"] = _UNCHECKED
        if len(self.equal_maxima) > 1:
            facts |= _describe_equal_maxima(self.equal_maxima)
        if self.local_maximum is not None:
            facts |= describe_local_maximum(self.local_maximum, len(self.starts))
        return facts

    @property
    def equal_maxima(self) -> tuple[Optimum, ...]:
        """The modes that are as high as the highest, itself included; none without a mode."""
        modes = [optimum for optimum in self.optima if not optimum.problem]
        if self.problem:
            return ()
        return tuple(
            mode for mode in modes if self.best.log_density - mode.log_density < SAME_MODE_LOG_DENSITY
        )

    @property
    def local_maximum(self) -> Optimum | None:
        """The highest mode that a start reached where a higher point is none; `None` if there is none."""
        inside = [optimum for optimum in self.optima if not optimum.problem]
        return inside[0] if self.problem and inside else None


def find_optima(
    context: FitContext,
    method: str,
    *,
    jacobian: bool,
    prior_weight: float,
    starts: int,
    laplace: Laplace,
    at: Start = DEFAULT_START,
    known: KnownPoint | None = None,
) -> OptimumSearch:
    """Optimise from several random points or from a given one; refine and check each distinct optimum.

    Where the density at the known point is higher than where every start ended, one more start is made there.

    Raises
    ------
    RunError
        Every start failed; Stan's message for the last.
    """
    results = run_multistart(
        context, method, jacobian=jacobian, prior_weight=prior_weight, starts=starts, at=at
    )
    if known is not None:
        job = context.make_job(method, start=len(results), prior_weight=prior_weight)
        results += _start_at_known(context, LogDensity(context.backend, job, jacobian), known, results)
    ended = sorted((result for result in results if result.run is not None), key=lambda end: -end.log_density)
    if not ended:
        last = [result for result in results if result.status == "failed"][-1]
        raise ChainFailed(f"every start failed. {last.reason}", console=last.console)
    job = context.make_job(method, prior_weight=prior_weight)
    target = LogDensity(context.backend, job, jacobian, budget=_set_budget(context))
    optima = _collect_optima(context, target, [result.run for result in ended if result.run is not None])
    best = max(optima, key=lambda optimum: optimum.log_density)
    optima = [
        _describe_level(optimum, results) if optimum is best and optimum.problem else optimum
        for optimum in optima
    ]
    best = max(optima, key=lambda optimum: optimum.log_density)
    others = sorted(
        (optimum for optimum in optima if optimum is not best), key=lambda optimum: -optimum.log_density
    )
    optima = [_with_approximation(target, best, laplace), *others]
    program = context.request.program
    declared = frozenset(item.name for item in (*program.parameters, *program.transformed_parameters))
    return OptimumSearch(tuple(optima), results, replace(target, budget=EvaluationBudget()), declared)


def _start_at_known(
    context: FitContext, target: LogDensity, known: KnownPoint, results: tuple[StartResult, ...]
) -> tuple[StartResult, ...]:
    """Return what a start at the known point reached, if the density is higher there than at every end.

    Where Stan's optimisers fail there, the point itself is the end: no lower one may be called the highest.
    """
    (height,), _ = evaluate(target, known.point[None])
    if not height > max(result.log_density for result in results) + SAME_MODE_LOG_DENSITY:
        return ()
    added = run_start(context, target.job, known.start, jacobian=target.jacobian)
    if added.run is None:
        end = replace(known.run, stats={"lp": np.array([[height]])}, converged=False)
        added = replace(added, status="stopped", run=end)
    return (replace(added, origin=_FROM_KNOWN),)


def describe_local_maximum(optimum: Optimum, starts: int) -> dict[str, Any]:
    """Return the entries of `run.json` for a maximum inside the support that is not the highest point.

    Parameters
    ----------
    optimum
        The maximum.
    starts
        How many starts there were; 0 if it was found from the posterior mode.
    """
    estimates = list_parameters(optimum)
    listed = [f"`{name}` = {value:.4g}" for name, value in estimates.items()][:_MOST_LISTED]
    if len(estimates) > len(listed):
        listed.append(f"{len(estimates) - len(listed)} more")
    what = (
        f"the highest maximum inside the support, where {optimum.start_count} of {starts} starts ended, is"
        if starts
        else "no start reached a maximum inside the support; from the posterior mode one is found, which is"
    )
    return {
        "local_maximum": {
            "log_density": optimum.log_density,
            "starts": optimum.start_count if starts else 0,
            "estimates": estimates,
        },
        "remark": f"{what} only a local one, of log density {optimum.log_density:.2f}: {', '.join(listed)}.",
    }


def _describe_equal_maxima(maxima: tuple[Optimum, ...]) -> dict[str, Any]:
    """Return the entries of `run.json` for several maxima of the same height."""
    points = [list_parameters(optimum) for optimum in maxima]
    how = describe_symmetry(points[0], points[1])
    return {
        "equal_maxima": [
            {"log_density": optimum.log_density, "starts": optimum.start_count, "estimates": point}
            for optimum, point in zip(maxima, points, strict=True)
        ],
        "remark": (
            f"at least {len(maxima)} maxima are equally high{f': {how}' if how else ''}. One of them is "
            "reported, with the spread around it alone."
        ),
    }


def compute_log_mass(optimum: Optimum) -> float | None:
    """Return the log integral of the normal approximation around a mode [nats]; `None` where it is unknown.

    References
    ----------
    Tierney and Kadane (1986), JASA 81(393), doi:10.1080/01621459.1986.10478240: Laplace's method.
    """
    if optimum.newton is None or optimum.held:
        return None
    dims, inverse = invert_directions(optimum.newton)
    _, log_determinant = np.linalg.slogdet(inverse)
    return optimum.log_density + 0.5 * len(dims) * float(np.log(2 * np.pi)) - float(log_determinant)


def list_parameters(optimum: Optimum) -> dict[str, float]:
    """Return the parameters and transformed parameters at an optimum, by Stan name."""
    names = set() if optimum.curvature is None else set(optimum.curvature.names)
    return {name: value for name, value in optimum.values.items() if name in names}


def compute_standard_errors(optimum: Optimum) -> dict[str, float]:
    """Return the standard error of each named value, by the delta method.

    References
    ----------
    Observed information on the unconstrained scale; van der Vaart (1998), Asymptotic Statistics, chapter 3.
    """
    if optimum.curvature is None or optimum.newton is None:
        return {}
    changes = optimum.curvature.constrain_jacobian @ optimum.newton.directions
    errors: Floats = np.sqrt((changes**2).sum(axis=1))
    return dict(zip(optimum.curvature.names, errors.tolist(), strict=True))


def measure_distance(optimum: Optimum, run: RawRun) -> tuple[float, str]:
    """Return how far a run's end is from a mode [standard errors], and in which parameter most."""
    errors, values = compute_standard_errors(optimum), optimum.values
    if not errors:
        return (0.0 if np.isclose(optimum.log_density, run.stats["lp"][0, 0]) else np.inf), ""
    other = dict(zip(run.columns, run.draws[0, 0].tolist(), strict=True))
    distances = {name: abs(other[name] - values[name]) / error for name, error in errors.items() if error > 0}
    name = max(distances, key=lambda key: distances[key], default="")
    return (distances[name] if name else 0.0), name


def _collect_optima(context: FitContext, target: LogDensity, ends: list[RawRun]) -> list[Optimum]:
    """Return the distinct optima, each refined; a run that leads to a known one is counted there."""
    optima: list[Optimum] = []
    for end in ends:
        known = _find_known(optima, end)
        # Below a point at an edge there may be a mode; on a flat ridge another start would end on it again.
        is_futile = any(optimum.problem and not optimum.is_at_edge for optimum in optima)
        is_full = len(optima) == MOST_OPTIMA or is_futile or (bool(optima) and target.budget.is_spent)
        if known is None and not is_full:
            optimum = refine_and_check(context, target, end)
            known = _find_known(optima, optimum.run)
            if known is None:
                optima.append(optimum)
                continue
        if known is not None:
            optima[known] = replace(optima[known], start_count=optima[known].start_count + 1)
    if any(optimum.is_checked and not optimum.problem for optimum in optima):
        optima = [
            optimum if optimum.is_checked or optimum.problem else replace(optimum, problem=_UNCHECKED)
            for optimum in optima
        ]
    return optima


def _find_known(optima: list[Optimum], run: RawRun) -> int | None:
    """Return the position of the optimum at which a run ended, or `None`."""
    for position, optimum in enumerate(optima):
        if abs(optimum.log_density - float(run.stats["lp"][0, 0])) < SAME_MODE_LOG_DENSITY and (
            optimum.problem or measure_distance(optimum, run)[0] < SAME_MODE_DISTANCE
        ):
            return position
    return None


def refine_and_check(context: FitContext, target: LogDensity, end: RawRun) -> Optimum:
    """Return the optimum near the end of a run, found to the last digit, and whether it is a mode.

    Parameters
    ----------
    context
        The context of the fit.
    target
        The log density.
    end
        Where an optimiser stopped.
    """
    program = context.request.program
    curvature = _take_curvature(target, end)
    if curvature is None:
        point = zip(end.columns, end.draws[0, 0].tolist(), strict=True)
        edge = explain_bound_reached(point, program)
        problem = edge or ("" if end.converged else _NOT_CONVERGED)
        return Optimum(end, None, None, problem, is_at_edge=bool(edge))
    scale = _choose_scale(curvature)
    is_held = np.zeros(len(scale), dtype=bool)
    breakpoints = None
    if may_be_nonsmooth(program) and len(scale) <= MOST_RESOLVED:
        breakpoints = find_breakpoints(target, curvature.point, _list_locations(context, curvature))
    is_hopeless = partial(_is_hopeless, curvature=curvature, program=program)
    collapsed = _find_collapsed_end(target, curvature, program)
    if collapsed is not None:
        newton = collapsed
    elif len(scale) > MOST_RESOLVED:
        newton = refine(target, curvature.point, curvature.hessian)
    elif breakpoints is None:
        newton = maximise(target, curvature.point, scale, is_hopeless=is_hopeless)
    else:
        active_set = maximise_nonsmooth(target, curvature.point, scale, breakpoints)
        newton, is_held = active_set.newton, active_set.is_held
    candidate = Candidate(target, curvature, newton, context.request.data.values)
    problem = explain_failure(candidate, program)
    if problem and target.budget.is_spent:
        problem += _OUT_OF_BUDGET.format(used=target.budget.used)
    held = tuple(np.array(curvature.free_names, dtype=object)[is_held])
    if problem:
        is_at_edge = _is_hopeless(newton, curvature, program)
        return Optimum(end, curvature, newton, problem, is_at_edge=is_at_edge, held=held)
    is_constrained = find_constrained_dimensions(curvature, program)
    moved = _move_run(target, end, curvature, newton, is_constrained)
    if moved is None:
        return Optimum(end, curvature, newton, _NOT_REACHED, held=held)
    return Optimum(*moved, newton, "", held=held)


def _describe_level(optimum: Optimum, results: tuple[StartResult, ...]) -> Optimum:
    """Return an optimum without a mode, with the reason where every start stopped at one level point.

    The starts then agree on a point, from which Newton's method went far out and gained next to nothing.
    """
    runs = [result.run for result in results if result.run is not None]
    if optimum.newton is None or optimum.curvature is None or len(runs) < _FEWEST_AGREEING:
        return optimum
    gain = optimum.newton.log_density - optimum.log_density
    moved = optimum.newton.point - optimum.curvature.point
    dim = int(np.argmax(np.abs(moved)))
    name = optimum.curvature.free_names[dim]
    is_level = abs(moved[dim]) >= 1
    if not is_level:  # Newton's method stayed at a maximum, with next to no curvature
        errors = np.sqrt(np.diag(optimum.newton.covariance))
        dim = int(np.argmax(errors))
        name = optimum.curvature.free_names[dim]
        is_level = bool(errors[dim] > RUNAWAY_SE_LIMIT) and optimum.newton.is_maximum
    if not is_level or not gain < SAME_MODE_LOG_DENSITY or name not in runs[0].columns:
        return optimum
    column = runs[0].columns.index(name)
    values = np.array([run.draws[0, 0, column] for run in runs])
    heights = np.array([run.stats["lp"][0, 0] for run in runs])
    is_agreed = np.ptp(values) <= _AGREED * np.abs(values).max() and np.ptp(heights) < SAME_MODE_LOG_DENSITY
    if not is_agreed:
        return optimum
    where = (
        f"all {len(runs)} starts stopped near `{name}` = {values[0]:.3g}, but the log density is practically"
    )
    if abs(moved[dim]) >= 1:
        problem = (
            f"{where} level from there outwards: far out it is {max(gain, 0.0):.1g} nats higher. The data "
            f"limit `{name}` on one side only."
        )
    else:
        problem = f"{where} level around it: the data hardly limit `{name}`."
    return replace(optimum, problem=problem)


def _find_collapsed_end(target: LogDensity, curvature: Curvature, program: Program) -> NewtonResult | None:
    """Return the point where Stan's optimiser stopped, if a parameter had run to its bound by then."""
    if find_far_dimension(curvature.point, curvature, program) is None:
        return None
    if not np.isfinite(curvature.hessian).all() or not curvature.hessian.any():
        return None
    newton = refine(target, curvature.point, curvature.hessian)
    return newton if _is_hopeless(newton, curvature, program) else None


def _is_hopeless(newton: NewtonResult, curvature: Curvature, program: Program) -> bool:
    """Return whether a parameter has run to its bound where the density has no maximum."""
    return find_collapse(newton, curvature, program) is not None


def _set_budget(context: FitContext) -> EvaluationBudget:
    """Return the evaluations that a search may take: in proportion to the iterations of the sampler."""
    methods = context.request.methods
    sampler = next((method for method in methods if isinstance(method, Nuts)), Nuts())
    iterations = sampler.chains * (sampler.warmup + sampler.draws)
    return EvaluationBudget(max(SEARCH_EVALUATIONS_PER_DRAW * iterations, FEWEST_SEARCH_EVALUATIONS))


def _choose_scale(curvature: Curvature) -> Floats:
    """Return a typical length of each dimension, from the curvature that Stan found."""
    diagonal = np.abs(np.diag(curvature.hessian))
    is_usable = np.isfinite(diagonal) & (diagonal > 0)
    return np.where(is_usable, 1 / np.sqrt(np.where(is_usable, diagonal, 1.0)), 1.0)


def _list_locations(context: FitContext, curvature: Curvature) -> Floats:
    """Return where each unconstrained dimension may not be smooth: 0, or its prior's constant location."""
    is_constrained = find_constrained_dimensions(curvature, context.request.program)
    locations = np.where(is_constrained, np.nan, 0.0)
    values = context.request.priors.values
    for column, name in enumerate(curvature.free_names):
        location = values.get(f"{name.partition('[')[0]}.mu")
        if location is not None and np.isfinite(locations[column]) and np.ndim(location) == 0:
            locations[column] = float(location)
    return locations


def _take_curvature(target: LogDensity, run: RawRun) -> Curvature | None:
    try:
        around = target.backend.laplace(target.job, run, CURVATURE_ONLY, jacobian=target.jacobian)
    except RunError:  # the point lies on a bound, or the program rejects points beside it
        return None
    return around.curvature


def _move_run(
    target: LogDensity, end: RawRun, curvature: Curvature, newton: NewtonResult, is_constrained: np.ndarray
) -> tuple[RawRun, Curvature] | None:
    """Return the run at Newton's point, and the names and values there; `None` if they cannot be had.

    Only Stan knows the declared scale. It is called at points nearer and nearer to Newton's: an iteration on
    the constraining transform, whose last step is too small for its curvature to matter. A tangent can leave
    the support, as where a covariance matrix is no longer positive definite: Stan refuses the point, and the
    step is halved.
    """
    run, here, share = end, curvature, 1.0
    dims, inverse = invert_directions(newton)
    for _ in range(_MOST_CALLS):
        remaining = newton.point - here.point
        changes = here.constrain_jacobian @ remaining
        has_arrived = bool(np.linalg.norm(inverse @ remaining[dims]) < _ARRIVED)
        if has_arrived:
            run = _replace_values(run, here, here.values + changes, newton.log_density)
            values = dict(zip(run.columns, run.draws[0, 0], strict=True))
            reached = np.array([values.get(name, np.nan) for name in here.names])
            return run, replace(here, point=newton.point, values=reached, gradient=newton.gradient)
        farthest = np.abs(remaining[is_constrained]).max(initial=0.0)
        step = share * min(1.0, _STRIDE / max(farthest, _STRIDE)) * changes
        trial = _replace_values(run, here, here.values + step, newton.log_density)
        following = _take_curvature(target, trial)
        if following is None:
            share /= 2
        else:
            run, here, share = trial, following, min(1.0, 2 * share)
    return None


def _replace_values(run: RawRun, curvature: Curvature, values: Floats, log_density: float) -> RawRun:
    """Return a run with other values of its parameters and transformed parameters."""
    moved = dict(zip(curvature.names, values.tolist(), strict=True))
    draws = np.array(
        [moved.get(column, value) for column, value in zip(run.columns, run.draws[0, 0], strict=True)]
    )
    return replace(run, draws=draws[None, None, :], stats={"lp": np.array([[log_density]])})


def _with_approximation(target: LogDensity, optimum: Optimum, laplace: Laplace) -> Optimum:
    """Return a mode with normal draws around it, where they were requested and can be had."""
    if optimum.problem or laplace == CURVATURE_ONLY or optimum.held:
        return optimum
    try:
        around = target.backend.laplace(target.job, optimum.run, laplace, jacobian=target.jacobian)
    except RunError as error:
        return replace(optimum, approximation_problem=error.message)
    return replace(optimum, approximation=around)
