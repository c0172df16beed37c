"""The instrumented program compared with the original, numerically, before its results are used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from workbench.backends import Backend, Job, RawRun
from workbench.backends.base import KEEP_ALL, Floats, Integers
from workbench.errors import RunError, RunTimedOut
from workbench.program import InstrumentedProgram, Obstacle, Program
from workbench.results import draws
from workbench.results.quantities import owner
from workbench.thresholds import DENSITY_DIFFERENCE_LIMIT, GRADIENT_DIFFERENCE_LIMIT, TERM_SUM_LIMIT

POINTS = 10
"""Random points of the unconstrained space at which programs are compared. Ours."""

REPEATED_DRAWS = 50
"""Draws at which terms are computed again where those of the sampler's output seem to differ. Ours."""

_RANGE = 2.0
"""Largest absolute value of their coordinates, uniformly distributed as Stan's initial values."""


@dataclass(frozen=True)
class Equivalence:
    """Whether two programs have the same density.

    Attributes
    ----------
    status
        `equal`, `different`, or `not available` where nothing could be compared.
    reason
        A sentence, unless they are equal.
    points
        Points at which both programs could be evaluated.
    density, gradient
        Largest relative differences there.
    unmatched
        Points at which only one of them could be evaluated.
    """

    status: str
    reason: str = ""
    points: int = 0
    density: float = 0.0
    gradient: float = 0.0
    unmatched: int = 0

    @property
    def is_proven(self) -> bool:
        """Whether they are equal wherever they were compared, and at no point only one has a density."""
        return self.status == "equal" and not self.unmatched

    @property
    def record(self) -> dict[str, Any]:
        """The comparison as it stands in `run.json`, `model.proof`."""
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
        What runs them.
    original, instrumented
        Calls of the author's program and of ours, with unit weights and the program's own constants.

    Raises
    ------
    RunTimedOut
        A density takes longer than the time limit: no method would end within it.
    """
    try:
        size = backend.dimension(original)
        if size != backend.dimension(instrumented):
            return Equivalence(
                "different", "the instrumented program has other parameters than the original."
            )
    except RunTimedOut:
        raise
    except RunError as reason:
        return Equivalence("not available", f"the programs could not be compared: {reason.message}")
    if size == 0:
        return Equivalence("equal", "the program has no parameters.")
    points = np.random.default_rng(original.seed).uniform(-_RANGE, _RANGE, (POINTS, size))
    theirs, ours = (_evaluate_once(backend, job, points) for job in (original, instrumented))
    pairs = [(own, other) for own, other in zip(ours, theirs, strict=True) if own and other]
    if not pairs:
        return Equivalence("not available", "the density could not be evaluated at any random point.")
    unmatched = sum((own is None) != (other is None) for own, other in zip(ours, theirs, strict=True))
    return replace(_compare(pairs), unmatched=unmatched)


def use_loops(program: Program, equivalence: Equivalence, instrumented: InstrumentedProgram) -> Program:
    """Return a program with an instrumented one whose loops are the author's, and the reason."""
    reason = equivalence.reason or "the vectorised program and the original reject different points."
    return replace(
        program,
        instrumented=instrumented,
        obstacles=(*program.obstacles, Obstacle("vectorising", f"loops are run as written: {reason}")),
    )


def use_one_sum(program: Program, equivalence: Equivalence, instrumented: InstrumentedProgram) -> Program:
    """Return a program with an instrumented one that does not share out its rows, and the reason."""
    reason = equivalence.reason or "the program that does so and the original reject different points."
    obstacle = Obstacle("threads", f"rows are not shared out among threads: {reason}")
    return replace(
        program, instrumented=instrumented, is_shared=False, obstacles=(*program.obstacles, obstacle)
    )


def drop_instrumentation(program: Program, equivalence: Equivalence) -> Program:
    """Return the program as its author wrote it, with the reason among its obstacles."""
    message = f"the instrumented program is not used: {equivalence.reason}"
    return replace(
        program,
        instrumented=None,
        replicates=tuple(replicate for replicate in program.replicates if replicate.is_drawn_by_author),
        obstacles=(*program.obstacles, Obstacle("instrumenting", message)),
    )


