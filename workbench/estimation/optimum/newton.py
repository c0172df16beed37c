"""Newton's method on a log density, in coordinates in which its curvature is the unit matrix.

Stan's optimisers stop where their line search does: six or seven digits from the mode and, where scales
differ by many orders of magnitude, far from it. Here the Hessian is taken by finite differences of exact
gradients, along directions that the previous Hessian scaled to unit curvature. Each direction, however weak,
is thus resolved to the same relative precision, and an ill-conditioned regression is no harder than another.

References
----------
Nocedal and Wright (2006), Numerical Optimization, 2nd edition, chapter 3.4: modified Newton steps.
Deuflhard (2011), Newton Methods for Nonlinear Problems, section 2.1: affine invariance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from workbench.backends.base import Floats
from workbench.estimation.optimum.log_density import LogDensity, evaluate
from workbench.thresholds import MODE_CURVATURE_LIMIT

MOST_STEPS = 40
"""Hessians taken before the search ends: more than a mode needs, enough to see that there is none. Ours."""

CONTRACTION = 0.1
"""Ratio of successive Newton steps near a mode, where they shrink quadratically; above it, no mode is near.
Ours."""

ROUNDING = 1e-20
"""Newton decrement [nats] below which steps are rounding and need not shrink: 1e-10 SDs. Ours."""

RESOLUTION = 1e-9
"""Smallest eigenvalue of a Hessian, relative to the largest, that differences of gradients resolve: about
their accuracy."""

FLAT = 1e-14
"""Stiffness below which a direction is flat, about fifty times the spacing of doubles: two parameters are
then determined by their sum alone."""

_DIFFERENCE_STEP = 5e-3
"""Step of the finite differences where the curvature is 1; of fourth order, so accurate to about 1e-9."""

_STENCIL = ((-2, 1 / 12), (-1, -2 / 3), (1, 2 / 3), (2, -1 / 12))
"""Offsets and weights of the central difference of fourth order for a first derivative."""

_SHORTER = (1e-2, 1e-4, 1e-6)
"""Factors that shorten the directions, in turn, where the stencil leaves the support. Ours."""

_LENGTHS = 2.0 ** -np.arange(0, 24, 3)
"""Shares of the Newton step that are tried. Ours."""

_DAMPINGS = 10.0 ** np.arange(-6, 7)
"""Levenberg and Marquardt's dampings that are tried, in multiples of the curvature's diagonal. Ours."""

_TINY = float(np.finfo(float).tiny)
"""The smallest stiffness by which a direction is shortened: the smallest number of full precision."""

_NEAR = 0.1
"""Length of the Newton step, in standard deviations, below which a maximum is near. Ours."""

_UNMOVED = 1e-6
"""Distance, in standard deviations, within which a curvature holds to about six digits. Ours."""

_VISIBLE = 1e-12
"""Relative change of a coordinate that is more than rounding. Ours."""

_UNCHANGED = 1e-3
"""Relative change of the gradient below which a step left it as it was. Ours."""

_MOST_CHORD_STEPS = 6
"""Steps taken with one Hessian: enough for quadratic convergence to the last digit. Ours."""

_MOST_SLOW_STEPS = 6
"""Hessians taken near a maximum without convergence before the maximum is taken to lie at infinity. Ours."""


@dataclass(frozen=True)
class NewtonResult:
    """The point where Newton's method stopped; `U` dimensions, `F` of them free.

    Attributes
    ----------
    point, gradient
        `(U,)`, unconstrained.
    log_density
        The log density there [nats].
    directions
        `(U, F)`: directions along which the curvature has absolute value 1; rows of fixed dimensions are 0.
    curvature
        `(F,)`: minus the second derivative along each direction, in units of its absolute value: 1 at a
        maximum, -1 where the density curves upwards, near 0 where it is flat.
    is_converged
        Whether a further step would change nothing.
    """

    point: Floats
    gradient: Floats
    log_density: float
    directions: Floats
    curvature: Floats
    is_converged: bool

    @property
    def decrement(self) -> float:
        """What a further Newton step would gain [nats]."""
        return float(0.5 * np.sum((self.directions.T @ self.gradient) ** 2))

    @property
    def is_maximum(self) -> bool:
        """Whether the density falls in every direction."""
        return bool((self.curvature > MODE_CURVATURE_LIMIT).all())

    @property
    def stiffness(self) -> Floats:
        """The curvature along each direction if each parameter alone had curvature 1, `(F,)`: 0 if flat."""
        dims, inverse = invert_directions(self)
        with np.errstate(all="ignore"):  # a direction without end is not stiff at all
            stiffness: Floats = 1 / (self.directions[dims].T ** 2 @ np.sum(inverse**2, axis=0))
        return np.nan_to_num(stiffness, nan=0.0)

    @property
    def covariance(self) -> Floats:
        """The inverse of the negative Hessian, `(U, U)`; 0 for fixed dimensions."""
        return self.directions @ self.directions.T


def maximise(
    target: LogDensity,
    start: Floats,
    scale: Floats,
    free: np.ndarray | None = None,
    *,
    is_curvature_needed: bool = True,
    is_hopeless: Callable[[NewtonResult], bool] | None = None,
) -> NewtonResult:
    """Take Newton steps from a point until none improves it, or there have been too many.

    Parameters
    ----------
    target
        The log density.
    start
        `(U,)`.
    scale
        A typical length of each dimension, `(U,)`, right to an order of magnitude; or directions of about
        unit curvature, `(U, F)`, from an earlier result.
    free
        `(U,)`: which dimensions may move; by default all.
    is_curvature_needed
        Whether to take the curvature at the last point. Otherwise it is that of a point nearby.
    is_hopeless
        Whether to give up at a point with its curvature, because no maximum lies that way.
    """
    dims = np.flatnonzero(np.ones(len(start), dtype=bool) if free is None else free)
    directions = scale
    if scale.ndim == 1:
        directions = np.zeros((len(start), len(dims)))
        directions[dims, np.arange(len(dims))] = scale[dims]
    here = _evaluate_at(target, start, directions, np.ones(directions.shape[1]))
    slow_steps = 0
    for _ in range(MOST_STEPS):
        taken_at = here.point
        here = _update_curvature(target, here)
        if not np.isfinite(here.directions).all() or not np.isfinite(here.log_density):
            break
        if target.budget.is_spent or (is_hopeless is not None and is_hopeless(here)):
            break
        is_near, before = _is_near(here), here
        here = _take_chord_steps(target, here) if is_near else _step_to_best_trial(target, here)
        slow_steps = slow_steps + 1 if is_near else 0
        if here.is_converged:
            is_done = not is_curvature_needed or _has_same_curvature(here, taken_at)
            return here if is_done else _update_curvature(target, here)
        # Ever smaller gains without convergence: the maximum lies at infinity. No gain at all: there is none.
        if here is before or slow_steps > _MOST_SLOW_STEPS:
            break
    return here


def refine(target: LogDensity, point: Floats, hessian: Floats) -> NewtonResult:
    """Find the last digits of a maximum with a known Hessian, where another would take too long.

    Parameters
    ----------
    target
        The log density.
    point, hessian
        Where an optimiser stopped, `(U,)`, and the second derivatives there, `(U, U)`.
    """
    values, vectors = np.linalg.eigh(-hessian)
    safe = np.maximum(np.abs(values), FLAT * np.abs(values).max())
    here = _evaluate_at(target, point, vectors / np.sqrt(safe), values / safe)
    return _take_chord_steps(target, here) if here.is_maximum else here


def invert_directions(here: NewtonResult) -> tuple[np.ndarray, Floats]:
    """Return the free dimensions, and the inverse of the directions restricted to them, `(F, F)`."""
    dims = np.flatnonzero(np.abs(here.directions).max(axis=1, initial=0.0))
    lengths = np.abs(here.directions[dims]).max(axis=0, initial=0.0)
    return dims, np.linalg.inv(here.directions[dims] / lengths) / lengths[:, None]


def _evaluate_at(target: LogDensity, point: Floats, directions: Floats, curvature: Floats) -> NewtonResult:
    values, gradients = evaluate(target, point[None])
    return NewtonResult(point, gradients[0], float(values[0]), directions, curvature, is_converged=False)


def _update_curvature(target: LogDensity, here: NewtonResult) -> NewtonResult:
    """Return the same point with directions of unit curvature."""
    information = _estimate_information(target, here)
    if not np.isfinite(information).all():
        return _shorten_directions(target, here)
    values, vectors = np.linalg.eigh(information)
    sizes = np.abs(values)
    safe = np.maximum(sizes, RESOLUTION * (sizes.max(initial=0.0) or 1.0))
    directions = here.directions @ (vectors / np.sqrt(safe))
    return _limit_directions(replace(here, directions=directions, curvature=values / safe))


def _limit_directions(here: NewtonResult) -> NewtonResult:
    """Return the same point with no direction longer than that of a flat one."""
    stiffness = np.maximum(here.stiffness, _TINY)  # a direction without end has none
    excess = np.sqrt(np.maximum(1, FLAT / stiffness))
    return replace(here, directions=here.directions / excess, curvature=here.curvature / excess**2)


def _shorten_directions(target: LogDensity, here: NewtonResult) -> NewtonResult:
    """Return the same point with the curvature from a stencil short enough to stay inside the support."""
    for factor in _SHORTER:
        short = replace(here, directions=here.directions * factor, is_converged=False)
        if np.isfinite(_estimate_information(target, short)).all():
            return _update_curvature(target, short)
    return replace(here, directions=np.full_like(here.directions, np.nan), is_converged=False)


def _estimate_information(target: LogDensity, here: NewtonResult) -> Floats:
    """Return the negative Hessian along the directions, `(F, F)`, by differences of gradients."""
    steps = _DIFFERENCE_STEP * here.directions.T
    points = np.concatenate([here.point + offset * steps for offset, _ in _STENCIL])
    _, gradients = evaluate(target, points)
    by_offset = np.split(gradients, len(_STENCIL))
    change = sum((weight * part for (_, weight), part in zip(_STENCIL, by_offset, strict=True)), np.zeros(1))
    with np.errstate(all="ignore"):  # what overflows is noticed, and the directions are shortened
        information = -(change @ here.directions) / _DIFFERENCE_STEP
        return 0.5 * (information + information.T)


def _is_near(here: NewtonResult) -> bool:
    return here.is_maximum and np.sqrt(2 * here.decrement) < _NEAR


def _has_same_curvature(here: NewtonResult, taken_at: Floats) -> bool:
    """Return whether the curvature, taken at another point, still holds to six digits."""
    moved = np.linalg.lstsq(here.directions, here.point - taken_at, rcond=None)[0]
    return bool(np.linalg.norm(moved) < _UNMOVED)


def _take_chord_steps(target: LogDensity, here: NewtonResult) -> NewtonResult:
    """Return the end of Newton steps with the Hessian held fixed; converged if they shrink as they should."""
    for _ in range(_MOST_CHORD_STEPS):
        step = here.directions @ (here.directions.T @ here.gradient)
        following = _evaluate_at(target, here.point + step, here.directions, here.curvature)
        if _has_unchanged_gradient(here, following):
            return following
        if not np.isfinite(following.log_density) or following.decrement >= here.decrement:
            # Only rounding is left. Whether the point is good enough is decided by its decrement.
            return replace(here, is_converged=True)
        if following.decrement > CONTRACTION**2 * here.decrement:
            return replace(following, is_converged=following.decrement < ROUNDING)
        here = following
    return replace(here, is_converged=True)


def _has_unchanged_gradient(here: NewtonResult, following: NewtonResult) -> bool:
    """Return whether a step larger than rounding left the gradient as it was.

    The curvature is then that of a region farther back. It happens where a separated likelihood is nearly
    flat, and the stencil reaches back to where it is not.
    """
    if here.decrement < ROUNDING:
        return False
    is_visible = (np.abs(following.point - here.point) > _VISIBLE * np.abs(here.point)).any()
    change = np.linalg.norm(here.directions.T @ (following.gradient - here.gradient))
    return bool(is_visible and change < _UNCHANGED * np.linalg.norm(here.directions.T @ here.gradient))


def _step_to_best_trial(target: LogDensity, here: NewtonResult) -> NewtonResult:
    """Return the best of many trial points, along the Newton direction and turned towards the gradient.

    Where the density curves upwards, the Newton direction is reversed so that it leads uphill.
    """
    step = here.directions @ (here.directions.T @ here.gradient)
    trials = np.concatenate([here.point + _LENGTHS[:, None] * step, _list_damped_points(here)])
    values, gradients = evaluate(target, trials)
    best = int(np.argmax(values))
    if not values[best] > here.log_density:
        return replace(here, is_converged=True) if here.is_maximum else here
    return NewtonResult(
        trials[best],
        gradients[best],
        float(values[best]),
        here.directions,
        here.curvature,
        is_converged=False,
    )


def _list_damped_points(here: NewtonResult) -> Floats:
    """Return Levenberg and Marquardt's points: the curvature with multiples of its diagonal added."""
    dims, inverse = invert_directions(here)
    lengths = 1 / np.sqrt(np.sum(inverse**2, axis=0))
    values, vectors = np.linalg.eigh(lengths[:, None] * (inverse.T @ inverse) * lengths)
    gradient = vectors.T @ (lengths * here.gradient[dims])
    trials = np.tile(here.point, (len(_DAMPINGS), 1))
    for row, damping in zip(trials, _DAMPINGS, strict=True):
        row[dims] += lengths * (vectors @ (gradient / (np.abs(values) + damping)))
    return trials
