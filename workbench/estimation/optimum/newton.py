"""Newton's method on a log density, in coordinates in which its curvature is the unit matrix.

Stan's optimisers end where their line search does, six or seven digits from the mode and, where scales differ
by many orders, far from it. Here the Hessian is taken by finite differences of exact gradients along the
directions that the last Hessian made equal in scale; so each direction, however weak, is resolved to the same
relative precision, and an ill-conditioned regression is climbed like any other.

References
----------
Nocedal and Wright (2006), Numerical Optimization, 2nd edition, chapter 3.4: modified Newton steps.
Deuflhard (2011), Newton Methods for Nonlinear Problems, section 2.1: affine invariance.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from workbench.backends.base import Floats
from workbench.estimation.optimum.log_density import LogDensity, evaluate

MOST_STEPS = 40
"""Hessians taken before giving up: more than a mode ever needs, enough to see that there is none."""

CONTRACTION = 0.1
"""Newton's steps shrink quadratically near a mode; where they shrink by less than this, none is near."""

ROUNDING = 1e-20
"""Newton decrement [nats] below which steps are rounding, and need not shrink: 1e-10 standard deviations."""

RESOLUTION = 1e-9
"""Smallest eigenvalue of a Hessian, relative to the largest, that differences of gradients resolve."""

FLAT = 1e-14
"""Stiffness below which a direction is flat: two parameters are then determined by their sum alone."""

_REACH = 5e-3
"""Step of the differences, in units in which the curvature is 1; fourth order, so good to about 1e-9."""

_STENCIL = ((-2, 1 / 12), (-1, -2 / 3), (1, 2 / 3), (2, -1 / 12))
_LENGTHS = 2.0 ** -np.arange(0, 24, 3)
_DAMPINGS = 10.0 ** np.arange(-6, 7)
_NEAR = 0.1
_UNMOVED = 1e-6
_VISIBLE = 1e-12
_UNHEARD = 1e-3
_CHORDS = 6
_PATIENCE = 6


@dataclass(frozen=True)
class NewtonResult:
    """Where Newton's method ended; `U` dimensions, `F` of them free.

    Attributes
    ----------
    point, slope
        `(U,)`, unconstrained.
    height
        The log density there.
    frame
        `(U, F)`: directions along which the curvature has absolute value 1, rows of fixed dimensions 0.
    curvature
        `(F,)`: second derivatives along them divided by that value: 1 at a maximum, -1 where the density
        curves upwards, near 0 where it is flat.
    is_settled
        Whether a further step would change nothing.
    """

    point: Floats
    slope: Floats
    height: float
    frame: Floats
    curvature: Floats
    is_settled: bool

    @property
    def decrement(self) -> float:
        """What a further Newton step would still gain [nats]."""
        return float(0.5 * np.sum((self.frame.T @ self.slope) ** 2))

    @property
    def is_maximum(self) -> bool:
        """Whether the density falls in every direction."""
        return bool((self.curvature > _HALF).all())

    @property
    def stiffness(self) -> Floats:
        """For each direction its curvature where every parameter alone has 1, `(F,)`: 0 where it is flat."""
        dims, inverse = invert_directions(self)
        stiffness: Floats = 1 / (self.frame[dims].T ** 2 @ np.sum(inverse**2, axis=0))
        return stiffness

    @property
    def covariance(self) -> Floats:
        """The inverse of the negative Hessian, `(U, U)`; 0 for fixed dimensions."""
        return self.frame @ self.frame.T


_HALF = 0.5


