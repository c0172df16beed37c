"""Whether a point is a mode and, if not, why: which parameter or combination, and what makes it so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from workbench.backends import Curvature
from workbench.backends.base import Floats
from workbench.estimation.optimum.log_density import LogDensity, evaluate
from workbench.estimation.optimum.newton import FLAT, NewtonResult
from workbench.program import Declaration, Program
from workbench.thresholds import (
    LEVEL_FALL,
    MODE_STEP,
    NEWTON_DECREMENT_LIMIT,
    RUNAWAY_DISTANCE_LIMIT,
    RUNAWAY_SE_LIMIT,
)

OVERFLOWING = 300.0
"""Distance from 0 beyond which the square of a parameter's exponential nears the largest double, exp(709)."""

_INWARD = np.array([0.5, 0.7, 0.9])
"""Shares of the way from 0 to a point at which the density is compared with a steady rise. Ours."""

_STEADY = 0.9
"""Ratio of the last gain to the first above which a rise is steady. Ours."""

_STRIDES = np.array([0.0, 1.0, 4.0, 16.0, 64.0])
"""Multiples of a step at which the density is followed outwards. Ours."""

_GROWTH = np.array([0.0, 0.5, 1.0, 2.0, 4.0])
"""Growth of a scale, on the log scale, along which standardized effects shrink by the same factor. Ours."""

_NO_DISTANCE = 1e-50
"""Distance from a bound of 0 below which a parameter is on it: no scale of a problem is as small. Ours."""

_SHRUNKEN = 0.5
"""Size of the largest standardized effect up to which all have shrunk. Ours: they vary around 0 by 1."""

_NEEDED_STRIDES = 3
"""How many of them must have a finite density for a rise to count. Ours."""

_LONG_STEP = 0.1
"""Step on a log or logit scale above which a parameter is on its way to its bound. Ours."""

_UNCURVED = 1e-3
"""Scaled curvature, 1 where it is resolved, below which a direction is flat. Ours."""

_SHARE = 0.1
"""Share of the largest component of a flat direction above which a parameter takes part in it. Ours."""

_MOST_NAMED = 4
"""Parameters of a flat direction that are named; the others are counted. Ours."""

_NO_MAXIMUM = "the log density has no maximum:"
_NO_MAXIMUM_INSIDE = "the log density has no maximum inside the support:"
"""The beginnings of reasons why a point is not a mode."""

_ORDERED = ("ordered", "positive_ordered")
"""Stan's types whose elements each exceed the one before."""

_COVARIANCES = ("cov_matrix", "cholesky_factor_cov")
"""Stan's types whose diagonal is positive; the unconstrained dimensions are a triangle, row by row."""

_SAME_VALUE = 1e-6
"""Relative difference below which a location has settled on a value of the data. Ours."""

_SHARES = ("simplex", "column_stochastic_matrix", "row_stochastic_matrix")
"""Stan's types whose elements are shares that add up to 1."""

_UNCONSTRAINED = frozenset(
    {"real", "vector", "row_vector", "matrix", "complex", "complex_vector", "complex_row_vector"}
    | {"complex_matrix"}
)
"""Stan's types that have no constraint of their own."""

_INDICES = re.compile(r"\[[^\]]*\]")
"""The indices of an element in a name of Stan."""

_LAST_INDEX = re.compile(r"(\d+)\]$")
"""The last index of an element in a name of Stan."""

_WITH_CORNERS = frozenset({"double_exponential", "skew_double_exponential"})
"""Distributions whose log density has a corner at the location."""

_LOGISTIC = frozenset(
    {"bernoulli_logit", "binomial_logit", "categorical_logit", "ordered_logistic", "bernoulli", "binomial"}
)
"""Distributions of outcomes that predictors can separate."""


@dataclass(frozen=True)
class Candidate:
    """A point that may be a mode.

    Attributes
    ----------
    target
        The log density.
    curvature
        Names and constrained values near the point.
    newton
        The point where Newton's method stopped.
    data
        The data by name, to say at which of their values a scale collapses.
    """

    target: LogDensity
    curvature: Curvature
    newton: NewtonResult
    data: Mapping[str, Any] = field(default_factory=dict)


