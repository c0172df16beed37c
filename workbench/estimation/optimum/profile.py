"""Profile-likelihood intervals: a parameter is held fixed, and the likelihood maximised over all others.

An end of the interval is where twice the fall of the profile log-likelihood equals a quantile of the
chi-squared distribution. The parameter is moved on its unconstrained scale. The likelihood has no Jacobian,
so the interval is the same on every scale.

References
----------
Venzon and Moolgavkar (1988), A method for computing profile-likelihood-based confidence intervals, Applied
Statistics 37(1): 87-94.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workbench.backends import Curvature
from workbench.backends.base import Floats
from workbench.errors import MethodError
from workbench.estimation.optimum.log_density import LogDensity
from workbench.estimation.optimum.newton import NewtonResult, maximise
from workbench.estimation.optimum.search import Optimum
from workbench.late_imports import LateModule
from workbench.program import Declaration, Program

if TYPE_CHECKING:
    from scipy import optimize, stats
else:
    optimize, stats = LateModule("scipy.optimize"), LateModule("scipy.stats")

FARTHEST = 40.0
"""Distance from the estimate [standard errors] up to which the end of an interval is searched. Ours."""

_PRECISION = 1e-8
"""Precision of an end [standard errors]. Ours."""

_REACHED = 1e-3
"""Distance [nats] from the fall of the profile within which its end is reached. Ours."""

_GROWTH = 1.5
"""Ratio of successive distances until the profile has fallen far enough. Ours."""

_MOVES_ALONE = 1e-9
"""Share of a derivative up to which others are rounding: the parameter then moves alone. Ours."""

_MOST_LISTED = 12
"""Parameters that a message lists. Ours."""

_UNCONSTRAINED = ("real", "vector", "row_vector", "matrix", "array")
"""Stan's types whose elements do not constrain each other."""


@dataclass(frozen=True)
class ProfileInterval:
    """A profile-likelihood interval.

    Attributes
    ----------
    lower, upper
        Its ends; `None` where the likelihood does not fall far enough on that side.
    remark
        Why an end is missing; empty if there are two.
    """

    lower: float | None
    upper: float | None
    remark: str = ""


@dataclass(frozen=True)
class _Profile:
    """The profile log-likelihood of one dimension, and how far it falls within the interval [nats]."""

    target: LogDensity
    newton: NewtonResult
    dim: int
    drop: float


def find_profile_interval(
    target: LogDensity, optimum: Optimum, program: Program, name: str, level: float
) -> ProfileInterval:
    """Return the profile-likelihood interval of a scalar parameter.

    Parameters
    ----------
    target
        The log-likelihood.
    optimum
        Its maximum.
    program
        The program that declares the parameter.
    name
        Its Stan name, `beta[2]`.
    level
        The probability of the interval.

    Raises
    ------
    MethodError
        There is no such parameter, or it does not vary independently of the others.
    """
    curvature, newton = optimum.curvature, optimum.newton
    if curvature is None or newton is None:
        raise MethodError("a profile needs the curvature, which Stan did not report.")
    dim, to_declared_scale = find_dimension(curvature, program, name)
    profile = _Profile(target, newton, dim, float(stats.chi2.ppf(level, 1)) / 2)
    ends = [_find_end(profile, side) for side in (-1.0, 1.0)]
    values = [None if end is None else to_declared_scale(end) for end in ends]
    # A decreasing transform, such as that of an upper bound, swaps the ends.
    is_decreasing = to_declared_scale(newton.point[dim] + 1) < to_declared_scale(newton.point[dim])
    lower, upper = values[::-1] if is_decreasing else values
    missing = [side for side, end in (("lower", lower), ("upper", upper)) if end is None]
    remark = (
        f"the interval has no {' or '.join(missing)} end: the likelihood of `{name}` falls too little, as "
        "far as it can be evaluated."
    )
    return ProfileInterval(lower, upper, remark if missing else "")


def check_profile_names(program: Program, names: tuple[str, ...]) -> None:
    """Check that every name is that of a parameter that can be profiled.

    Raises
    ------
    MethodError
        A name is not that of a parameter, or its elements constrain each other.
    """
    declarations = {declaration.name: declaration for declaration in program.parameters}
    for name in names:
        declaration = declarations.get(name.partition("[")[0])
        if declaration is None:
            listed = ", ".join(f"`{known}`" for known in declarations) or "none"
            hint = "elements are named as in Stan: beta[2]"
            raise MethodError(f"`{name}` cannot be profiled: the parameters are {listed}.", hint=hint)
        if declaration.kind not in _UNCONSTRAINED:
            raise MethodError(
                f"`{name}` cannot be profiled: the elements of a {declaration.kind} constrain each other."
            )