def measure_density_error(backend: Backend, job: Job, run: RawRun, program: Program) -> float | None:
    """Return how far lprior + sum(log_lik) + all other terms is from the log density, relative.

    It is measured at the draws of the first chain that have pointwise log-likelihoods. A user's own CmdStan
    writes them with ten digits, which is too few where a parameter is known to more: its rounding then moves
    the density. So where the two differ, the terms of the draws that differ most are computed again, from the
    same rounded draws and with all digits.

    A differential equation solved without sensitivities takes other steps than with them: then a difference
    remains, and the pointwise log-likelihoods are off as well. The result is `None` where there is nothing to
    compare.
    """
    if program.instrumented is None:
        return None
    count = draws.count_parameter_columns(run.columns, program)
    are_stored = job.selection.pointwise_draws != 0
    chosen = run.with_pointwise.positions if are_stored else _spread(run.draws.shape[1])
    names, values = run.columns[:count], run.draws[0][:, :count]
    values = values if chosen is None else values[chosen]
    try:
        log_density, _ = backend.log_density_at(job, names, values)
    except RunError:  # a draw on the edge of the support is rejected on its way back
        return None
    if not np.isfinite(log_density).all():
        return None
    names_given = run.columns if run.pointwise is None else (*run.columns, *run.pointwise.columns)
    is_summand = _select_summands(program.instrumented, names_given)
    error, repeated = None, np.arange(len(values))
    if are_stored:
        differences = _add_up(run, is_summand) - log_density
        error = _measure_spread(differences, log_density)
        repeated = np.argsort(-np.abs(differences - np.median(differences)))[:REPEATED_DRAWS]
    if error is not None and error <= TERM_SUM_LIMIT:
        return error
    try:
        again = backend.generate(replace(job, selection=KEEP_ALL), names, values[repeated])
    except RunError:
        return error
    is_summand = _select_summands(program.instrumented, again.columns)
    return _measure_spread(_add_up(again, is_summand) - log_density[repeated], log_density)


def _spread(count: int) -> Integers:
    """Return the positions of some draws of a chain, evenly spaced."""
    return np.unique(np.linspace(0, count - 1, min(count, REPEATED_DRAWS)).astype(np.int64))


def _add_up(run: RawRun, is_summand: Callable[[str], bool]) -> Floats:
    """Return the sum of all terms at the draws of the first chain that have pointwise log-likelihoods."""
    rows = slice(None) if run.with_pointwise.positions is None else run.with_pointwise.positions
    own = [i for i, column in enumerate(run.columns) if is_summand(column)]
    total: Floats = run.draws[0][rows][:, own].sum(axis=1)
    if run.pointwise is not None:
        total += _add_up(replace(run.pointwise, positions=None), is_summand)
    return total


def _select_summands(instrumented: InstrumentedProgram, columns: tuple[str, ...]) -> Callable[[str], bool]:
    """Return which columns add up to the density: totals where there are any, else term by term."""
    outputs = instrumented.outputs
    has_log_lik = outputs.log_lik is not None and any(owner(item) == outputs.log_lik for item in columns)
    in_totals = {"prior", "likelihood"} if has_log_lik else {"prior"}
    alone = {
        f"{outputs.densities}[{term.index}]" for term in instrumented.terms if term.role not in in_totals
    }
    totals = {outputs.lprior, outputs.log_lik}
    return lambda column: column in alone or owner(column) in totals


def _evaluate_once(backend: Backend, job: Job, points: Floats) -> list[tuple[float, Floats] | None]:
    """Return what `_evaluate` does; what was loaded for that is not needed again."""
    found = _evaluate(backend, job, points)
    backend.release(job)
    return found


def _evaluate(backend: Backend, job: Job, points: Floats) -> list[tuple[float, Floats] | None]:
    """Return log density and gradient at each point, `None` where the program rejects it."""
    try:
        log_density, gradient = backend.log_density(job, points, jacobian=True)
    except RunTimedOut:
        raise
    except RunError:  # one rejected point ends the process for all of them
        return [None] if len(points) == 1 else [_evaluate(backend, job, point[None])[0] for point in points]
    is_finite = np.isfinite(log_density) & np.isfinite(gradient).all(axis=1)
    return [(float(log_density[i]), gradient[i]) if is_finite[i] else None for i in range(len(points))]


def _compare(pairs: list[tuple[tuple[float, Floats], tuple[float, Floats]]]) -> Equivalence:
    """Compare density and gradient of the instrumented program, first of each pair, with the original's."""
    ours = np.array([value for (value, _), _ in pairs])
    theirs = np.array([value for _, (value, _) in pairs])
    density = _measure_spread(ours - theirs, theirs)
    gradient = max(
        float(np.abs(own - other).max() / max(1.0, np.abs(other).max())) for (_, own), (_, other) in pairs
    )
    if density > DENSITY_DIFFERENCE_LIMIT or gradient > GRADIENT_DIFFERENCE_LIMIT:
        reason = (
            f"its log density differs from the original's by up to {density:.1g} (relative), "
            f"its gradient by {gradient:.1g}."
        )
        return Equivalence("different", reason, len(pairs), density, gradient)
    return Equivalence("equal", "", len(pairs), density, gradient)


def _measure_spread(differences: Floats, values: Floats) -> float:
    """Return how far differences are from one constant, relative to the size of the values compared."""
    return float(np.abs(differences - np.median(differences)).max() / max(1.0, np.abs(values).max()))
