"""The log density as a surface over the unconstrained scale: its height and slope wherever we ask."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.backends import Backend, Job
from workbench.backends.base import Floats
from workbench.errors import RunError

_BATCH_CELLS = 200_000
"""Numbers handed to one process at a time, to bound its memory."""


@dataclass(frozen=True)
class Breakpoints:
    """Where a density has kinks, as |x| has at 0, and on which side of each a climb is; NaN without one.

    Attributes
    ----------
    location
        `(U,)`: where the slope jumps.
    half_jump
        `(U,)`: by how much the slope falls there, halved.
    side
        `(U,)`: 1 above the kink, -1 below it.
    """

    location: Floats
    half_jump: Floats
    side: Floats

    @property
    def are_there(self) -> np.ndarray:
        """Which dimensions have one, `(U,)`."""
        return np.isfinite(self.location)


@dataclass(frozen=True)
class LogDensity:
    """A log density that can be asked for.

    Attributes
    ----------
    backend, job
        Who evaluates which program on which data.
    jacobian
        Whether the Jacobian of the constraints is part of the density.
    kinks
        Where it has kinks: the density is then continued smoothly beyond each, from the side that was named.
    """

    backend: Backend
    job: Job
    jacobian: bool
    kinks: Breakpoints | None = None


def evaluate(surface: LogDensity, points: Floats) -> tuple[Floats, Floats]:
    """Return height `(P,)` and slope `(P, U)`; minus infinity and NaN where the program rejects a point.

    Parameters
    ----------
    surface
        What is asked.
    points
        `(P, U)` unconstrained points.
    """
    rows = max(1, _BATCH_CELLS // max(1, points.shape[1]))
    pieces = [_batch(surface, points[first : first + rows]) for first in range(0, len(points), rows)]
    heights = np.concatenate([height for height, _ in pieces])
    slopes = np.concatenate([slope for _, slope in pieces])
    if surface.kinks is not None:
        heights, slopes = _continued(surface.kinks, points, heights, slopes)
    is_usable = np.isfinite(heights) & np.isfinite(slopes).all(axis=1)
    return np.where(is_usable, heights, -np.inf), np.where(is_usable[:, None], slopes, np.nan)


def _batch(surface: LogDensity, points: Floats) -> tuple[Floats, Floats]:
    try:
        return surface.backend.log_density(surface.job, points, jacobian=surface.jacobian)
    except RunError:
        if len(points) == 1:
            return np.array([-np.inf]), np.full(points.shape, np.nan)
    # One rejected point ends the process for all of them: halve until it stands alone.
    middle = len(points) // 2
    halves = [_batch(surface, half) for half in (points[:middle], points[middle:])]
    return np.concatenate([one for one, _ in halves]), np.concatenate([one for _, one in halves])


def _continued(kinks: Breakpoints, points: Floats, heights: Floats, slopes: Floats) -> tuple[Floats, Floats]:
    """Return the density as if each kink were not there: beyond it, the slope goes on as it was."""
    distance = np.nan_to_num(points - kinks.location)
    half, side = np.nan_to_num(kinks.half_jump), np.nan_to_num(kinks.side)
    continued = heights + (half * (np.abs(distance) - side * distance)).sum(axis=1)
    return continued, slopes + half * (np.sign(distance) - side)
