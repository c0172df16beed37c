"""Directions in which the posterior is constant without end: what the data and the priors do not determine.

A log density that does not change when a number is added to `a` and taken from `b` has the same gradient
along both at every point. The gradients at more points than there are parameters have such directions in
common, if there are any: their null space. Along each of them the integral of the density is infinite, so the
posterior is improper. Parameters with a prior of constants are left out: their prior changes along any
direction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from workbench.backends.base import Floats
from workbench.estimation.context import FitContext
from workbench.estimation.optimum.log_density import EvaluationBudget, LogDensity, evaluate
from workbench.program import (
    Declaration,
    ElementPriors,
    Program,
    list_flat_elements,
    locate_priors,
    name_elements,
)
from workbench.results.quantities import element_name
from workbench.results.view import FlatDirection

_MOST_DIMENSIONS = 300
"""Parameters up to which flat directions are looked for: it takes a gradient for each of them. Ours."""

_MORE_POINTS = 10
"""Gradients beyond the number of parameters."""

_MOST_TRIES = 20
"""Random points that are tried until the density is finite at one."""

_RANGE = 2.0
"""Random points lie within this distance of 0 in each dimension, as Stan's initial values do."""

_SPREAD = 0.3
"""Standard deviation of the points around the first."""

_BUDGET = 5000.0
"""Evaluations after which the search ends."""

_SMALLEST_SLOPE = 1e-8
"""Singular value of the gradients, relative to the largest, below which nothing changes in a direction. Ours:
rounding leaves less than 1e-12."""

_FAR = 1e3
"""Distance that is moved along a direction to see that nothing changes."""

_LARGEST_CHANGE = 1e-7
"""Largest relative change of the log density there that counts as rounding. Ours."""

_SMALLEST_WEIGHT = 1e-5
"""Weight in a direction, relative to the largest, below which a parameter is not part of it. Ours."""

_ELEMENTWISE = frozenset({"real", "vector", "row_vector", "matrix"})
"""Types with one unconstrained dimension for each element."""


@dataclass(frozen=True)
class _Dimension:
    """An unconstrained dimension: the element that it belongs to, and whether it is that or its logarithm."""

    name: str
    owner: str
    index: tuple[int, ...]
    is_log: bool


def find_flat_directions(context: FitContext) -> tuple[FlatDirection, ...] | None:
    """Return the directions in which the posterior is constant without end; `None` if that is not known.

    Parameters
    ----------
    context
        The fit. Its program is only examined if some parameter is flat on an unbounded range.
    """
    program, values = context.request.program, context.request.data.values
    if not list_flat_elements(program, values):
        return ()
    priors = locate_priors(program, values)
    dimensions = _list_dimensions(program, priors)
    if dimensions is None:
        return None
    free = [
        k for k, item in enumerate(dimensions) if item is not None and _may_be_flat(item, program, priors)
    ]
    if not 0 < len(free) <= _MOST_DIMENSIONS:
        return None
    target = LogDensity(
        context.backend,
        context.make_job("nuts", has_replicates=False),
        False,
        budget=EvaluationBudget(_BUDGET),
    )
    points = _draw_points(target, len(dimensions), len(free) + _MORE_POINTS, context.request.seed)
    if points is None:
        return None
    directions = _find_common_null_space(points, free)
    named = [item for k in free if (item := dimensions[k]) is not None]
    return tuple(
        _describe(direction, named, priors)
        for direction in directions
        if _is_constant(target, points[0][0], free, direction, named)
    )


