"""The way back from standardized predictors, guessed from declarations and proved by densities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any, cast

import numpy as np

from workbench.backends import Job
from workbench.backends.base import Floats
from workbench.binding import (
    BoundData,
    Standardization,
    evaluate_shape,
    extend_stan_data,
    order_tuples,
    write_stan_data,
)
from workbench.errors import RunError
from workbench.estimation.context import FitContext
from workbench.estimation.standardize.dependents import find_dependents
from workbench.program import Declaration
from workbench.provenance import derive_seeds
from workbench.thresholds import RESCALING_DIFFERENCE_LIMIT

POINTS = 3
"""Random points at which the two scales are compared."""

SPREAD = 0.5
"""How far from zero those points lie, on the unconstrained scale."""

_MOST_INTERCEPTS = 8
_TOGETHER = 2
_FREE = frozenset({"real", "vector", "row_vector", "matrix"})


@dataclass(frozen=True)
class Rescaling:
    """A linear map of some parameters, from the scale they were fitted on to the scale of the data.

    Attributes
    ----------
    coefficients
        By parameter: the matrix whose predictors it multiplies.
    intercepts
        Parameters that take up the means of the predictors.
    columns
        Stan's names of the parameters' elements.
    matrix
        `(columns, columns)`: what one multiplies the fitted values with.
    """

    coefficients: Mapping[str, str]
    intercepts: tuple[str, ...]
    columns: tuple[str, ...]
    matrix: Floats = field(repr=False)


@dataclass(frozen=True)
class RescalingResult:
    """What came of looking for the way back: the map, or the reason why there is none; and a remark."""

    rescaling: Rescaling | None
    reason: str = ""

    @property
    def record(self) -> dict[str, Any]:
        """The entry of `run.json`."""
        if self.rescaling is None:
            return {"status": "not available", "reason": self.reason}
        moved = self.rescaling
        entry = {"status": "proved", "coefficients": dict(moved.coefficients)}
        return {**entry, "intercepts": list(moved.intercepts), "remark": self.reason}


def find_rescaling(setting: FitContext) -> RescalingResult:
    """Return the map from the fitted scale to that of the data, proved at random points."""
    program = setting.request.program
    if program.instrumented is None:
        return RescalingResult(
            None, "the program could not be taken apart, so there is no likelihood to prove it by."
        )
    coefficients = _coefficients(setting)
    if not coefficients:
        names = ", ".join(f"`{name}`" for name in setting.request.data.standardized)
        return RescalingResult(None, f"no unbounded parameter is sized by the columns of {names}.")
    tied = sorted(
        {
            term.line
            for term in program.terms
            if term.role == "latent" and set(term.parameters) & set(coefficients)
        }
    )
    moves = list(_candidates(setting, coefficients))
    try:
        proved = _proved(setting, moves, make_weights_data(setting, 0.0, coefficients))
    except RunError as reason:
        return RescalingResult(None, reason.message)
    if proved is None:
        return RescalingResult(
            None, "no intercept was found that leaves the likelihood the same on both scales."
        )
    moved = {*coefficients, *proved.intercepts, *setting.request.data.standardized}
    followers = ", ".join(f"`{name}`" for name in find_dependents(program, moved))
    if followers:
        return RescalingResult(
            None, f"{followers} among the transformed parameters would have to be moved too."
        )
    lines = ", ".join(map(str, tied))
    words = f"what the coefficients vary by (line {lines}) stays on the standardized scale." if tied else ""
    return RescalingResult(proved, words)


def _coefficients(setting: FitContext) -> dict[str, str]:
    """Return the unbounded parameters with an axis sized by the columns of one standardized matrix."""
    declared = {one.name: one for one in setting.request.program.data}
    sizes: dict[str, list[str]] = {}
    for name in setting.request.data.standardized:
        axis = _column_axis(setting, declared[name])
        sizes.setdefault(declared[name].sizes[axis].text, []).append(name)
    return {
        one.name: sizes[size.text][0]
        for one in setting.request.program.parameters
        for size in one.sizes
        if size.text in sizes and len(sizes[size.text]) == 1 and size.text.isidentifier() and _is_free(one)
    }


def _column_axis(setting: FitContext, declaration: Declaration) -> int:
    width = len(setting.request.data.standardized[declaration.name].columns)
    shape = np.shape(setting.request.data.values[declaration.name])
    return 1 if shape[1] == width else 0


def _is_free(declaration: Declaration) -> bool:
    """Whether a parameter is on the unconstrained scale as it is declared."""
    limits = (declaration.lower, declaration.upper, declaration.offset, declaration.multiplier)
    return declaration.kind in _FREE and all(limit is None for limit in limits)


def _candidates(setting: FitContext, coefficients: Mapping[str, str]) -> Iterator[Rescaling]:
    """Yield maps: without an intercept, with each unbounded parameter as one, and with two of them."""
    others = [
        one.name
        for one in setting.request.program.parameters
        if _is_free(one) and one.name not in coefficients and len(one.sizes) <= 1
    ][:_MOST_INTERCEPTS]
    for count in range(_TOGETHER + 1):
        for intercepts in combinations(others, count):
            yield _rescaling(setting, coefficients, intercepts)


def _shape(setting: FitContext, name: str) -> tuple[int, ...]:
    declared = {one.name: one for one in setting.request.program.parameters}
    return tuple(
        int(length)
        for length in evaluate_shape(declared[name], setting.request.data.values)
        if length is not None
    )


def _rescaling(
    setting: FitContext, coefficients: Mapping[str, str], intercepts: tuple[str, ...]
) -> Rescaling:
    """Return the map that divides coefficients by the predictors' sd and moves intercepts by their means."""
    elements = [
        (name, index) for name in (*coefficients, *intercepts) for index in np.ndindex(_shape(setting, name))
    ]
    matrix = np.eye(len(elements))
    declared = {one.name: one for one in setting.request.program.parameters}
    for column, (name, index) in enumerate(elements):
        if name not in coefficients:
            continue
        scale = setting.request.data.standardized[coefficients[name]]
        axis = _axis(setting, declared[name], coefficients[name])
        mean, sd = scale.mean[index[axis]], scale.sd[index[axis]]
        matrix[column, column] = 1 / sd
        group = index[:axis] + index[axis + 1 :]
        for row, (other, at) in enumerate(elements):
            if other in intercepts and (not group or at in ((), group)):
                matrix[row, column] -= mean / sd
    return Rescaling(
        coefficients, intercepts, tuple(format_element_name(*element) for element in elements), matrix
    )


