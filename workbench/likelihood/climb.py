"""The maximum for other data, from the maximum for the data of a fit.

A resample's maximum lies about a standard error away, and its curvature is nearly that of the fit. Newton's
steps with the fit's own curvature shrink there by a factor of about 1 over the root of the number of rows,
one gradient each; only where they shrink too slowly is the curvature taken anew.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.backends.base import Floats
from workbench.estimation.optimum.log_density import LogDensity, evaluate
from workbench.estimation.optimum.newton import FLAT, NewtonResult, maximise
from workbench.thresholds import NEWTON_DECREMENT_LIMIT, RESAMPLE_ERROR_LIMIT

_MOST_STEPS = 40
"""Steps with one curvature. Ours: at the slowest rate that is accepted they gain 24 digits of the
decrement."""

_RATE = 0.5
"""Ratio of successive steps above which the curvature is taken anew. Ours."""

_ARRIVED = 1e-14
"""Newton decrement [nats] at which a maximum is reached: 1e-7 standard errors. Ours."""


def climb(
    target: LogDensity, point: Floats, directions: Floats, names: Sequence[str]
) -> tuple[Floats | None, str]:
    """Return the maximum of a log density near a point, `(U,)`, or `None` and why there is none.

    Parameters
    ----------
    target
        The log density of other data.
    point, directions
        The maximum for the data of the fit, and the directions of unit curvature there, `(U, U)`.
    names
        Names of the dimensions.
    """
    values, gradients = evaluate(target, point[None])
    here, gradient = point, gradients[0]
    if not np.isfinite(values[0]):
        return None, "the log density cannot be evaluated at the estimate."
    size = _measure(directions, gradient)
    for _ in range(_MOST_STEPS):
        if size <= _ARRIVED:
            return here, ""
        trial = here + directions @ (directions.T @ gradient)
        values, gradients = evaluate(target, trial[None])
        following = _measure(directions, gradients[0]) if np.isfinite(values[0]) else np.inf
        if not following <= _RATE**2 * size:
            break
        here, gradient, size = trial, gradients[0], following
    else:
        return here, ""
    return _check(maximise(target, here, directions), directions, point, names)


def _measure(directions: Floats, gradient: Floats) -> float:
    return float(0.5 * np.sum((directions.T @ gradient) ** 2))


def _check(
    newton: NewtonResult, directions: Floats, point: Floats, names: Sequence[str]
) -> tuple[Floats | None, str]:
    """Return where Newton's method ended, if that is a maximum as firm as that of the fit."""
    if not np.isfinite(newton.directions).all() or not np.isfinite(newton.log_density):
        return None, "the log density is not finite on the way to its maximum."
    errors = np.sqrt((directions**2).sum(axis=1))
    found = np.sqrt(np.diag(newton.covariance))
    ratio = found / errors
    is_flat = newton.stiffness.size and newton.stiffness.min() <= 2 * FLAT
    if is_flat or ratio.max(initial=0.0) > RESAMPLE_ERROR_LIMIT:
        worst = int(np.argmax(ratio))
        return None, f"`{names[worst]}` has no maximum: the log density is flat or still rising along it."
    if not newton.is_maximum or newton.decrement > NEWTON_DECREMENT_LIMIT:
        farthest = int(np.argmax(np.abs(newton.point - point) / errors))
        return None, f"no maximum was found; the search ended far out along `{names[farthest]}`."
    return newton.point, ""
