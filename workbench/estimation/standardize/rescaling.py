"""The map from standardized predictors back to the data: guessed from declarations, checked numerically."""

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
from workbench.program import Declaration, Program
from workbench.provenance import derive_seeds
from workbench.results.quantities import element_name
from workbench.thresholds import RESCALING_DIFFERENCE_LIMIT

POINTS = 3
"""Random points at which the densities on the two scales are compared. Ours."""

SPREAD = 0.5
"""Standard deviation of their coordinates around zero, on the unconstrained scale. Ours."""

_MOST_CANDIDATES = 8
"""Parameters that are tried as intercepts. Ours."""

_MOST_INTERCEPTS = 2
"""Parameters that may be intercepts together. Ours."""

_UNCONSTRAINED = frozenset({"real", "vector", "row_vector", "matrix"})
"""Stan's types that can hold coefficients and intercepts."""


@dataclass(frozen=True)
class Rescaling:
    """A linear map of some parameters, from the scale on which they were fitted to the scale of the data.

    Attributes
    ----------
    coefficients
        By parameter: the matrix whose predictors it multiplies.
    intercepts
        Parameters that absorb the means of the predictors.
    columns
        Stan's names of the parameters' elements.
    matrix
        `(columns, columns)`: by which the fitted values are multiplied.
    dependents
        The transformed parameters that are computed again from them.
    """

    coefficients: Mapping[str, str]
    intercepts: tuple[str, ...]
    columns: tuple[str, ...]
    matrix: Floats = field(repr=False)
    dependents: tuple[str, ...] = ()


@dataclass(frozen=True)
class RescalingResult:
    """The map back to the scale of the data with a remark, or the reason why there is none."""

    rescaling: Rescaling | None
    reason: str = ""

    @property
    def record(self) -> dict[str, Any]:
        """The entry of `run.json`."""
        if self.rescaling is None:
            return {"status": "not available", "reason": self.reason}
        return {
            "status": "proved",
            "coefficients": dict(self.rescaling.coefficients),
            "intercepts": list(self.rescaling.intercepts),
            "computed_again": list(self.rescaling.dependents),
            "remark": self.reason,
        }


def find_rescaling(context: FitContext) -> RescalingResult:
    """Return the map from the fitted scale to that of the data, checked at random points."""
    program = context.request.program
    if program.instrumented is None:
        return RescalingResult(
            None, "the program could not be taken apart, so the map cannot be checked on its likelihood."
        )
    coefficients = _find_coefficients(context)
    if not coefficients:
        names = ", ".join(f"`{name}`" for name in context.request.data.standardized)
        return RescalingResult(None, f"no unbounded parameter is sized by the columns of {names}.")
    candidates = list(_list_candidates(context, coefficients))
    try:
        rescaling = _find_equivalent(context, candidates, _switch_off_priors(context, coefficients))
    except RunError as error:
        return RescalingResult(None, error.message)
    if rescaling is None:
        return RescalingResult(
            None, "no intercept was found that makes the likelihood the same on both scales."
        )
    moved = {*coefficients, *rescaling.intercepts, *context.request.data.standardized}
    dependents = find_dependents(program, moved)
    if not set(dependents) <= set(program.instrumented.outputs.copies):
        listed = ", ".join(f"`{name}`" for name in dependents)
        reason = f"{listed} among the transformed parameters would have to be rescaled too."
        return RescalingResult(None, reason)
    lines = sorted(
        {
            term.line
            for term in program.terms
            if term.role == "latent" and set(term.parameters) & set(coefficients)
        }
    )
    listed = ", ".join(map(str, lines))
    remark = (
        f"the spread of the coefficients (line {listed}) stays on the standardized scale." if lines else ""
    )
    return RescalingResult(replace(rescaling, dependents=dependents), remark)


def make_original_scale_job(
    context: FitContext, own_data: Mapping[str, Any], name: str = "original-scale"
) -> Job:
    """Return a call on the data as they were before standardizing."""
    values = undo_standardization(context.request.data).values
    users, path = context.folder / "data-unscaled.json", context.folder / f"data-{name}.json"
    context.folder.mkdir(exist_ok=True)
    if not users.exists():
        write_stan_data(users, order_tuples(values, context.request.program.data))
    extend_stan_data(users, path, own_data)
    return Job(context.exe, path, context.folder / name, derive_seeds(context.request.seed, 1)[0])