def _axis(setting: FitContext, declaration: Declaration, matrix: str) -> int:
    """Return which axis of a coefficient counts the columns of its matrix."""
    data = {one.name: one for one in setting.request.program.data}[matrix]
    size = data.sizes[_column_axis(setting, data)].text
    return [one.text for one in declaration.sizes].index(size)


def format_element_name(name: str, index: tuple[int, ...]) -> str:
    """Return Stan's name of an element, its index counted from 0 here and from 1 there."""
    return f"{name}[{','.join(str(i + 1) for i in index)}]" if index else name


def make_weights_data(
    setting: FitContext, prior: float, coefficients: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return our data, with priors and the latent densities of coefficients weighted as asked."""
    instrumented = setting.request.program.instrumented
    if instrumented is None:
        return {}
    lifted = setting.request.priors.lifted
    if coefficients is None:
        return instrumented.data(weights=dict(setting.request.weights), hyperparameters=lifted)
    off = {
        term.index: prior
        for term in instrumented.terms
        if term.role == "prior" or (term.role == "latent" and set(term.parameters) & set(coefficients))
    }
    return instrumented.data(weights=cast("dict[str | int, float]", off), hyperparameters=lifted)


def make_original_scale_job(
    setting: FitContext, ours: Mapping[str, Any], name: str = "original-scale"
) -> Job:
    """Return a call on the data as they were before standardizing."""
    values = undo_standardization(setting.request.data).values
    users, path = setting.folder / "data-unscaled.json", setting.folder / f"data-{name}.json"
    setting.folder.mkdir(exist_ok=True)
    if not users.exists():
        write_stan_data(users, order_tuples(values, setting.request.program.data))
    extend_stan_data(users, path, ours)
    return Job(setting.exe, path, setting.folder / name, derive_seeds(setting.request.seed, 1)[0])


def undo_standardization(data: BoundData) -> BoundData:
    """Return data with their predictors as they were before standardizing."""
    variables = (
        replace(one, value=_undone(one.value, data.standardized[one.name]))
        if one.name in data.standardized
        else one
        for one in data.variables
    )
    return replace(data, variables=tuple(variables), standardized={})


def _undone(matrix: Floats, scale: Standardization) -> Floats:
    mean, sd = np.array(scale.mean, dtype=np.float64), np.array(scale.sd, dtype=np.float64)
    if matrix.shape[1] == len(mean):
        return np.asarray(matrix * sd + mean)
    return np.asarray(matrix * sd[:, None] + mean[:, None])


def _proved(setting: FitContext, moves: list[Rescaling], ours: dict[str, Any]) -> Rescaling | None:
    """Return the first map under which the density is the same on both scales."""
    fitted = setting.job_on(setting.exe, "scale", ours)
    other = make_original_scale_job(setting, ours, "original-scale-proof")
    free = _free_positions(setting)
    size = setting.backend.dimension(fitted)
    if free is None or size != sum(len(one) for one in free.values()):
        return None
    rng = np.random.default_rng(derive_seeds(setting.request.seed, 1)[0])
    points = rng.normal(0, SPREAD, (POINTS, size))
    for one in moves:
        if all(_is_same(setting, fitted, other, point, _moved(point, one, free)) for point in points):
            return one
    return None


def _is_same(setting: FitContext, fitted: Job, other: Job, point: Floats, moved: Floats) -> bool:
    """Whether two points, each on its own scale, have the same density."""
    ours, _ = setting.backend.log_density(fitted, point[None, :], jacobian=False)
    theirs, _ = setting.backend.log_density(other, moved[None, :], jacobian=False)
    return bool(np.abs(ours - theirs).max() <= RESCALING_DIFFERENCE_LIMIT * max(1.0, np.abs(ours).max()))


def _moved(point: Floats, rescaling: Rescaling, free: Mapping[str, Mapping[str, int]]) -> Floats:
    """Return an unconstrained point with the parameters of a map moved, `(U,)`."""
    every = {column: position for one in free.values() for column, position in one.items()}
    where = [every[column] for column in rescaling.columns]
    moved = point.copy()
    moved[where] = rescaling.matrix @ point[where]
    return moved


def _free_positions(setting: FitContext) -> dict[str, dict[str, int]] | None:
    """Return by element its place among the unconstrained parameters; `None` where that is unclear."""
    found: dict[str, dict[str, int]] = {}
    at = 0
    for declaration in setting.request.program.parameters:
        count = _free_count(setting, declaration)
        if count is None:
            return None
        shape = _shape(setting, declaration.name) if _is_free(declaration) else (count,)
        order = list(np.ndindex(shape))
        if declaration.kind == "matrix" and _is_free(declaration):
            order.sort(key=lambda index: (*index[:-2], index[-1], index[-2]))  # Stan's matrices go by columns
        found[declaration.name] = {
            format_element_name(declaration.name, index): at + i for i, index in enumerate(order)
        }
        at += count
    return found


def _free_count(setting: FitContext, declaration: Declaration) -> int | None:
    """Return how many unconstrained numbers a parameter has; `None` where only Stan knows."""
    shape = evaluate_shape(declaration, setting.request.data.values)
    if declaration.members or None in shape or declaration.kind.startswith("complex"):
        return None
    sizes = [int(cast("int", length)) for length in shape]
    outer, inner = int(np.prod(sizes[: declaration.depth])), sizes[declaration.depth :]
    last = inner[-1] if inner else 1
    each = {
        "simplex": last - 1,
        "sum_to_zero_vector": last - 1,
        "corr_matrix": last * (last - 1) // 2,
        "cholesky_factor_corr": last * (last - 1) // 2,
        "cov_matrix": last * (last + 1) // 2,
    }
    if declaration.kind == "cholesky_factor_cov":
        return outer * (last * (last + 1) // 2 + (inner[0] - last) * last)
    if declaration.kind.endswith("stochastic_matrix") or declaration.kind == "sum_to_zero_matrix":
        return None
    return outer * each.get(declaration.kind, int(np.prod(inner)))