def maximise(
    surface: LogDensity,
    start: Floats,
    scale: Floats,
    free: np.ndarray | None = None,
    *,
    is_measured: bool = True,
) -> NewtonResult:
    """Climb from a point until no step improves it, or there have been too many.

    Parameters
    ----------
    surface
        The log density.
    start
        `(U,)`.
    scale
        A typical length of each dimension, `(U,)`, of which only the order of magnitude matters; or
        directions of about unit curvature, `(U, F)`, as an earlier climb found them.
    free
        `(U,)`: which dimensions may move; all by default.
    is_measured
        Whether the curvature at the very end is wanted; else it is that of a point nearby.
    """
    dims = np.flatnonzero(np.ones(len(start), dtype=bool) if free is None else free)
    frame = scale
    if scale.ndim == 1:
        frame = np.zeros((len(start), len(dims)))
        frame[dims, np.arange(len(dims))] = scale[dims]
    here = _spot(surface, start, frame)
    slow = 0
    for _ in range(MOST_STEPS):
        taken_at = here.point
        here = _reframed(surface, here)
        if not np.isfinite(here.frame).all() or not np.isfinite(here.height):
            break
        is_near, before = _is_near(here), here
        here = _settled(surface, here) if is_near else _advanced(surface, here)
        slow = slow + 1 if is_near else 0
        if here.is_settled:
            is_done = not is_measured or _is_same(here, taken_at)
            return here if is_done else _reframed(surface, here)
        # Ever smaller gains and never an end: the maximum lies at infinity. No gain at all: there is none.
        if here is before or slow > _PATIENCE:
            break
    return here


def refine(surface: LogDensity, point: Floats, hessian: Floats) -> NewtonResult:
    """Climb the last digits with a given Hessian, where another would cost too much.

    Parameters
    ----------
    surface
        The log density.
    point, hessian
        Where an optimiser stopped, `(U,)`, and the second derivatives there, `(U, U)`.
    """
    values, vectors = np.linalg.eigh(-hessian)
    safe = np.maximum(np.abs(values), FLAT * np.abs(values).max())
    here = _spot(surface, point, vectors / np.sqrt(safe))
    here = replace(here, curvature=values / safe)
    return _settled(surface, here) if here.is_maximum else here


def _spot(surface: LogDensity, point: Floats, frame: Floats) -> NewtonResult:
    heights, slopes = evaluate(surface, point[None])
    return NewtonResult(point, slopes[0], float(heights[0]), frame, np.ones(frame.shape[1]), is_settled=False)


def _reframed(surface: LogDensity, here: NewtonResult) -> NewtonResult:
    """Return the same point with directions in which its curvature is 1."""
    information = _information(surface, here)
    if not np.isfinite(information).all():
        return _narrowed(surface, here)
    values, vectors = np.linalg.eigh(information)
    sizes = np.abs(values)
    safe = np.maximum(sizes, RESOLUTION * (sizes.max(initial=0.0) or 1.0))
    frame = here.frame @ (vectors / np.sqrt(safe))
    return _bounded(replace(here, frame=frame, curvature=values / safe))


def _bounded(here: NewtonResult) -> NewtonResult:
    """Return the summit with no direction longer than can be told from a flat one."""
    excess = np.sqrt(np.maximum(1, FLAT / here.stiffness))
    return replace(here, frame=here.frame / excess, curvature=here.curvature / excess**2)


def _narrowed(surface: LogDensity, here: NewtonResult) -> NewtonResult:
    """Return the point with shorter directions: the stencil left the support."""
    for shorter in (1e-2, 1e-4, 1e-6):
        narrow = replace(here, frame=here.frame * shorter, is_settled=False)
        information = _information(surface, narrow)
        if np.isfinite(information).all():
            return _reframed(surface, narrow)
    return replace(here, frame=np.full_like(here.frame, np.nan), is_settled=False)


def _information(surface: LogDensity, here: NewtonResult) -> Floats:
    """Return the negative Hessian along the frame, `(F, F)`, by differences of gradients."""
    steps = _REACH * here.frame.T
    points = np.concatenate([here.point + offset * steps for offset, _ in _STENCIL])
    _, slopes = evaluate(surface, points)
    parts = np.split(slopes, len(_STENCIL))
    moved = sum((weight * part for (_, weight), part in zip(_STENCIL, parts, strict=True)), np.zeros(1))
    with np.errstate(all="ignore"):  # what overflows is seen, and the frame narrowed
        information = -(moved @ here.frame) / _REACH
        return 0.5 * (information + information.T)


