"""Modes of densities that are not smooth, such as the lasso's: some coefficients are exactly 0.

With a double-exponential prior the derivative of the log density jumps at 0. Where the likelihood's
derivative at 0 is smaller than half the jump, the mode has the coefficient at exactly 0. L-BFGS, made for
smooth functions, only comes near it. Here Newton's method maximises the smooth pieces between the
breakpoints. A coefficient that reaches its breakpoint is held there, and released if its subgradient does not
contain 0.

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

_NONSMOOTH = re.compile(r"\b(double_exponential|f?abs)\w*\s*\(")
"""Stan's functions of one argument or outcome whose derivative jumps."""

_DISTANCE = 1e-5
"""Distance from a breakpoint at which derivatives are taken on either side. Ours."""

_CLOSER = 10
"""How many times closer the second pair of derivatives is. Ours."""

_REMAINING_SHARE = 0.5
"""Share of a difference that remains `_CLOSER` times closer: all of a jump, a tenth if it is smooth. Ours."""

_SLACK = 1e-7
"""Smallest jump that counts, and the relative excess of a subgradient beyond rounding. Ours."""

_RELEASE = 1e-6
"""How far a released coefficient is moved off its breakpoint, in units of its typical length. Ours."""

_ROUNDS_EACH = 4
"""Times that each breakpoint may be reached or left before the search ends. Ours."""


@dataclass(frozen=True)
class ActiveSetResult:
    """A maximum some of whose dimensions lie at breakpoints.

    Attributes
    ----------
    newton
        The maximum along the other dimensions.
    is_held
        `(U,)`: which dimensions lie at their breakpoint.
    """

    newton: NewtonResult
    is_held: np.ndarray


def may_be_nonsmooth(program: Program) -> bool:
    """Return whether a program uses a function that is not smooth; whether it matters shows numerically."""
    return bool(_NONSMOOTH.search(program.source))


def find_breakpoints(target: LogDensity, point: Floats, locations: Floats) -> Breakpoints | None:
    """Return the breakpoints of a density among candidate locations, or `None` if there are none.

    Parameters
    ----------
    target
        The log density.
    point
        `(U,)`: the values of the dimensions that are not being examined.
    locations
        `(U,)`: the candidate of each dimension, NaN for none.
    """
    dims = np.flatnonzero(np.isfinite(locations))
    if not len(dims):
        return None
    far, near = (
        _measure_jumps(target, point, locations, dims, distance)
        for distance in (_DISTANCE, _DISTANCE / _CLOSER)
    )
    with np.errstate(invalid="ignore"):
        is_jump = (near > _REMAINING_SHARE * far) & (far > 0) & (near > _SLACK)
    if not is_jump.any():
        return None
    location, half_jump = np.full(len(point), np.nan), np.full(len(point), np.nan)
    location[dims[is_jump]] = locations[dims[is_jump]]
    half_jump[dims[is_jump]] = near[is_jump] / 2
    return Breakpoints(location, half_jump, np.where(point >= location, 1.0, -1.0))


def maximise_nonsmooth(
    target: LogDensity, start: Floats, scale: Floats, breakpoints: Breakpoints
) -> ActiveSetResult:
    """Find the maximum of a density with breakpoints.

    Parameters
    ----------
    target
        The log density.
    start, scale
        `(U,)`: where to begin, and the typical length of each dimension.
    breakpoints
        Where it is not smooth.
    """
    point = start.copy()
    inner = _measure_smooth_derivatives(target, point, breakpoints)
    is_held = breakpoints.is_present & (np.abs(inner) < breakpoints.half_jump)
    for _ in range(_ROUNDS_EACH * (int(breakpoints.is_present.sum()) + 1)):
        point[is_held] = breakpoints.location[is_held]
        side = np.where(is_held, 0.0, np.where(point >= breakpoints.location, 1.0, -1.0))
        smooth = replace(target, breakpoints=replace(breakpoints, side=side))
        newton = maximise(smooth, point, scale, free=~is_held)
        crossing = _find_first_crossing(point, newton.point, breakpoints, is_held)
        if crossing is not None:
            point, dim = crossing
            is_held[dim] = True
            continue
        point = newton.point.copy()
        release = _find_release(target, point, breakpoints, is_held)
        if release is None:
            return ActiveSetResult(newton, is_held)
        dim, uphill = release
        is_held[dim] = False
        point[dim] += uphill * _RELEASE * scale[dim]
    return ActiveSetResult(replace(newton, is_converged=False), is_held)


def _measure_jumps(
    target: LogDensity, point: Floats, locations: Floats, dims: np.ndarray, distance: float
) -> Floats:
    """Return by how much the derivative of each dimension falls across its location."""
    below, above = _differentiate_beside(target, point, locations, dims, distance)
    return below - above


def _differentiate_beside(
    target: LogDensity, point: Floats, locations: Floats, dims: np.ndarray, distance: float
) -> tuple[Floats, Floats]:
    """Return the derivative of each dimension just below and just above its location."""
    points = np.tile(point, (2 * len(dims), 1))
    rows = np.arange(len(dims))
    points[rows, dims] = locations[dims] - distance
    points[len(dims) + rows, dims] = locations[dims] + distance
    _, gradients = evaluate(target, points)
    return gradients[rows, dims], gradients[len(dims) + rows, dims]


def _measure_smooth_derivatives(target: LogDensity, point: Floats, breakpoints: Breakpoints) -> Floats:
    """Return the derivative at each breakpoint without the jump, `(U,)`; NaN for a dimension without one."""
    dims = np.flatnonzero(breakpoints.is_present)
    below, above = _differentiate_beside(target, point, breakpoints.location, dims, _DISTANCE / _CLOSER)
    inner = np.full(len(point), np.nan)
    inner[dims] = (below + above) / 2
    return inner


def _find_first_crossing(
    start: Floats, end: Floats, breakpoints: Breakpoints, is_held: np.ndarray
) -> tuple[Floats, int] | None:
    """Return where the line between two points first crosses a breakpoint, and of which dimension."""
    is_moving = breakpoints.is_present & ~is_held
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(is_moving, (breakpoints.location - start) / (end - start), np.inf)
    share = np.where(np.isfinite(share) & (share > 0) & (share < 1), share, np.inf)
    dim = int(np.argmin(share))
    return (start + share[dim] * (end - start), dim) if np.isfinite(share[dim]) else None


def _find_release(
    target: LogDensity, point: Floats, breakpoints: Breakpoints, is_held: np.ndarray
) -> tuple[int, float] | None:
    """Return the held dimension whose subgradient is farthest from containing 0, and which way is uphill."""
    if not is_held.any():
        return None
    inner = _measure_smooth_derivatives(target, point, breakpoints)
    excess = np.where(is_held, np.abs(inner) / breakpoints.half_jump - 1, -np.inf)
    dim = int(np.argmax(excess))
    return (dim, float(np.sign(inner[dim]))) if excess[dim] > _SLACK else None