def undo_standardization(data: BoundData) -> BoundData:
    """Return data with their predictors as they were before standardizing."""
    variables = (
        replace(variable, value=_undo(variable.value, data.standardized[variable.name]))
        if variable.name in data.standardized
        else variable
        for variable in data.variables
    )
    return replace(data, variables=tuple(variables), standardized={})


def _switch_off_priors(context: FitContext, coefficients: Mapping[str, str]) -> dict[str, Any]:
    """Return the data of the instrumented program without priors and latent densities of coefficients."""
    instrumented = context.request.program.instrumented
    if instrumented is None:
        return {}
    weights: dict[str | int, float] = {
        term.index: 0.0
        for term in instrumented.terms
        if term.role == "prior" or (term.role == "latent" and set(term.parameters) & set(coefficients))
    }
    return instrumented.make_data(weights=weights, hyperparameters=context.request.priors.lifted)


def _undo(matrix: Floats, scale: Standardization) -> Floats:
    mean, sd = np.array(scale.mean, dtype=np.float64), np.array(scale.sd, dtype=np.float64)
    if matrix.shape[1] == len(mean):
        return np.asarray(matrix * sd + mean)
    return np.asarray(matrix * sd[:, None] + mean[:, None])


def _find_coefficients(context: FitContext) -> dict[str, str]:
    """Return the unbounded parameters with an axis sized by the columns of one standardized matrix."""
    declarations = {declaration.name: declaration for declaration in context.request.program.data}
    matrices: dict[str, list[str]] = {}
    for name in context.request.data.standardized:
        axis = _find_column_axis(context, declarations[name])
        matrices.setdefault(declarations[name].sizes[axis].text, []).append(name)
    return {
        parameter.name: matrices[size.text][0]
        for parameter in context.request.program.parameters
        for size in parameter.sizes
        if len(matrices.get(size.text, ())) == 1 and size.text.isidentifier() and _is_free(parameter)
    }


def _find_column_axis(context: FitContext, declaration: Declaration) -> int:
    """Return which axis of a standardized matrix counts its predictors."""
    width = len(context.request.data.standardized[declaration.name].columns)
    shape = np.shape(context.request.data.values[declaration.name])
    return 1 if shape[1] == width else 0


def list_free_parameters(program: Program) -> list[str]:
    """Return the parameters that are declared on their unconstrained scale: coefficients and intercepts."""
    return [declaration.name for declaration in program.parameters if _is_free(declaration)]


def _is_free(declaration: Declaration) -> bool:
    """Return whether a parameter is declared on its unconstrained scale."""
    limits = (declaration.lower, declaration.upper, declaration.offset, declaration.multiplier)
    return declaration.kind in _UNCONSTRAINED and all(limit is None for limit in limits)


def _list_candidates(context: FitContext, coefficients: Mapping[str, str]) -> Iterator[Rescaling]:
    """Yield maps: without an intercept, with each unbounded parameter as one, and with two of them."""
    others = [
        declaration.name
        for declaration in context.request.program.parameters
        if _is_free(declaration) and declaration.name not in coefficients and len(declaration.sizes) <= 1
    ][:_MOST_CANDIDATES]
    for count in range(_MOST_INTERCEPTS + 1):
        for intercepts in combinations(others, count):
            yield _build_rescaling(context, coefficients, intercepts)


def _evaluate_shape(context: FitContext, name: str) -> tuple[int, ...]:
    declarations = {declaration.name: declaration for declaration in context.request.program.parameters}
    shape = evaluate_shape(declarations[name], context.request.data.values)
    return tuple(int(length) for length in shape if length is not None)