def _is_near(here: NewtonResult) -> bool:
    return here.is_maximum and np.sqrt(2 * here.decrement) < _NEAR


def _is_same(here: NewtonResult, taken_at: Floats) -> bool:
    """Return whether the curvature, taken at another point, still holds to six digits."""
    moved = np.linalg.lstsq(here.frame, here.point - taken_at, rcond=None)[0]
    return bool(np.linalg.norm(moved) < _UNMOVED)


def _settled(surface: LogDensity, here: NewtonResult) -> NewtonResult:
    """Return the end of steps with the curvature held fixed; settled where they shrink as they must."""
    for _ in range(_CHORDS):
        step = here.frame @ (here.frame.T @ here.slope)
        following = _moved(surface, here, here.point + step)
        if _is_unheard(here, following):
            return following
        if not np.isfinite(following.height) or following.decrement >= here.decrement:
            # Rounding is all that is left; whether the point is good enough is judged by its decrement.
            return _marked(here)
        if following.decrement > CONTRACTION**2 * here.decrement:
            return _marked(following) if following.decrement < ROUNDING else following
        here = following
    return _marked(here)


def _is_unheard(here: NewtonResult, following: NewtonResult) -> bool:
    """Return whether a step that can be seen left the slope as it was: the curvature is then of far away.

    So it is where a separated likelihood is nearly flat, and the stencil reaches back to where it is not.
    """
    if here.decrement < ROUNDING:
        return False
    is_seen = (np.abs(following.point - here.point) > _VISIBLE * np.abs(here.point)).any()
    change = np.linalg.norm(here.frame.T @ (following.slope - here.slope))
    return bool(is_seen and change < _UNHEARD * np.linalg.norm(here.frame.T @ here.slope))


def _advanced(surface: LogDensity, here: NewtonResult) -> NewtonResult:
    """Return the highest of many trial points: along the Newton direction and turned towards the gradient.

    Where the density curves up, the direction is turned uphill.
    """
    step = here.frame @ (here.frame.T @ here.slope)
    trials = np.concatenate([here.point + _LENGTHS[:, None] * step, _damped(here)])
    heights, slopes = evaluate(surface, trials)
    best = int(np.argmax(heights))
    if not heights[best] > here.height:
        return _marked(here) if here.is_maximum else here
    return NewtonResult(
        trials[best], slopes[best], float(heights[best]), here.frame, here.curvature, is_settled=False
    )


def _damped(here: NewtonResult) -> Floats:
    """Return Levenberg and Marquardt's points: the curvature with multiples of its diagonal added."""
    dims, inverse = invert_directions(here)
    lengths = 1 / np.sqrt(np.sum(inverse**2, axis=0))
    values, vectors = np.linalg.eigh(lengths[:, None] * (inverse.T @ inverse) * lengths)
    slope = vectors.T @ (lengths * here.slope[dims])
    trials = np.tile(here.point, (len(_DAMPINGS), 1))
    for row, damping in zip(trials, _DAMPINGS, strict=True):
        row[dims] += lengths * (vectors @ (slope / (np.abs(values) + damping)))
    return trials


def invert_directions(here: NewtonResult) -> tuple[np.ndarray, Floats]:
    """Return the free dimensions and the inverse of the frame on them, `(F, F)`."""
    dims = np.flatnonzero(np.abs(here.frame).max(axis=1, initial=0.0))
    lengths = np.abs(here.frame[dims]).max(axis=0, initial=0.0)
    return dims, np.linalg.inv(here.frame[dims] / lengths) / lengths[:, None]


def _moved(surface: LogDensity, here: NewtonResult, point: Floats) -> NewtonResult:
    heights, slopes = evaluate(surface, point[None])
    return NewtonResult(point, slopes[0], float(heights[0]), here.frame, here.curvature, is_settled=False)


def _marked(here: NewtonResult) -> NewtonResult:
    return replace(here, is_settled=True)