def _find_end(profile: _Profile, side: float) -> float | None:
    """Return where the profile has fallen by `drop`, on the unconstrained scale."""
    newton, dim = profile.newton, profile.dim
    centre = newton.point[dim]
    error = float(np.sqrt(newton.covariance[dim, dim]))
    directions = _fix_dimension(newton, dim)
    # To first order, the maximum over the others moves along their covariances with the parameter.
    path = newton.covariance[:, dim] / error
    maxima = {0.0: newton.point}
    excesses = {0.0: profile.drop}

    def measure_excess(distance: float) -> float:
        """Return by how much the profile still lies above the end of the interval [nats].

        Each distance is measured once: from its own maximum a second search could end higher.
        """
        if distance in excesses:
            return excesses[distance]
        nearest = min(maxima, key=lambda known: abs(known - distance))
        start = maxima[nearest] + side * (distance - nearest) * path
        start[dim] = centre + side * distance * error
        free = np.arange(len(start)) != dim
        best = maximise(profile.target, start, directions, free=free, is_curvature_needed=False)
        maxima[distance] = best.point
        excesses[distance] = best.log_density - newton.log_density + profile.drop
        return excesses[distance]

    near, far = 0.0, float(np.sqrt(2 * profile.drop))
    while measure_excess(far) > 0:
        near, far = far, _GROWTH * far
        if far > FARTHEST:
            return None
    distance = optimize.brentq(measure_excess, near, far, xtol=_PRECISION)
    if not abs(measure_excess(distance)) < _REACHED:  # it does not fall there, it cannot be evaluated beyond
        return None
    return float(centre + side * distance * error)


def _fix_dimension(newton: NewtonResult, dim: int) -> Floats:
    """Return directions of unit curvature with one dimension held fixed, `(U, U - 1)`."""
    others = np.arange(len(newton.point)) != dim
    inverse = np.linalg.inv(newton.directions)
    information = (inverse.T @ inverse)[np.ix_(others, others)]
    values, vectors = np.linalg.eigh(information)
    directions = np.zeros((len(others), len(values)))
    directions[others] = vectors / np.sqrt(np.maximum(values, np.finfo(float).tiny))
    return directions


def find_dimension(
    curvature: Curvature, program: Program, name: str, what: str = "profiled"
) -> tuple[int, Callable[[float], float]]:
    """Return the dimension of a parameter that moves alone, and the function from it to the declared scale.

    Value and derivative at the maximum determine the constants of that function.

    Parameters
    ----------
    curvature
        Around the maximum.
    program
        The program that declares the parameter.
    name
        Its Stan name, `beta[2]`.
    what
        What cannot be done with a parameter that does not move alone, for the message.

    Raises
    ------
    MethodError
        There is no such parameter, or it does not vary independently of the others.
    """
    declaration = next((item for item in program.parameters if item.name == name.partition("[")[0]), None)
    is_scalar = name in curvature.free_names and name in curvature.names
    if declaration is None or not is_scalar or declaration.kind not in _UNCONSTRAINED:
        known = ", ".join(f"`{free_name}`" for free_name in curvature.free_names[:_MOST_LISTED])
        raise MethodError(
            f"`{name}` cannot be {what}: expected a scalar parameter or an element of one, with bounds at "
            f"most; there are {known}."
        )
    dim, row = curvature.free_names.index(name), curvature.names.index(name)
    derivatives = curvature.constrain_jacobian[row]
    if (np.abs(np.delete(derivatives, dim)) > _MOVES_ALONE * abs(derivatives[dim])).any():
        raise MethodError(f"`{name}` cannot be {what}: {_explain_dependence(declaration, what)}")
    transform = _fit_transform(
        declaration, float(curvature.values[row]), curvature.point[dim], derivatives[dim]
    )
    return dim, transform


def _explain_dependence(declaration: Declaration, what: str) -> str:
    """Say why a parameter moves with others: by its own limits, or because predictors were standardized."""
    limits = (declaration.lower, declaration.upper, declaration.offset, declaration.multiplier)
    if any(limit is not None for limit in limits):
        return "its bounds, offset or multiplier depend on other parameters."
    return (
        "predictors were standardized, and on the scale of the data it depends on their coefficients. "
        f"Without --standardize it can be {what}."
    )


def _fit_transform(
    declaration: Declaration, value: float, at: float, derivative: float
) -> Callable[[float], float]:
    """Return Stan's transform of a parameter: by its bounds where the program states them as numbers.

    Otherwise they follow from value and derivative at one point.
    """
    lower, upper = (
        None if limit is None else limit.literal for limit in (declaration.lower, declaration.upper)
    )
    if declaration.lower is not None and declaration.upper is None and lower is not None:
        return lambda free: float(lower + np.exp(free))
    if declaration.upper is not None and declaration.lower is None and upper is not None:
        return lambda free: float(upper - np.exp(free))
    if declaration.lower is not None and declaration.upper is not None:
        share = 1 / (1 + np.exp(-at))
        width = derivative / (share * (1 - share))
        return lambda free: float(value + width * (1 / (1 + np.exp(-free)) - share))
    if declaration.lower is not None or declaration.upper is not None:
        return lambda free: float(value + derivative * np.expm1(free - at))
    return lambda free: float(value + derivative * (free - at))
