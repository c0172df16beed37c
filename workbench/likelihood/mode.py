"""The point estimate of a stored run, found again by its program and checked to be a mode."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from workbench.backends import RawRun
from workbench.backends.base import Curvature, Floats, Job, Selection
from workbench.errors import MethodError
from workbench.estimation.context import FitContext
from workbench.estimation.optimum.log_density import LogDensity
from workbench.estimation.optimum.newton import NewtonResult
from workbench.estimation.optimum.search import refine_and_check
from workbench.results import Fit
from workbench.results.draws import list_predictions
from workbench.results.outcomes import list_replicates
from workbench.results.quantities import owner
from workbench.thresholds import WIDE_ERROR

Estimate = Literal["mle", "map"]
"""Which estimate: maximum likelihood, or the posterior mode on the declared scale."""

TITLES = {"mle": "maximum likelihood", "map": "posterior mode"}
"""What each is called."""


@dataclass(frozen=True)
class Mode:
    """A point estimate, around which the log density curves downwards in every direction.

    Attributes
    ----------
    context
        The program with its data, and what runs it.
    method
        Which estimate it is.
    target
        The log density that it maximises, on the unconstrained scale without Jacobian.
    curvature
        Names and constrained values at the point.
    newton
        The point with directions of unit curvature.
    """

    context: FitContext
    method: Estimate
    target: LogDensity
    curvature: Curvature
    newton: NewtonResult

    @property
    def point(self) -> Floats:
        """Where it is, `(U,)`, unconstrained."""
        return self.newton.point

    @property
    def job(self) -> Job:
        """A call for quantities at points near it: everything but what is drawn at random."""
        program = self.context.request.program
        left_out = frozenset({*list_predictions(program), *list_replicates(program)})
        return replace(self.target.job, selection=Selection(left_out=left_out))

    def find_far_parameters(self) -> list[str]:
        """Return the parameters that the data hardly limit, on their log or logit scale."""
        errors = np.sqrt(np.diag(self.newton.covariance))
        declared = {item.name: item for item in self.context.request.program.parameters}
        return [
            name
            for name, error in zip(self.curvature.free_names, errors.tolist(), strict=True)
            if error > WIDE_ERROR
            and (item := declared.get(owner(name))) is not None
            and (item.lower is not None or item.upper is not None)
        ]


def make_target(context: FitContext, method: Estimate) -> LogDensity:
    """Return the log density that an estimate maximises."""
    job = context.make_job(method, prior_weight=0.0 if method == "mle" else 1.0)
    return LogDensity(context.backend, job, jacobian=False)


def read_values(fit: Fit, context: FitContext, method: Estimate) -> dict[str, float]:
    """Return the parameters at the estimate of a run, by Stan name.

    Raises
    ------
    MethodError
        The run has no such estimate.
    """
    result = fit.results.mle if method == "mle" else fit.results.map
    if not result.is_ok:
        title = {"mle": "maximum-likelihood estimate", "map": "MAP"}[method]
        raise MethodError(f"the run has no {title}: {result.reason}", hint=_hint_other(fit, method))
    parameters = {item.name for item in context.request.program.parameters}
    return {
        name: float(estimate.value)
        for name, estimate in result.estimates.items()
        if owner(name).partition(".")[0] in parameters and estimate.value is not None
    }


def _hint_other(fit: Fit, method: Estimate) -> str | None:
    """Return what to do about an estimate that is not there: nothing finds one that was sought in vain."""
    if method == "mle" and fit.results.map.is_ok:
        return "`--method map` takes the posterior mode, which the run has"
    if fit.results.method(method).status == "skipped":
        return f"`workbench fit` with `--method {method}` seeks it"
    return None


def find_mode(fit: Fit, context: FitContext, method: Estimate) -> Mode:
    """Return the estimate of a run, found again to the last digit.

    Raises
    ------
    MethodError
        The run has no such estimate, or the density has no maximum there, with a curvature to tell: the
        message says why.
    """
    values = read_values(fit, context, method)
    target = make_target(context, method)
    points = target.backend.unconstrain_values(target.job, tuple(values), np.array([list(values.values())]))
    return check_mode(context, method, target, points[0])


def check_mode(context: FitContext, method: Estimate, target: LogDensity, point: Floats) -> Mode:
    """Return the mode beside an unconstrained point, `(U,)`.

    Raises
    ------
    MethodError
        There is none, or no curvature to tell.
    """
    if not np.isfinite(point).all():
        raise MethodError(f"the {TITLES[method]} estimate lies on a bound, where it has no standard errors.")
    bare = replace(target.job, selection=Selection())
    run: RawRun = target.backend.compute_quantities(bare, point[None])
    optimum = refine_and_check(context, target, replace(run, stats={"lp": np.full((1, 1), np.nan)}))
    if optimum.problem:
        raise MethodError(f"the {TITLES[method]} estimate is not a mode: {optimum.problem}")
    if optimum.curvature is None or optimum.newton is None:
        raise MethodError("Stan reports no curvature at the estimate, so it may be no maximum.")
    if optimum.held:
        names = ", ".join(f"`{name}`" for name in optimum.held)
        raise MethodError(
            f"the log density is not smooth at the estimate, where {names} is held: standard errors do "
            "not apply."
        )
    return Mode(context, method, target, optimum.curvature, optimum.newton)