def explain_failure(candidate: Candidate, program: Program) -> str:
    """Return why a point is not a mode, or an empty string if it is one."""
    reason = _explain_point(candidate, program)
    if not reason or not np.isfinite(candidate.newton.log_density):
        return reason
    return _explain_shrinking_effects(candidate, program) or reason


def _explain_point(candidate: Candidate, program: Program) -> str:
    """Return why a point is not a mode, by its own derivatives."""
    newton = candidate.newton
    if not np.isfinite(newton.directions).all() or not np.isfinite(newton.log_density):
        return _explain_not_finite(candidate, program)
    if not newton.directions.size:
        return ""
    runaway = _explain_runaway(candidate, program)
    if runaway:
        return runaway
    collapsed = find_collapse(newton, candidate.curvature, program)
    if collapsed is not None:
        return _explain_bound(candidate, program, collapsed, float(np.sign(newton.point[collapsed])))
    stiffness = newton.stiffness
    if stiffness.min() <= 2 * FLAT:
        return _explain_flat_direction(candidate, newton.directions[:, int(np.argmin(stiffness))])
    if newton.is_converged and newton.is_maximum and newton.decrement <= NEWTON_DECREMENT_LIMIT:
        return _explain_rise_nearby(candidate) or _explain_level(candidate, program)
    return _explain_no_convergence(candidate, program)


def _explain_shrinking_effects(candidate: Candidate, program: Program) -> str:
    """Say if the density keeps rising as a scale grows and the effects that it multiplies shrink.

    Their products then stay the same, and the density of the effects is highest at 0.
    """
    newton, names = candidate.newton, candidate.curvature.free_names
    outcomes = {name for term in program.terms if term.role == "latent" for name in term.outcomes}
    is_effect = np.array([_INDICES.sub("", name) in outcomes for name in names], dtype=bool)
    growing = [
        dim
        for dim, name in enumerate(names)
        if not is_effect[dim]
        and not _leads_to_bound(program, name, 1.0)
        and newton.point[dim] > -RUNAWAY_DISTANCE_LIMIT
    ]
    if not is_effect.any() or not growing or np.abs(newton.point[is_effect]).max() > _SHRUNKEN:
        return ""
    for dim in sorted(growing, key=lambda grown: -newton.point[grown])[:_MOST_NAMED]:
        points = np.tile(newton.point, (len(_GROWTH), 1))
        points[:, dim] += _GROWTH
        points[:, is_effect] *= np.exp(-_GROWTH)[:, None]
        values, _ = evaluate(candidate.target, points)
        if np.isfinite(values).all() and (np.diff(values) >= 0).all() and values[-1] > values[0]:
            where = _describe_value(candidate, dim)
            return (
                f"{_NO_MAXIMUM} it keeps rising as {where} grows and the standardized effects that it "
                "multiplies shrink to 0, where their density is highest. Such a model can have a posterior "
                "without having a joint mode."
            )
    return ""


def find_collapse(newton: NewtonResult, curvature: Curvature, program: Program) -> int | None:
    """Return the dimension that ran far towards its bound where the density has no maximum, or `None`.

    At a mode of a parameter in small units the density curves downwards; at a collapse it does not.
    """
    if newton.is_converged and newton.is_maximum:
        return None
    return find_far_dimension(newton.point, curvature, program)


def find_far_dimension(
    point: Floats,
    curvature: Curvature,
    program: Program,
    limit: float = 2 * RUNAWAY_DISTANCE_LIMIT,
    *,
    is_bound_needed: bool = True,
) -> int | None:
    """Return the dimension farthest out on a log or logit scale, or `None` if none is beyond the limit.

    Those on the way to a bound come first.
    """
    far = np.where(find_constrained_dimensions(curvature, program), np.abs(point), 0.0)
    leads = np.array(
        [
            far[dim] > limit and _leads_to_bound(program, name, float(point[dim]))
            for dim, name in enumerate(curvature.free_names)
        ]
    )
    if leads.any():
        return int(np.argmax(np.where(leads, far, 0.0)))
    return None if is_bound_needed or far.max(initial=0.0) <= limit else int(np.argmax(far))


