"""Results back on the scale of the data where predictors were standardized while fitting.

With predictors `(x - mean) / sd` Stan estimates other coefficients than with `x` itself. Which parameters have to
be moved, and how, is guessed from declarations (a parameter sized by the columns of the matrix is a coefficient,
an unbounded one may be the intercept) and then proved: at random points the density, priors apart, has to be the
same on both scales. Without a proof nothing is moved, and the record says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any, cast

import numpy as np

from workbench.backends import Backend, Job, RawRun, Start
from workbench.backends.base import Curvature, Floats
from workbench.binding import Standardization, axes_of, extend_stan_data, write_stan_data
from workbench.binding.checks import expected_shape
from workbench.errors import RunError
from workbench.estimation import draws
from workbench.estimation.setting import Setting
from workbench.program import Declaration
from workbench.provenance import derive_seeds

POINTS = 3
"""Random points at which the two scales are compared."""

SPREAD = 0.5
"""How far from zero those points lie, on the unconstrained scale."""

EQUAL = 1e-8
"""Largest difference of densities [relative] that counts as rounding."""

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
class Outcome:
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


def on_original_scale(setting: Setting) -> tuple[Setting, Outcome | None]:
    """Return a setting whose backend answers on the scale of the data, where there is a proven way back."""
    if not setting.request.data.standardized:
        return setting, None
    outcome = find(setting)
    if outcome.rescaling is None:
        return setting, outcome
    job = replace(_original_job(setting, _weights(setting, 1.0)), folder=setting.folder / "original-scale")
    backend = cast("Backend", _OriginalScale(setting, outcome.rescaling, job))
    return replace(setting, backend=backend), outcome


def find(setting: Setting) -> Outcome:
    """Return the map from the fitted scale to that of the data, proved at random points."""
    program = setting.request.program
    if program.instrumented is None:
        return Outcome(None, "the program could not be taken apart, so there is no likelihood to prove it by.")
    coefficients = _coefficients(setting)
    if not coefficients:
        names = ", ".join(f"`{name}`" for name in setting.request.data.standardized)
        return Outcome(None, f"no unbounded parameter is sized by the columns of {names}.")
    tied = sorted(
        {term.line for term in program.terms if term.role == "latent" and set(term.parameters) & set(coefficients)}
    )
    moves = list(_candidates(setting, coefficients))
    try:
        proved = _proved(setting, moves, _weights(setting, 0.0, coefficients))
    except RunError as reason:
        return Outcome(None, reason.message)
    if proved is None:
        return Outcome(None, "no intercept was found that leaves the likelihood the same on both scales.")
    lines = ", ".join(map(str, tied))
    words = f"what the coefficients vary by (line {lines}) stays on the standardized scale." if tied else ""
    return Outcome(proved, words)


def _coefficients(setting: Setting) -> dict[str, str]:
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


def _column_axis(setting: Setting, declaration: Declaration) -> int:
    width = len(setting.request.data.standardized[declaration.name].columns)
    shape = np.shape(setting.request.data.values[declaration.name])
    return 1 if shape[1] == width else 0


def _is_free(declaration: Declaration) -> bool:
    """Whether a parameter is on the unconstrained scale as it is declared."""
    limits = (declaration.lower, declaration.upper, declaration.offset, declaration.multiplier)
    return declaration.kind in _FREE and all(limit is None for limit in limits)


def _candidates(setting: Setting, coefficients: Mapping[str, str]) -> Iterator[Rescaling]:
    """Yield maps: without an intercept, with each unbounded parameter as one, and with two of them."""
    others = [
        one.name
        for one in setting.request.program.parameters
        if _is_free(one) and one.name not in coefficients and len(one.sizes) <= 1
    ][:_MOST_INTERCEPTS]
    for count in range(_TOGETHER + 1):
        for intercepts in combinations(others, count):
            yield _rescaling(setting, coefficients, intercepts)


def _shape(setting: Setting, name: str) -> tuple[int, ...]:
    declared = {one.name: one for one in setting.request.program.parameters}
    return tuple(int(length) for length in expected_shape(declared[name], setting.request.data.values) if length is not None)


def _rescaling(
    setting: Setting, coefficients: Mapping[str, str], intercepts: tuple[str, ...]
) -> Rescaling:
    """Return the map that divides coefficients by the predictors' sd and moves intercepts by their means."""
    elements = [
        (name, index)
        for name in (*coefficients, *intercepts)
        for index in np.ndindex(_shape(setting, name))
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
    return Rescaling(coefficients, intercepts, tuple(_named(*element) for element in elements), matrix)


def _axis(setting: Setting, declaration: Declaration, matrix: str) -> int:
    """Return which axis of a coefficient counts the columns of its matrix."""
    data = {one.name: one for one in setting.request.program.data}[matrix]
    size = data.sizes[_column_axis(setting, data)].text
    return [one.text for one in declaration.sizes].index(size)


def _named(name: str, index: tuple[int, ...]) -> str:
    return f"{name}[{','.join(str(i + 1) for i in index)}]" if index else name


def _weights(
    setting: Setting, prior: float, coefficients: Mapping[str, str] | None = None
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


def _original_job(setting: Setting, ours: Mapping[str, Any], name: str = "original-scale") -> Job:
    """Return a call on the data as they were before standardizing."""
    data = setting.request.data
    values = dict(data.values)
    for one, scale in data.standardized.items():
        values[one] = _undone(values[one], scale)
    users, path = setting.folder / "data-unscaled.json", setting.folder / f"data-{name}.json"
    setting.folder.mkdir(exist_ok=True)
    if not users.exists():
        write_stan_data(users, values)
    extend_stan_data(users, path, ours)
    return Job(setting.exe, path, setting.folder / name, derive_seeds(setting.request.seed, 1)[0])


def _undone(matrix: Floats, scale: Standardization) -> Floats:
    mean, sd = np.array(scale.mean), np.array(scale.sd)
    if matrix.shape[1] == len(mean):
        return matrix * sd + mean
    return matrix * sd[:, None] + mean[:, None]


def _proved(setting: Setting, moves: list[Rescaling], ours: dict[str, Any]) -> Rescaling | None:
    """Return the first map under which the density, up to a constant, is the same on both scales."""
    fitted = setting.plain_job(setting.exe, "scale-proof", ours)
    other = _original_job(setting, ours, "original-scale-proof")
    free = _free_positions(setting)
    size = setting.backend.dimension(fitted)
    if free is None or size != sum(len(one) for one in free.values()):
        return None
    rng = np.random.default_rng(derive_seeds(setting.request.seed, 1)[0])
    points = rng.normal(0, SPREAD, (POINTS, size))
    ours_at, _ = setting.backend.log_density(fitted, points, jacobian=False)
    moved = np.concatenate([_moved(points, one, free) for one in moves])
    theirs, _ = setting.backend.log_density(other, moved, jacobian=False)
    for position, one in enumerate(moves):
        difference = theirs[position * POINTS : (position + 1) * POINTS] - ours_at
        if np.abs(difference).max() <= EQUAL * max(1.0, np.abs(ours_at).max()):
            return one
    return None


def _moved(points: Floats, rescaling: Rescaling, free: Mapping[str, Mapping[str, int]]) -> Floats:
    """Return unconstrained points with the parameters of a map moved, `(points, U)`."""
    every = {column: position for one in free.values() for column, position in one.items()}
    where = [every[column] for column in rescaling.columns]
    moved = points.copy()
    moved[:, where] = points[:, where] @ rescaling.matrix.T
    return moved


def _free_positions(setting: Setting) -> dict[str, dict[str, int]] | None:
    """Return, by parameter and element, its place among the unconstrained ones; `None` where that is unclear."""
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
        found[declaration.name] = {_named(declaration.name, index): at + i for i, index in enumerate(order)}
        at += count
    return found


def _free_count(setting: Setting, declaration: Declaration) -> int | None:
    """Return how many unconstrained numbers a parameter has; `None` where only Stan knows."""
    shape = expected_shape(declaration, setting.request.data.values)
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


class _OriginalScale:
    """A backend whose runs are on the scale of the data: all it is asked is handed on, all it gives is moved."""

    def __init__(self, setting: Setting, rescaling: Rescaling, job: Job) -> None:
        self._backend = setting.backend
        self._program = setting.request.program
        self._rescaling = rescaling
        self._job = job

    def __getattr__(self, name: str) -> Any:
        asked = getattr(self._backend, name)
        if not callable(asked):
            return asked

        def call(*args: Any, **keywords: Any) -> Any:
            if isinstance(keywords.get("start"), Start):
                keywords["start"] = self._started(keywords["start"])
            result = asked(*args, **keywords)
            return self._back(result) if isinstance(result, RawRun) else result

        return call

    def _back(self, run: RawRun) -> RawRun:
        """Return a run moved to the scale of the data, with the quantities that follow there."""
        where = _positions(run.columns, self._rescaling.columns)
        if where is None or not run.draws.size:
            return replace(run, curvature=self._curvature(run.curvature, frozenset()))
        values = run.draws.copy()
        values[..., where] = values[..., where] @ self._rescaling.matrix.T
        changed: frozenset[str] = frozenset()
        own = [i for i, column in enumerate(run.columns) if draws.owner(column) in self._parameters()]
        followers = {*draws.parameters(self._program), *draws.quantities(self._program)} - self._parameters()
        if followers:
            generated = self._generated(run, values, own)
            taken = [i for i, column in enumerate(run.columns) if draws.owner(column) in followers]
            for i in taken:
                fresh = generated.draws[0][:, generated.columns.index(run.columns[i])].reshape(values.shape[:2])
                if not np.allclose(fresh, values[..., i], rtol=1e-6, atol=1e-8, equal_nan=True):
                    changed |= {run.columns[i]}
                values[..., i] = fresh
        warmup = None if run.warmup is None else self._back(run.warmup)
        return replace(run, draws=values, curvature=self._curvature(run.curvature, changed), warmup=warmup)

    def _generated(self, run: RawRun, values: Floats, own: list[int]) -> RawRun:
        flat = values[..., own].reshape(-1, len(own))
        return self._backend.generate(self._job, tuple(run.columns[i] for i in own), flat)

    def _parameters(self) -> frozenset[str]:
        return frozenset(one.name for one in self._program.parameters)

    def _curvature(self, around: Curvature | None, changed: frozenset[str]) -> Curvature | None:
        """Return a curvature whose named values are on the scale of the data; those that follow have none."""
        where = None if around is None else _positions(around.names, self._rescaling.columns)
        if around is None or where is None:
            return around
        jacobian = around.constrain_jacobian.copy()
        jacobian[where] = self._rescaling.matrix @ jacobian[where]
        jacobian[[name in changed for name in around.names]] = np.nan
        return replace(around, constrain_jacobian=jacobian)

    def _started(self, start: Start) -> Start:
        """Return a start, given on the scale of the data, on the scale of the fit."""
        return replace(start, inits=tuple(self._init(one) for one in start.inits))

    def _init(self, values: Mapping[str, Any]) -> dict[str, Any]:
        moved = {name: np.array(one, dtype=float) for name, one in values.items() if self._is_moved(name)}
        if not moved:
            return dict(values)
        elements = [(name, index) for name, one in moved.items() for index in np.ndindex(one.shape)]
        names = [_named(*element) for element in elements]
        where = _positions(tuple(names), self._rescaling.columns)
        if where is None:
            return dict(values)
        flat = np.array([float(moved[name][index]) for name, index in elements])
        flat[where] = np.linalg.solve(self._rescaling.matrix, flat[where])
        for (name, index), one in zip(elements, flat, strict=True):
            moved[name][index] = one
        return {**values, **{name: one.tolist() for name, one in moved.items()}}

    def _is_moved(self, name: str) -> bool:
        return name in self._rescaling.coefficients or name in self._rescaling.intercepts


def _positions(columns: tuple[str, ...], wanted: tuple[str, ...]) -> list[int] | None:
    """Return where names stand among columns; `None` where one is missing."""
    place = {column: position for position, column in enumerate(columns)}
    return [place[one] for one in wanted] if all(one in place for one in wanted) else None
