"""Profile-likelihood intervals: one parameter held fixed, the likelihood maximised over all others.

An end of the interval is where twice the drop of the profile log-likelihood equals a quantile of the
chi-squared distribution. The parameter is moved on its unconstrained scale; since the likelihood has no
Jacobian, the interval is the same on every scale.

References
----------
Venzon and Moolgavkar (1988), A method for computing profile-likelihood-based confidence intervals, Applied
Statistics 37(1): 87-94.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from workbench.backends.base import Floats
from workbench.errors import MethodError
from workbench.estimation.optimum.log_density import LogDensity
from workbench.estimation.optimum.newton import NewtonResult, maximise
from workbench.estimation.optimum.search import Optimum
from workbench.program import Declaration, Program

FARTHEST = 40.0
"""Standard errors from the estimate beyond which an end of an interval is not looked for."""

_PRECISION = 1e-8
_PLAIN = ("real", "vector", "row_vector", "matrix", "array")


@dataclass(frozen=True)
class ProfileInterval:
    """A profile-likelihood interval.

    Attributes
    ----------
    lower, upper
        Its ends; `None` where the likelihood does not fall far enough on that side.
    remark
        Why an end is missing; empty where both are there.
    """

    lower: float | None
    upper: float | None
    remark: str = ""


@dataclass(frozen=True)
class _Ridge:
    """The way along one parameter: on the top of the likelihood, from the maximum outwards."""

    surface: LogDensity
    peak: Optimum
    dim: int
    drop: float


def find_profile_interval(
    surface: LogDensity, peak: Optimum, program: Program, name: str, level: float
) -> ProfileInterval:
    """Return the profile-likelihood interval of a scalar parameter.

    Parameters
    ----------
    surface
        The log-likelihood.
    peak
        Its maximum.
    program
        Whose parameter it is.
    name
        Its Stan name, `beta[2]`.
    level
        The probability of the interval.

    Raises
    ------
    MethodError
        There is no such parameter, or it is not free to move by itself.
    """
    if peak.curvature is None or peak.summit is None:
        raise MethodError("a profile needs the curvature, which the Stan in use does not report.")
    dim, declared_scale = _scale_of(peak, program, name)
    ridge = _Ridge(surface, peak, dim, float(stats.chi2.ppf(level, 1)) / 2)
    ends = [_end(ridge, side) for side in (-1.0, 1.0)]
    found = [None if end is None else declared_scale(end) for end in ends]
    # A decreasing transform, such as that of an upper bound, swaps the ends.
    is_turned = declared_scale(peak.summit.point[dim] + 1) < declared_scale(peak.summit.point[dim])
    lower, upper = found[::-1] if is_turned else found
    sides = [side for side, end in (("below", lower), ("above", upper)) if end is None]
    words = f"the likelihood of `{name}` does not fall far enough {' nor '.join(sides)} to end it there."
    return ProfileInterval(lower, upper, words if sides else "")


def check_profile_names(program: Program, names: tuple[str, ...]) -> None:
    """Refuse names that no parameter of the program has.

    Raises
    ------
    MethodError
        A name is no parameter.
    """
    known = {one.name: one for one in program.parameters}
    for name in names:
        found = known.get(name.partition("[")[0])
        if found is not None and found.kind not in _PLAIN:
            raise MethodError(f"`{name}` cannot be profiled: the elements of a {found.kind} move together.")
        if found is None:
            listed = ", ".join(f"`{one}`" for one in known) or "none"
            hint = "elements are named as Stan does: beta[2]"
            raise MethodError(f"`{name}` cannot be profiled: the parameters are {listed}.", hint=hint)


def _end(ridge: _Ridge, side: float) -> float | None:
    """Return where the profile has fallen by `drop`, on the unconstrained scale."""
    summit = ridge.peak.summit
    assert summit is not None  # noqa: S101  (the caller made sure)
    centre = summit.point[ridge.dim]
    unit = float(np.sqrt(summit.covariance[ridge.dim, ridge.dim]))
    frame = _beside(summit, ridge.dim)
    # The maximum over the others moves, to first order, along the covariances with the parameter.
    slide = summit.covariance[:, ridge.dim] / unit
    known = {0.0: summit.point}

    def above(distance: float) -> float:
        """Return by how much the profile still lies above the level."""
        nearest = min(known, key=lambda one: abs(one - distance))
        start = known[nearest] + side * (distance - nearest) * slide
        start[ridge.dim] = centre + side * distance * unit
        free = np.arange(len(start)) != ridge.dim
        best = maximise(ridge.surface, start, frame, free=free, is_measured=False)
        known[distance] = best.point
        return best.height - summit.height + ridge.drop

    near, far = 0.0, float(np.sqrt(2 * ridge.drop))
    while above(far) > 0:
        near, far = far, 1.5 * far
        if far > FARTHEST:
            return None
    distance = optimize.brentq(above, near, far, xtol=_PRECISION)
    return float(centre + side * distance * unit)


def _beside(summit: NewtonResult, dim: int) -> Floats:
    """Return directions of unit curvature with a dimension held fixed, `(U, U - 1)`."""
    rest = np.arange(len(summit.point)) != dim
    inverse = np.linalg.inv(summit.frame)
    information = (inverse.T @ inverse)[np.ix_(rest, rest)]
    values, vectors = np.linalg.eigh(information)
    frame = np.zeros((len(rest), len(values)))
    frame[rest] = vectors / np.sqrt(np.maximum(values, np.finfo(float).tiny))
    return frame


def _scale_of(peak: Optimum, program: Program, name: str) -> tuple[int, Callable[[float], float]]:
    """Return the dimension of a parameter, and the way from it to the declared scale.

    The constants of the transform are read off at the maximum: value and derivative there decide them.
    """
    curvature = peak.curvature
    assert curvature is not None  # noqa: S101
    declaration = next((one for one in program.parameters if one.name == name.partition("[")[0]), None)
    is_scalar = name in curvature.free_names and name in curvature.names
    if declaration is None or not is_scalar or declaration.kind not in _PLAIN:
        known = ", ".join(f"`{one}`" for one in curvature.free_names[:12])
        raise MethodError(
            f"`{name}` cannot be profiled: expected a scalar parameter, or an element of one, with at most "
            f"bounds; there are {known}."
        )
    dim, row = curvature.free_names.index(name), curvature.names.index(name)
    slopes = curvature.constrain_jacobian[row]
    if (np.abs(np.delete(slopes, dim)) > 1e-9 * abs(slopes[dim])).any():
        raise MethodError(f"`{name}` cannot be profiled: {_moving(declaration)}")
    return dim, _constraining(declaration, float(curvature.values[row]), curvature.point[dim], slopes[dim])


def _moving(declaration: Declaration) -> str:
    """Say why a parameter moves with others: by its own limits, or by the way back from standardizing."""
    limits = (declaration.lower, declaration.upper, declaration.offset, declaration.multiplier)
    if any(limit is not None for limit in limits):
        return "its bounds, offset or multiplier move with other parameters."
    return (
        "predictors were standardized, and on the scale of the data it moves with their coefficients. "
        "Without --standardize it can be profiled."
    )


def _constraining(
    declaration: Declaration, value: float, at: float, slope: float
) -> Callable[[float], float]:
    """Return Stan's transform of a bounded parameter, from its value and derivative at one point."""
    if declaration.lower is not None and declaration.upper is not None:
        share = 1 / (1 + np.exp(-at))
        width = slope / (share * (1 - share))
        return lambda free: float(value + width * (1 / (1 + np.exp(-free)) - share))
    if declaration.lower is not None or declaration.upper is not None:
        return lambda free: float(value + slope * np.expm1(free - at))
    return lambda free: float(value + slope * (free - at))