def _explain_rise_nearby(candidate: Candidate) -> str:
    """Say if the density rises along the direction that curves least, where it should fall."""
    newton = candidate.newton
    weakest = int(np.argmax(np.linalg.norm(newton.directions, axis=0)))
    step = MODE_STEP * newton.directions[:, weakest]
    values, _ = evaluate(candidate.target, np.array([newton.point, newton.point + step, newton.point - step]))
    if values[1:].max() <= values[0] + NEWTON_DECREMENT_LIMIT:
        return ""
    where = _describe_value(candidate, int(np.argmax(np.abs(step))))
    return f"the optimiser stopped where the log density still rises beside the point, mostly along {where}."


def _explain_level(candidate: Candidate, program: Program) -> str:
    """Say if the density stays level over a standard error, along the direction that curves least.

    The curvature there is noise, as of a solver of differential equations.
    """
    newton = candidate.newton
    weakest = newton.directions[:, int(np.argmax(np.linalg.norm(newton.directions, axis=0)))]
    values, _ = evaluate(
        candidate.target, np.array([newton.point, newton.point + weakest, newton.point - weakest])
    )
    if values[0] - values[1:].max() > LEVEL_FALL:
        return ""
    far = find_far_dimension(
        newton.point, candidate.curvature, program, RUNAWAY_DISTANCE_LIMIT, is_bound_needed=False
    )
    if far is not None:
        return _explain_bound(candidate, program, far, float(np.sign(newton.point[far])))
    return _explain_flat_direction(candidate, weakest)


def explain_bound_reached(point: Iterable[tuple[str, float]], program: Program) -> str:
    """Return which value lies exactly on a declared bound, as a sentence, or an empty string.

    On the unconstrained scale such a point is infinitely far away, and Stan reports no curvature.
    """
    declared = {declaration.name: declaration for declaration in _flatten_tuples(program.parameters)}
    before: tuple[str, float] | None = None
    for column, value in point:
        declaration = declared.get(_INDICES.sub("", column))
        if declaration is None:
            continue
        limits = [limit.literal for limit in (declaration.lower, declaration.upper) if limit is not None]
        is_zero_limit = declaration.kind in (*_SHARES, "positive_ordered")
        if value in limits or (abs(value) < _NO_DISTANCE and (0 in limits or is_zero_limit)):
            return f"{_NO_MAXIMUM_INSIDE} the optimiser took `{column}` to its bound, {value:.3g}."
        if before == (_find_element_before(column), value) and declaration.kind in _ORDERED:
            return (
                f"the optimiser stopped on the edge of the support, where `{before[0]}` and `{column}` are "
                f"equal ({value:.3g}): that is not a mode."
            )
        before = (column, value)
    return ""


def _find_element_before(name: str) -> str:
    """Return the name of the element before in the last index; empty for the first.

    >>> _find_element_before("mu[2]"), _find_element_before("mu[3,1]")
    ('mu[1]', '')
    """
    match = _LAST_INDEX.search(name)
    if match is None or match[1] == "1":
        return ""
    return f"{name[: match.start(1)]}{int(match[1]) - 1}]"


def find_constrained_dimensions(curvature: Curvature, program: Program) -> np.ndarray:
    """Return which unconstrained dimensions are transforms of a parameter, such as its log, `(U,)`."""
    declared = {declaration.name: declaration for declaration in _flatten_tuples(program.parameters)}
    return np.array(
        [_is_transformed(declared.get(_INDICES.sub("", name)), name) for name in curvature.free_names],
        dtype=bool,
    )


def _is_transformed(declaration: Declaration | None, name: str) -> bool:
    """Return whether an unconstrained dimension is a transform; of ordered vectors the first is not."""
    if declaration is None:
        return True
    index = _LAST_INDEX.search(name)
    position = 1 if index is None else int(index[1])
    if declaration.kind == "ordered":
        return position > 1
    if declaration.kind in _COVARIANCES:
        return (8 * position + 1) == int(np.sqrt(8 * position + 1)) ** 2  # ends a row of the triangle
    return declaration.kind not in _UNCONSTRAINED or bool(declaration.lower or declaration.upper)