def _list_dimensions(program: Program, priors: Mapping[str, ElementPriors]) -> list[_Dimension | None] | None:
    """Return the unconstrained dimensions in Stan's order, `None` for those of other transforms.

    The whole is `None` if a shape is not known.
    """
    dimensions: list[_Dimension | None] = []
    for item in program.parameters:
        if item.name not in priors:
            return None
        shape = priors[item.name].flat.shape
        inner = shape[item.depth :]
        is_simple = item.kind in _ELEMENTWISE and item.offset is None and item.multiplier is None
        is_one_sided = (item.lower is None) != (item.upper is None)
        if is_simple and (is_one_sided or item.lower is None):
            dimensions += [
                _Dimension(element_name(item.name, index), item.name, index, is_one_sided)
                for index in _iterate_indices(shape[: item.depth], inner)
            ]
        else:
            count = _count_free(item, inner)
            dimensions += [None] * (count * int(np.prod(shape[: item.depth])))
    return dimensions


def _iterate_indices(arrays: tuple[int, ...], inner: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Yield indices as Stan stores unconstrained values: arrays by row, matrices by column."""
    for outer in np.ndindex(*arrays):
        for reverse in product(*(range(size) for size in inner[::-1])):
            yield (*outer, *reverse[::-1])


def _count_free(item: Declaration, inner: tuple[int, ...]) -> int:
    """Return how many unconstrained dimensions a value of a type has."""
    rows, columns = (*inner, 1, 1)[:2]
    size = int(np.prod(inner))
    triangle = rows * (rows - 1) // 2
    return {
        "simplex": rows - 1,
        "sum_to_zero_vector": rows - 1,
        "sum_to_zero_matrix": (rows - 1) * (columns - 1),
        "row_stochastic_matrix": rows * (columns - 1),
        "column_stochastic_matrix": (rows - 1) * columns,
        "corr_matrix": triangle,
        "cholesky_factor_corr": triangle,
        "cov_matrix": triangle + rows,
        "cholesky_factor_cov": columns * (columns + 1) // 2 + (rows - columns) * columns,
    }.get(item.kind, size)


def _may_be_flat(dimension: _Dimension, program: Program, priors: Mapping[str, ElementPriors]) -> bool:
    """Whether no prior of constants is about an element."""
    roles = {term.index: term.role for term in program.terms}
    about = priors[dimension.owner]
    return not any(
        roles.get(index) == "prior" and mask[dimension.index] for index, mask in about.terms.items()
    )


def _draw_points(target: LogDensity, size: int, count: int, seed: int) -> tuple[Floats, Floats] | None:
    """Return points, the first and others around it, and the gradients there; `None` if there are too few."""
    rng = np.random.default_rng(seed)
    for _ in range(_MOST_TRIES):
        start = rng.uniform(-_RANGE, _RANGE, (1, size))
        values, gradients = evaluate(target, start)
        if gradients.shape[1] != size:
            return None
        if np.isfinite(values[0]):
            break
    else:
        return None
    around = start + _SPREAD * rng.standard_normal((count, size))
    values, more = evaluate(target, around)
    is_finite = np.isfinite(values)
    if is_finite.sum() < count - _MORE_POINTS // 2:
        return None
    return np.concatenate([start, around[is_finite]]), np.concatenate([gradients, more[is_finite]])


def _find_common_null_space(points: tuple[Floats, Floats], free: Sequence[int]) -> list[Floats]:
    """Return directions in which no gradient has a component, each with as few parameters as possible."""
    slopes = points[1][:, list(free)]
    scale = np.sqrt(np.mean(slopes**2, axis=0))
    largest = float(scale.max(initial=0.0))
    if largest == 0:
        return list(np.eye(len(free)))
    scale = np.where(scale > _SMALLEST_SLOPE * largest, scale, largest)
    _, singular, rows = np.linalg.svd(slopes / scale)
    null = rows[np.append(singular, np.zeros(len(free) - len(singular))) <= _SMALLEST_SLOPE * singular[0]]
    return [direction / np.abs(direction).max() for direction in _reduce_rows(null / scale)]


def _reduce_rows(rows: Floats) -> Floats:
    """Return a basis of the same space in reduced echelon form, without entries that are rounding."""
    reduced = rows / np.abs(rows).max(axis=1, keepdims=True) if len(rows) else rows.copy()
    pivots: list[int] = []
    for number in range(len(reduced)):
        pivot = int(np.argmax(np.abs(reduced[number])))
        pivots.append(pivot)
        reduced[number] /= reduced[number, pivot]
        for other in range(len(reduced)):
            if other != number:
                reduced[other] -= reduced[other, pivot] * reduced[number]
    reduced[np.abs(reduced) < _SMALLEST_WEIGHT] = 0
    return reduced


def _is_constant(
    target: LogDensity, start: Floats, free: Sequence[int], direction: Floats, named: Sequence[_Dimension]
) -> bool:
    """Whether the log density stays the same far away in a direction, on both sides."""
    has_log = any(item.is_log and weight for item, weight in zip(named, direction, strict=True))
    step = np.zeros(len(start))
    step[list(free)] = direction * (1.0 if has_log else _FAR)
    values, _ = evaluate(target, np.stack([start, start + step, start - step]))
    limit = _LARGEST_CHANGE * (1 + abs(values[0]))
    return bool(np.isfinite(values).all() and np.ptp(values) <= limit)


# --- words ------------------------------------------------------------------------------------------------


def _describe(
    direction: Floats, named: Sequence[_Dimension], priors: Mapping[str, ElementPriors]
) -> FlatDirection:
    """Return a direction with what the data determine in spite of it, in words."""
    largest = float(np.abs(direction).max())
    weights = {
        item: float(weight / largest)
        for item, weight in zip(named, direction, strict=True)
        if abs(weight) > _SMALLEST_WEIGHT * largest
    }
    first = next(iter(weights.values()))
    weights = {item: weight if first > 0 else -weight for item, weight in weights.items()}
    return FlatDirection(
        tuple(item.name for item in weights),
        tuple(weights.values()),
        _describe_determined(weights),
        _describe_move(weights, priors),
    )


def _describe_determined(weights: Mapping[_Dimension, float]) -> str:
    """Return the combination that is determined; empty if there is none, or no short name for it."""
    if len(weights) != 2 or not _are_equal(weights):
        return ""
    first, second = weights
    is_opposite = weights[first] * weights[second] < 0
    if first.is_log and second.is_log:
        return f"{first.name} {'*' if is_opposite else '/'} {second.name}"
    if first.is_log or second.is_log:
        return ""
    return f"{first.name} {'+' if is_opposite else '-'} {second.name}"


def _describe_move(weights: Mapping[_Dimension, float], priors: Mapping[str, ElementPriors]) -> str:
    """Return what changes nothing, as a clause."""
    plus = _name_dimensions([item for item, weight in weights.items() if weight > 0], priors)
    minus = _name_dimensions([item for item, weight in weights.items() if weight < 0], priors)
    if len(weights) == 1:
        return f"the density does not depend on {plus}"
    if not _are_equal(weights) or len({item.is_log for item in weights}) > 1:
        listed = _name_dimensions(list(weights), priors)
        return f"the density is constant along a combination of {listed}"
    is_log = next(iter(weights)).is_log
    action = f"{plus} can be multiplied by any number" if is_log else f"any number can be added to {plus}"
    if not minus:
        return f"{action} without changing the density"
    return f"{action} and {minus} divided by it" if is_log else f"{action} and taken from {minus}"


def _are_equal(weights: Mapping[_Dimension, float]) -> bool:
    sizes = np.abs(list(weights.values()))
    return bool(np.allclose(sizes, sizes[0], rtol=1e-4))


def _name_dimensions(dimensions: Sequence[_Dimension], priors: Mapping[str, ElementPriors]) -> str:
    """Return the elements as text, those of one parameter together."""
    masks: dict[str, np.ndarray] = {}
    for item in dimensions:
        mask = masks.setdefault(item.owner, np.zeros(priors[item.owner].flat.shape, dtype=bool))
        mask[item.index] = True
    names = [f"`{name}`" for owner, mask in masks.items() for name in name_elements(owner, mask)]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""
