"""The instrumented program held against the author's own, in numbers, before anything else is believed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from workbench.backends import Backend, Job, RawRun
from workbench.backends.base import Floats
from workbench.backends.points import write_draws
from workbench.errors import RunError
from workbench.program import Instrumented, Obstacle, Program
from workbench.results import draws
from workbench.results.quantities import owner
from workbench.thresholds import DENSITY_DIFFERENCE_LIMIT, GRADIENT_DIFFERENCE_LIMIT

POINTS = 10
"""Random points of the unconstrained space, uniform on (-2, 2) in each direction as Stan's inits are."""


@dataclass(frozen=True)
class Equivalence:
    """What the comparison found.

    Attributes
    ----------
    status
        `equal`, `different`, or `not available` where nothing could be compared.
    reason
        A sentence, unless equal.
    points
        Points at which both programs could be evaluated.
    density, gradient
        Largest relative differences there.
    """

    status: str
    reason: str = ""
    points: int = 0
    density: float = 0.0
    gradient: float = 0.0

    @property
    def record(self) -> dict[str, Any]:
        """The proof as it stands in `run.json`."""
        return {
            "status": self.status,
            "reason": self.reason,
            "points": self.points,
            "density": self.density,
            "gradient": self.gradient,
        }


def check_equivalence(backend: Backend, original: Job, instrumented: Job) -> Equivalence:
    """Compare density and gradient of two executables at random points.

    Parameters
    ----------
    backend
        Who runs them.
    original, instrumented
        Calls of the author's program and of ours, with unit weights and the constants in force.
    """
    try:
        size = backend.dimension(original)
        if size != backend.dimension(instrumented):
            return Equivalence(
                "different", "the instrumented program has other parameters than the original."
            )
    except RunError as reason:
        return Equivalence("not available", f"the programs could not be compared: {reason.message}")
    if size == 0:
        return Equivalence("equal", "the program has no parameters.")
    points = np.random.default_rng(original.seed).uniform(-2, 2, (POINTS, size))
    theirs, ours = (_evaluated(backend, job, points) for job in (original, instrumented))
    pairs = [(one, other) for one, other in zip(ours, theirs, strict=True) if one and other]
    if not pairs:
        return Equivalence("not available", "the density could not be evaluated at any random point.")
    return _compared(pairs)


def drop_instrumentation(program: Program, proof: Equivalence) -> Program:
    """Return the program to be run as its author wrote it."""
    message = f"the instrumented program is not used: {proof.reason}"
    lost = replace(
        program, instrumented=None, replicates=tuple(one for one in program.replicates if one.is_own)
    )
    return replace(lost, obstacles=(*program.obstacles, Obstacle("instrumenting", message)))


def measure_density_error(backend: Backend, job: Job, run: RawRun, program: Program) -> float | None:
    """Return how far lprior + sum(log_lik) + all other terms is from the log density, relative.

    It is taken at the first chain's draws. Differential equations solved without sensitivities take other
    steps than with them: they differ here, and so then do the pointwise log-likelihoods. `None` where there
    is nothing to compare.
    """
    if program.instrumented is None or run.output is None:
        return None
    free = draws.count_parameter_columns(run.columns, program)
    path = write_draws(run.columns[:free], run.draws[0][:, :free], run.output.with_name("parameters.csv"))
    try:
        log_density, _ = backend.log_density(job, path, jacobian=False)
    except RunError:
        return None
    counted = _counted_columns(program.instrumented)
    total = run.draws[0][:, [i for i, column in enumerate(run.columns) if counted(column)]].sum(axis=1)
    return _spread(total - log_density, log_density)


def _counted_columns(instrumented: Instrumented) -> Callable[[str], bool]:
    """Return which columns add up to the density: totals where there are such, else terms one by one."""
    outputs = instrumented.outputs
    in_totals = {"prior", "likelihood"} if outputs.log_lik is not None else {"prior"}
    alone = {
        f"{outputs.densities}[{term.index}]" for term in instrumented.terms if term.role not in in_totals
    }
    totals = {outputs.lprior, outputs.log_lik}
    return lambda column: column in alone or owner(column) in totals


def _evaluated(backend: Backend, job: Job, points: Floats) -> list[tuple[float, Floats] | None]:
    """Return log density and gradient at each point, `None` where the program rejects it."""
    try:
        log_density, gradient = backend.log_density(job, points, jacobian=True)
    except RunError:
        return [None] if len(points) == 1 else [_evaluated(backend, job, point[None])[0] for point in points]
    is_finite = np.isfinite(log_density) & np.isfinite(gradient).all(axis=1)
    return [(float(log_density[i]), gradient[i]) if is_finite[i] else None for i in range(len(points))]


def _compared(pairs: list[tuple[tuple[float, Floats], tuple[float, Floats]]]) -> Equivalence:
    ours = np.array([one[0] for one, _ in pairs])
    theirs = np.array([one[0] for _, one in pairs])
    density = _spread(ours - theirs, theirs)
    gradient = max(
        float(np.abs(one[1] - other[1]).max() / max(1.0, np.abs(other[1]).max())) for one, other in pairs
    )
    if density > DENSITY_DIFFERENCE_LIMIT or gradient > GRADIENT_DIFFERENCE_LIMIT:
        reason = (
            f"its log density differs from the original's by up to {density:.1g} (relative), "
            f"its gradient by {gradient:.1g}."
        )
        return Equivalence("different", reason, len(pairs), density, gradient)
    return Equivalence("equal", "", len(pairs), density, gradient)


def _spread(difference: Floats, size: Floats) -> float:
    """Return how far differences are from being one constant, relative to the size of what is compared."""
    return float(np.abs(difference - np.median(difference)).max() / max(1.0, np.abs(size).max()))