def _leads_to_bound(program: Program, name: str, sign: float) -> bool:
    """Return whether a dimension approaches a bound that way; otherwise the parameter grows without end."""
    root = _INDICES.sub("", name)
    declaration = next((item for item in _flatten_tuples(program.parameters) if item.name == root), None)
    if declaration is None or sign < 0:
        return True
    is_one_sided = (declaration.lower is None) != (declaration.upper is None)
    return not is_one_sided and declaration.kind not in (*_ORDERED, *_COVARIANCES)


def _describe_bound(program: Program, name: str, sign: float) -> str:
    """Return which bound a parameter approaches that way: with its value where the program states it."""
    root = _INDICES.sub("", name)
    declaration = next((item for item in _flatten_tuples(program.parameters) if item.name == root), None)
    if declaration is None:
        return "its bound"
    if declaration.kind in _ORDERED:
        before = _find_element_before(name)
        return f"`{before}`" if before else "its lower bound, 0"
    is_upper = (
        declaration.lower is None if declaration.upper is None or declaration.lower is None else sign > 0
    )
    limit = declaration.upper if is_upper else declaration.lower
    if limit is None:
        return "its bound"
    side = "upper" if is_upper else "lower"
    return f"its {side} bound" if limit.literal is None else f"its {side} bound, {limit.literal:g}"


def _find_sign(candidate: Candidate, dim: int) -> float:
    """Return which way a parameter runs: where it is far out, outwards; else where it moved or rises."""
    point = candidate.newton.point[dim]
    moved = point - candidate.curvature.point[dim]
    gradient = candidate.newton.gradient[dim]
    if abs(point) > RUNAWAY_DISTANCE_LIMIT:
        return float(np.sign(point))
    if abs(moved) > _LONG_STEP:
        return float(np.sign(moved))
    return float(np.sign(gradient) or np.sign(point))


def _flatten_tuples(declarations: Iterable[Declaration]) -> Iterator[Declaration]:
    """Yield every declaration, and for a tuple its members: `pair.1`, `pair.2`."""
    for declaration in declarations:
        if declaration.members:
            yield from _flatten_tuples(declaration.members)
        else:
            yield declaration


def _explain_not_finite(candidate: Candidate, program: Program) -> str:
    point = candidate.newton.point
    dim = find_far_dimension(
        point, candidate.curvature, program, RUNAWAY_DISTANCE_LIMIT, is_bound_needed=False
    )
    if dim is not None:
        return _explain_bound(candidate, program, dim, float(np.sign(point[dim])))
    farthest = int(np.argmax(np.abs(point)))
    if _has_risen_steadily(candidate):
        return _explain_rise(candidate, program, farthest)
    return (
        f"the optimiser stopped where the curvature is not finite, at {_describe_value(candidate, farthest)}."
    )


def _explain_runaway(candidate: Candidate, program: Program) -> str:
    """Say which bounded parameter has so little curvature left that it runs to its bound."""
    newton = candidate.newton
    errors = np.sqrt(np.diag(newton.covariance))
    is_wide = find_constrained_dimensions(candidate.curvature, program) & (errors > RUNAWAY_SE_LIMIT)
    if not is_wide.any():
        return ""
    is_moving = is_wide & ((np.abs(newton.gradient) > FLAT) | (np.abs(newton.point) > RUNAWAY_DISTANCE_LIMIT))
    if not is_moving.any():
        direction = np.zeros(len(is_wide))
        direction[int(np.argmax(np.where(is_wide, errors, 0)))] = 1.0
        return _explain_flat_direction(candidate, direction)
    dim = int(np.argmax(np.where(is_moving, errors, 0)))
    return _explain_bound(candidate, program, dim, _find_sign(candidate, dim))