def _build_rescaling(
    context: FitContext, coefficients: Mapping[str, str], intercepts: tuple[str, ...]
) -> Rescaling:
    """Return the map that divides coefficients by the predictors' SDs and moves intercepts by their means."""
    elements = [
        (name, index)
        for name in (*coefficients, *intercepts)
        for index in np.ndindex(_evaluate_shape(context, name))
    ]
    matrix = np.eye(len(elements))
    declarations = {declaration.name: declaration for declaration in context.request.program.parameters}
    for column, (name, index) in enumerate(elements):
        if name not in coefficients:
            continue
        scale = context.request.data.standardized[coefficients[name]]
        axis = _find_predictor_axis(context, declarations[name], coefficients[name])
        mean, sd = scale.mean[index[axis]], scale.sd[index[axis]]
        matrix[column, column] = 1 / sd
        group = index[:axis] + index[axis + 1 :]
        for row, (other, place) in enumerate(elements):
            if other in intercepts and (not group or place in ((), group)):
                matrix[row, column] -= mean / sd
    return Rescaling(coefficients, intercepts, tuple(element_name(*element) for element in elements), matrix)


def _find_predictor_axis(context: FitContext, declaration: Declaration, matrix: str) -> int:
    """Return which axis of a coefficient counts the predictors of its matrix."""
    data = {item.name: item for item in context.request.program.data}[matrix]
    size = data.sizes[_find_column_axis(context, data)].text
    return [axis_size.text for axis_size in declaration.sizes].index(size)


def _find_equivalent(
    context: FitContext, candidates: list[Rescaling], own_data: dict[str, Any]
) -> Rescaling | None:
    """Return the first map under which the density is the same on both scales."""
    fitted = context.make_job_with(context.exe, "scale", own_data)
    original = make_original_scale_job(context, own_data, "original-scale-comparison")
    positions = _find_free_positions(context)
    size = context.backend.dimension(fitted)
    if positions is None or size != len(positions):
        return None
    rng = np.random.default_rng(derive_seeds(context.request.seed, 1)[0])
    points = rng.normal(0, SPREAD, (POINTS, size))
    for rescaling in candidates:
        where = [positions[column] for column in rescaling.columns]
        if all(
            _has_same_density(context, fitted, original, point, _rescale_point(point, rescaling, where))
            for point in points
        ):
            return rescaling
    return None


def _has_same_density(
    context: FitContext, fitted: Job, original: Job, point: Floats, rescaled: Floats
) -> bool:
    """Return whether two points, each on its own scale, have the same density."""
    ours, _ = context.backend.log_density(fitted, point[None, :], jacobian=False)
    theirs, _ = context.backend.log_density(original, rescaled[None, :], jacobian=False)
    return bool(np.abs(ours - theirs).max() <= RESCALING_DIFFERENCE_LIMIT * max(1.0, np.abs(ours).max()))


def _rescale_point(point: Floats, rescaling: Rescaling, where: list[int]) -> Floats:
    """Return an unconstrained point with the elements of a map, which are at `where`, rescaled."""
    rescaled = point.copy()
    rescaled[where] = rescaling.matrix @ point[where]
    return rescaled


def _find_free_positions(context: FitContext) -> dict[str, int] | None:
    """Return the position of each element among the unconstrained parameters; `None` if that is unclear."""
    positions: dict[str, int] = {}
    for declaration in context.request.program.parameters:
        count = _count_free(context, declaration)
        if count is None:
            return None
        shape = _evaluate_shape(context, declaration.name) if _is_free(declaration) else (count,)
        order = list(np.ndindex(shape))
        if declaration.kind == "matrix" and _is_free(declaration):
            order.sort(key=lambda index: (*index[:-2], index[-1], index[-2]))  # Stan's matrices go by columns
        first = len(positions)
        positions |= {element_name(declaration.name, index): first + i for i, index in enumerate(order)}
    return positions


def _count_free(context: FitContext, declaration: Declaration) -> int | None:
    """Return how many unconstrained numbers a parameter has; `None` where only Stan knows."""
    shape = evaluate_shape(declaration, context.request.data.values)
    if declaration.members or None in shape or declaration.kind.startswith("complex"):
        return None
    sizes = [int(cast("int", length)) for length in shape]
    outer, inner = int(np.prod(sizes[: declaration.depth])), sizes[declaration.depth :]
    last = inner[-1] if inner else 1
    counts = {
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
    return outer * counts.get(declaration.kind, int(np.prod(inner)))
