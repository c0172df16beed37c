"""The log density on the unconstrained scale: its value and gradient at any point."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from workbench.backends import Backend, Job
from workbench.backends.base import Floats
from workbench.errors import RunError

_CALL_COST = 30
"""Evaluations that take as long as starting the executable once: measured with about 100 parameters."""

_ALWAYS_HALVED = 32
"""Points up to which a rejected batch is halved whatever the budget: a comparison of a few points. Ours."""

_BATCH_SIZE = 200_000
"""Coordinates sent to one process at a time, to bound its memory: our choice."""


@dataclass(frozen=True)
class Breakpoints:
    """Points where a log density is not smooth, as -|x| is not at 0; NaN for a dimension without one.

    Attributes
    ----------
    location
        `(U,)`: where the derivative jumps.
    half_jump
        `(U,)`: half of what the derivative falls by there.
    side
        `(U,)`: which smooth piece is continued: 1 the one above, -1 the one below, 0 the mean of both.
    """

    location: Floats
    half_jump: Floats
    side: Floats

    @property
    def is_present(self) -> np.ndarray:
        """Which dimensions have a breakpoint, `(U,)`."""
        return np.isfinite(self.location)


@dataclass
class EvaluationBudget:
    """How many evaluations of a log density a search may take, and how many it took.

    Counted, not timed: the same request finds the same modes on every machine.

    Attributes
    ----------
    limit
        Evaluations with a gradient; a call of the executable counts as `_CALL_COST` more.
    used
        Those so far.
    """

    limit: float = math.inf
    used: float = 0.0

    @property
    def is_spent(self) -> bool:
        """Whether none is left."""
        return self.used >= self.limit

    def spend(self, points: int) -> None:
        """Count a call of the executable for several points."""
        self.used += points + _CALL_COST


@dataclass(frozen=True)
class LogDensity:
    """A log density that can be evaluated.

    Attributes
    ----------
    backend, job
        What evaluates which program on which data.
    jacobian
        Whether the density includes the Jacobian of the constraints.
    breakpoints
        Where it is not smooth. It is then replaced by the smooth piece on the chosen side of each.
    budget
        How many evaluations the search for an optimum may take.
    """

    backend: Backend
    job: Job
    jacobian: bool
    breakpoints: Breakpoints | None = None
    budget: EvaluationBudget = field(default_factory=EvaluationBudget)


def evaluate(target: LogDensity, points: Floats) -> tuple[Floats, Floats]:
    """Return the log density `(P,)` and its gradient `(P, U)`; minus infinity and NaN at rejected points.

    Parameters
    ----------
    target
        The log density.
    points
        `(P, U)`: unconstrained points.
    """
    if not len(points):
        return np.empty(0), np.empty(points.shape)
    rows = max(1, _BATCH_SIZE // max(1, points.shape[1]))
    batches = [_evaluate_batch(target, points[first : first + rows]) for first in range(0, len(points), rows)]
    values = np.concatenate([value for value, _ in batches])
    gradients = np.concatenate([gradient for _, gradient in batches])
    if target.breakpoints is not None:
        values, gradients = _continue_smoothly(target.breakpoints, points, values, gradients)
    is_usable = np.isfinite(values) & np.isfinite(gradients).all(axis=1)
    return np.where(is_usable, values, -np.inf), np.where(is_usable[:, None], gradients, np.nan)


def _evaluate_batch(target: LogDensity, points: Floats) -> tuple[Floats, Floats]:
    target.budget.spend(len(points))
    try:
        return target.backend.log_density(target.job, points, jacobian=target.jacobian)
    except RunError:
        if len(points) == 1 or (target.budget.is_spent and len(points) > _ALWAYS_HALVED):
            return np.full(len(points), -np.inf), np.full(points.shape, np.nan)
    # One rejected point ends the process for all of them: halve the batch until it is alone.
    middle = len(points) // 2
    halves = [_evaluate_batch(target, half) for half in (points[:middle], points[middle:])]
    return np.concatenate([value for value, _ in halves]), np.concatenate([slope for _, slope in halves])


def _continue_smoothly(
    breakpoints: Breakpoints, points: Floats, values: Floats, gradients: Floats
) -> tuple[Floats, Floats]:
    """Return the density with each breakpoint removed: the piece on its chosen side extends beyond it."""
    distance = np.nan_to_num(points - breakpoints.location)
    half, side = np.nan_to_num(breakpoints.half_jump), np.nan_to_num(breakpoints.side)
    continued = values + (half * (np.abs(distance) - side * distance)).sum(axis=1)
    return continued, gradients + half * (np.sign(distance) - side)