def _explain_no_convergence(candidate: Candidate, program: Program) -> str:
    """Say where the density keeps rising or, if it does not, what a further step would gain."""
    newton = candidate.newton
    is_constrained = find_constrained_dimensions(candidate.curvature, program)
    step = newton.directions @ (newton.directions.T @ newton.gradient)
    # On its way to a bound a parameter is far out, and takes steps of about 1, on the log or logit scale.
    far = find_far_dimension(
        newton.point, candidate.curvature, program, RUNAWAY_DISTANCE_LIMIT, is_bound_needed=False
    )
    if far is not None:
        return _explain_bound(candidate, program, far, float(np.sign(newton.point[far])))
    if _keeps_rising(candidate, step):
        lengths = np.where(is_constrained, np.abs(step), 0.0)
        dim = int(np.argmax(lengths))
        if lengths[dim] > _LONG_STEP:
            return _explain_bound(candidate, program, dim, float(np.sign(step[dim])))
        return _explain_rise(candidate, program, int(np.argmax(step * newton.gradient)))
    # Far enough out, a separated likelihood is 1 to the last digit, and no further rise can be seen.
    if _keeps_rising(candidate, newton.point, is_strict=not _find_logistic_outcome(program)):
        return _explain_rise(candidate, program, int(np.argmax(np.abs(newton.point))))
    weakest = int(np.argmin(np.abs(newton.curvature)))
    if abs(newton.curvature[weakest]) < _UNCURVED:
        return _explain_flat_direction(candidate, newton.directions[:, weakest])
    corners = sorted({term.distribution for term in program.terms if term.distribution in _WITH_CORNERS})
    if corners:
        return (
            f"the density is not smooth (`{corners[0]}`): its maximum may be a corner, without a "
            "curvature by which to check it."
        )
    if not newton.is_maximum:
        upwards = newton.directions[:, int(np.argmin(newton.curvature))]
        where = _describe_value(candidate, int(np.argmax(np.abs(upwards))))
        return (
            "the optimiser stopped at a saddle or on a ridge: the log density curves upwards there, mostly "
            f"along {where}."
        )
    return f"the optimiser stopped too early: a Newton step would still gain {newton.decrement:.2g} nats."


def _keeps_rising(candidate: Candidate, direction: Floats, *, is_strict: bool = True) -> bool:
    """Return whether the density keeps rising, or at least never falls, far along a direction."""
    values, _ = evaluate(candidate.target, candidate.newton.point + _STRIDES[:, None] * direction)
    finite = values[np.isfinite(values)]
    has_risen = not is_strict or bool(finite[-1:] > finite[:1])
    return len(finite) >= _NEEDED_STRIDES and bool((np.diff(finite) >= 0).all()) and has_risen


def _has_risen_steadily(candidate: Candidate) -> bool:
    """Return whether the density rose steadily all the way to a point where doubles overflow."""
    point = candidate.newton.point
    if np.abs(point).max(initial=0.0) < OVERFLOWING:
        return False
    values, _ = evaluate(candidate.target, _INWARD[:, None] * point)
    gains = np.diff(values) if np.isfinite(values).all() else np.zeros(1)
    return bool((gains > 0).all() and gains[-1] > _STEADY * gains[0])


def _explain_flat_direction(candidate: Candidate, direction: Floats) -> str:
    """Say along which parameter, or combination of parameters, the density is flat."""
    curvature_alone = np.sum(np.linalg.pinv(candidate.newton.directions) ** 2, axis=0)
    lengths_alone = 1 / np.sqrt(np.maximum(curvature_alone, np.finfo(float).tiny))
    shares = np.abs(direction) / lengths_alone
    involved = np.argsort(-shares)[: int((shares > _SHARE * shares.max()).sum())]
    names = [_describe_value(candidate, int(dim)) for dim in involved[:_MOST_NAMED]]
    if len(involved) == 1:
        return f"{_NO_MAXIMUM} it is flat or still rising along {names[0]}."
    more = len(involved) - len(names)
    *others, last = [*names, f"{more} more"] if more else names
    listed = f"{', '.join(others)} and {last}"
    return (
        f"{_NO_MAXIMUM} it is flat or still rising along a combination of {listed}, which is not identified."
    )


