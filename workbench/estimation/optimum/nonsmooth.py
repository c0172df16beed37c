"""Densities with kinks, such as the lasso's: modes at which some coefficients are exactly 0.

A double-exponential prior makes the log density fall to both sides of 0 with different slopes. Where the
likelihood's slope at 0 is smaller than that fall, the mode has the coefficient at exactly 0; L-BFGS, made for
smooth functions, only comes near. Here the smooth pieces between the kinks are climbed by Newton's method, a
coefficient that reaches its kink stays there, and is let go where its subgradient says so.

References
----------
Nocedal and Wright (2006), Numerical Optimization, 2nd edition, chapter 16.5: active sets.
Tibshirani (1996), Regression shrinkage and selection via the lasso, JRSS B 58(1): 267-288.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from workbench.backends.base import Floats
from workbench.estimation.optimum.log_density import Breakpoints, LogDensity, evaluate
from workbench.estimation.optimum.newton import NewtonResult, maximise
from workbench.program import Program

_MAY_HAVE = re.compile(r"\b(double_exponential|f?abs)\w*\s*\(")
_APART = 1e-5
_ROUNDS_EACH = 4
_SLACK = 1e-7


@dataclass(frozen=True)
class ActiveSetResult:
    """A maximum at kinks.

    Attributes
    ----------
    summit
        The maximum along the dimensions that are free of kinks.
    held
        `(U,)`: which dimensions sit at their kink.
    """

    summit: NewtonResult
    held: np.ndarray


def may_be_nonsmooth(program: Program) -> bool:
    """Return whether a program writes anything with a kink; whether it has one is found out in numbers."""
    return bool(_MAY_HAVE.search(program.source))


def find_breakpoints(surface: LogDensity, point: Floats, locations: Floats) -> Breakpoints | None:
    """Return the kinks of a density at given places of each dimension, the others as in a point.

    Parameters
    ----------
    surface
        The log density.
    point, locations
        `(U,)`; NaN where a dimension has no such place.
    """
    dims = np.flatnonzero(np.isfinite(locations))
    if not len(dims):
        return None
    wide, narrow = (_jumps(surface, point, locations, dims, apart) for apart in (_APART, _APART / 10))
    # A smooth slope changes ten times less over a tenth of the way; a kink's jump stays.
    with np.errstate(invalid="ignore"):
        has_kink = (narrow > 0.5 * wide) & (wide > 0) & (narrow > _SLACK)
    if not has_kink.any():
        return None
    there, half = np.full(len(point), np.nan), np.full(len(point), np.nan)
    there[dims[has_kink]] = locations[dims[has_kink]]
    half[dims[has_kink]] = narrow[has_kink] / 2
    return Breakpoints(there, half, np.where(point >= there, 1.0, -1.0))


def maximise_nonsmooth(
    surface: LogDensity, start: Floats, scale: Floats, kinks: Breakpoints
) -> ActiveSetResult:
    """Climb a density with kinks to its maximum.

    Parameters
    ----------
    surface
        The log density.
    start, scale
        `(U,)`: where to begin, and the typical length of each dimension.
    kinks
        Where it has kinks.
    """
    point = start.copy()
    inner = _inner_slopes(surface, point, kinks)
    held = kinks.are_there & (np.abs(inner) < kinks.half_jump)
    for _ in range(_ROUNDS_EACH * int(kinks.are_there.sum()) + 4):
        point[held] = kinks.location[held]
        here = replace(kinks, side=np.where(held, 0.0, _side(point, kinks)))
        summit = maximise(replace(surface, kinks=here), point, scale, free=~held)
        crossing = _first_crossing(point, summit.point, kinks, held)
        if crossing is not None:
            point, dim = crossing
            held[dim] = True
            continue
        point = summit.point.copy()
        released = _released(surface, point, kinks, held)
        if released is None:
            return ActiveSetResult(summit, held)
        dim, uphill = released
        held[dim] = False
        point[dim] += uphill * 1e-6 * scale[dim]
    return ActiveSetResult(replace(summit, is_settled=False), held)


def _side(point: Floats, kinks: Breakpoints) -> Floats:
    return np.where(point >= kinks.location, 1.0, -1.0)


def _jumps(surface: LogDensity, point: Floats, locations: Floats, dims: np.ndarray, apart: float) -> Floats:
    """Return by how much each slope falls across its place."""
    below, above = _beside(surface, point, locations, dims, apart)
    return below - above


def _beside(
    surface: LogDensity, point: Floats, locations: Floats, dims: np.ndarray, apart: float
) -> tuple[Floats, Floats]:
    """Return the slope of each dimension just below and just above its place, the others as they are."""
    points = np.tile(point, (2 * len(dims), 1))
    rows = np.arange(len(dims))
    points[rows, dims] = locations[dims] - apart
    points[len(dims) + rows, dims] = locations[dims] + apart
    _, slopes = evaluate(surface, points)
    return slopes[rows, dims], slopes[len(dims) + rows, dims]


def _inner_slopes(surface: LogDensity, point: Floats, kinks: Breakpoints) -> Floats:
    """Return each slope at its kink without the kink's own part, `(U,)`; NaN where there is none."""
    dims = np.flatnonzero(kinks.are_there)
    below, above = _beside(surface, point, kinks.location, dims, _APART / 10)
    inner = np.full(len(point), np.nan)
    inner[dims] = (below + above) / 2
    return inner


def _first_crossing(
    start: Floats, end: Floats, kinks: Breakpoints, held: np.ndarray
) -> tuple[Floats, int] | None:
    """Return where a way first meets a kink, and whose; `None` where it meets none."""
    moving = kinks.are_there & ~held
    with np.errstate(divide="ignore", invalid="ignore"):
        when = np.where(moving, (kinks.location - start) / (end - start), np.inf)
    when = np.where(np.isfinite(when) & (when > 0) & (when < 1), when, np.inf)
    dim = int(np.argmin(when))
    return (start + when[dim] * (end - start), dim) if np.isfinite(when[dim]) else None


def _released(
    surface: LogDensity, point: Floats, kinks: Breakpoints, held: np.ndarray
) -> tuple[int, float] | None:
    """Return the dimension whose subgradient does not contain 0, and which way is uphill."""
    if not held.any():
        return None
    inner = _inner_slopes(surface, point, kinks)
    excess = np.where(held, np.abs(inner) / kinks.half_jump - 1, -np.inf)
    dim = int(np.argmax(excess))
    return (dim, float(np.sign(inner[dim]))) if excess[dim] > _SLACK else None