def _explain_rise(candidate: Candidate, program: Program, dim: int) -> str:
    name = candidate.curvature.free_names[dim]
    sentence = f"{_NO_MAXIMUM} it keeps rising along {_describe_value(candidate, dim)}."
    if _scales_effects(program, name):
        return (
            f"{sentence} The effects that `{name}` scales can move ever closer to their mean, and their "
            "joint density then grows without limit."
        )
    outcome = _find_logistic_outcome(program)
    if not outcome:
        return sentence
    return (
        f"{sentence} `{outcome}` is separated: a combination of the predictors predicts it without "
        "error, and the likelihood grows without limit with their coefficients. Leave out the predictor, or "
        "estimate with a proper prior."
    )


def _explain_bound(candidate: Candidate, program: Program, dim: int, sign: float) -> str:
    """Say which parameter the density drives to its bound; `sign` is the way on the unconstrained scale."""
    name, value = candidate.curvature.free_names[dim], _describe_value(candidate, dim)
    root = name.partition("[")[0]
    smallest = _describe_smallest_share(candidate, program, root)
    if smallest:
        return f"{_NO_MAXIMUM_INSIDE} it keeps rising as {smallest} approaches its bound."
    if not _leads_to_bound(program, name, sign):
        return f"{_NO_MAXIMUM} it is flat or still rising along {value}."
    bound = _describe_bound(program, name, sign)
    sentence = f"{_NO_MAXIMUM_INSIDE} it keeps rising as {value} approaches {bound}."
    if sign < 0 and _scales_effects(program, name):
        return (
            f"{sentence} The effects that `{name}` scales can then all equal their mean, and their joint "
            "density grows without limit. Such a model can have a posterior without having a joint mode."
        )
    if sign < 0 and bound.endswith(", 0"):
        return f"{sentence}{_describe_singularity(candidate, name)}"
    return sentence


def _describe_singularity(candidate: Candidate, scale: str) -> str:
    """Say which location has settled on a value of the data, where a scale beside it goes to 0."""
    for name, value in zip(candidate.curvature.names, candidate.curvature.values.tolist(), strict=True):
        if name == scale or name not in candidate.curvature.free_names:
            continue
        for variable, entries in candidate.data.items():
            if _is_value_of(value, entries):
                return (
                    f" `{name}` has settled on a value of `{variable}`, {value:.6g}: with a scale near 0 "
                    "there, the density of that value grows without limit."
                )
    return ""


def _is_value_of(value: float, entries: object) -> bool:
    """Return whether a number is, up to rounding, one of the entries of a variable of the data."""
    try:
        numbers = np.asarray(entries, dtype=float)
    except (TypeError, ValueError):
        return False
    return numbers.ndim > 0 and bool(np.isclose(numbers, value, rtol=_SAME_VALUE, atol=0.0).any())


def _describe_smallest_share(candidate: Candidate, program: Program, root: str) -> str:
    """Return the smallest element of a parameter whose elements are shares, else an empty string.

    The unconstrained dimensions of such a parameter do not belong to single elements.
    """
    if not any(
        declaration.name == root and declaration.kind in _SHARES for declaration in program.parameters
    ):
        return ""
    pairs = zip(candidate.curvature.names, candidate.curvature.values.tolist(), strict=True)
    value, name = min((value, name) for name, value in pairs if name.partition("[")[0] == root)
    return f"`{name}` (last value {value:.3g})"


def _scales_effects(program: Program, name: str) -> bool:
    """Return whether a parameter is the argument of a density of latent effects, mixtures apart."""
    root = name.partition("[")[0]
    latent = [term for term in program.terms if term.role == "latent" and term.distribution]
    return any(root in term.parameters and root not in term.outcomes for term in latent)


def _find_logistic_outcome(program: Program) -> str:
    """Return the outcome of a likelihood that predictors can separate, or an empty string."""
    for term in program.terms:
        distribution = (term.distribution or "").removesuffix("_glm")
        if term.role == "likelihood" and distribution in _LOGISTIC:
            return term.outcomes[0] if term.outcomes else "the outcome"
    return ""


def _describe_value(candidate: Candidate, dim: int) -> str:
    """Return a parameter's name, with its last value where the dimension is a declared parameter."""
    name = candidate.curvature.free_names[dim]
    values = dict(zip(candidate.curvature.names, candidate.curvature.values, strict=True))
    return f"`{name}` (last value {values[name]:.3g})" if name in values else f"`{name}`"
