"""How fast posterior means and modes move with each hyperparameter, at the base fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from workbench import priors
from workbench.backends import Curvature
from workbench.errors import PriorError, RunError
from workbench.estimation.optimum import search
from workbench.estimation.optimum.newton import NewtonResult
from workbench.execution import Task, Workplace, name_function
from workbench.late_imports import LateModule
from workbench.methods import STARTS
from workbench.provenance import hash_bytes
from workbench.results.json_values import to_json_values
from workbench.studies.fits.cache import cache_array, cache_record, is_cached
from workbench.studies.fits.context import StudyContext
from workbench.studies.fits.log_density import evaluate_log_densities, evaluate_log_density
from workbench.studies.fits.point_request import make_request
from workbench.studies.fits.posterior import Posterior
from workbench.studies.fits.shared import share_context
from workbench.studies.plan.plan import BASE, Point, is_power
from workbench.studies.view import HyperparameterSlopes, Slope

if TYPE_CHECKING:
    from arviz_stats.base import array_stats
else:
    array_stats = LateModule("arviz_stats.base", "array_stats")

Floats = NDArray[np.float64]

STEP = 1e-3
"""Step of the central difference, relative to a constant that is not zero and absolute for zero. Ours: log
densities are polynomials or logarithms in their constants, so the error is of the order of the step's
square."""


@dataclass(frozen=True)
class _Difference:
    """The points just below and above the base along one hyperparameter, and half their distance."""

    below: Point
    above: Point
    step: float


@dataclass(frozen=True)
class _BaseMode:
    """The MAP of the base fit, with its curvature, and gradients there of other points by their keys."""

    newton: NewtonResult
    curvature: Curvature
    gradients: Mapping[str, Floats] = field(default_factory=dict)


def compute_slopes(
    context: StudyContext, base: Posterior, names: Sequence[str]
) -> dict[str, HyperparameterSlopes]:
    """Return the derivative of every posterior mean and mode with respect to each hyperparameter.

    Means by the covariance identity, d E[theta] / d lambda = Cov(theta, d log p / d lambda); modes by the
    implicit function theorem, d theta / d lambda = -H^{-1} d(gradient) / d lambda.

    Parameters
    ----------
    context, base
        The study and its base fit.
    names
        Hyperparameters and powers.

    References
    ----------
    Gustafson (1996), Local sensitivity of posterior expectations, Annals of Statistics 24(1),
    doi:10.1214/aos/1033066205. Giordano, Broderick and Jordan (2018), JMLR 19(51).
    """
    keys = {
        name: context.make_key("derivative", name, str(context.plan.methods), ",".join(base.names))
        for name in names
    }
    missing = [name for name in names if not is_cached(context.cache_folder, keys[name], "json")]
    mode = _find_base_mode(context) if missing else None
    differences = [_make_difference(context, name) for name in missing]
    points = [point for difference in differences for point in (difference.below, difference.above)]
    evaluate_log_densities(context, [base], points)
    if mode is not None:
        mode = replace(mode, gradients=_evaluate_gradients(context, points, mode.newton.point))
    slopes = {}
    for name in names:
        make = partial(_compute_record, context, base, name, mode)
        record = to_json_values(cache_record(context.cache_folder, keys[name], make))
        slopes[name] = msgspec.convert(record, HyperparameterSlopes)
    return slopes


def find_base_value(context: StudyContext, name: str) -> float:
    """Return the value of a hyperparameter in the base fit; that of a power is 1."""
    if is_power(name):
        return 1.0
    value = priors.get_value(context.base.request.priors.values, name)
    if value is None:
        raise PriorError(f"`{name}` is not a single number.")
    return value


def _compute_record(
    context: StudyContext, base: Posterior, name: str, mode: _BaseMode | None
) -> dict[str, object]:
    """Return the slopes along one hyperparameter as the cache keeps them."""
    slopes = _compute_hyperparameter_slopes(context, base, name, mode)
    record: dict[str, object] = msgspec.to_builtins(slopes)
    return record


def _compute_hyperparameter_slopes(
    context: StudyContext, base: Posterior, name: str, mode: _BaseMode | None
) -> HyperparameterSlopes:
    value, difference = find_base_value(context, name), _make_difference(context, name)
    step = difference.step
    try:
        above, below = (
            evaluate_log_density(context, base, point) for point in (difference.above, difference.below)
        )
    except RunError as reason:
        return HyperparameterSlopes(status="failed", reason=reason.message)
    score = ((above - below) / (2 * step)).reshape(base.chains, -1)
    score = score - score.mean()
    at_mode = {} if mode is None else _compute_mode_slopes(mode, difference)
    estimates = {
        quantity: _compute_slope(base.draws[quantity], score, value, at_mode.get(quantity))
        for quantity in base.names
    }
    return HyperparameterSlopes(status="ok", value=value, estimates=estimates)


def _compute_slope(draws: Floats, score: Floats, value: float, mode: float | None) -> Slope:
    """Return the slope of one quantity; `score` is the slope of the log density, both `(chain, draw)`."""
    products = (draws - draws.mean()) * score
    mean, sd = float(products.mean()), float(draws.std())
    error = float(array_stats.mcse(products, method="mean")) if np.ptp(products) > 0 else 0.0
    per_doubling = mean * value * np.log(2) / sd if value > 0 and sd > 0 else None
    return Slope(
        mean=mean,
        mcse=error,
        per_doubling=None if per_doubling is None else float(per_doubling),
        mode=mode,
    )


def _find_base_mode(context: StudyContext) -> _BaseMode | None:
    """Return the MAP of the base fit; `None` if there is none, or it was not requested."""
    if "map" not in context.plan.methods:
        return None
    request = make_request(context, BASE)
    fit_context = context.make_fit_context(request, context.base.model.exe, "mode-of-the-base")
    try:
        optima = search.find_optima(
            fit_context, "map", jacobian=False, prior_weight=1.0, starts=STARTS, laplace=search.CURVATURE_ONLY
        )
    except RunError:
        return None
    best = optima.best
    if optima.problem or best.curvature is None or best.newton is None:
        return None
    return _BaseMode(best.newton, best.curvature)


def _compute_mode_slopes(mode: _BaseMode, difference: _Difference) -> dict[str, float]:
    """Return how each parameter's MAP moves; empty if a density cannot be evaluated beside the base."""
    try:
        low, high = (mode.gradients[point.key] for point in (difference.below, difference.above))
    except KeyError:
        return {}
    moved = mode.newton.covariance @ ((high - low) / (2 * difference.step))
    values = mode.curvature.constrain_jacobian @ moved
    return dict(zip(mode.curvature.names, values.tolist(), strict=True))


def _make_difference(context: StudyContext, name: str) -> _Difference:
    value = find_base_value(context, name)
    step = STEP * (abs(value) if value != 0 else 1.0)
    return _Difference(Point({name: value - step}), Point({name: value + step}), step)


def _evaluate_gradients(context: StudyContext, points: Sequence[Point], at: Floats) -> dict[str, Floats]:
    """Return the gradient of each point's density at the mode of the base fit, where it can be evaluated."""
    shared, place = (share_context(context),), hash_bytes(at.tobytes())
    keys = {context.make_key("gradient", point.key, place): point for point in points}
    tasks = (
        Task(key, name_function(evaluate_gradient_for_task), (point, at, key), shared, (f"{key}.npy",))
        for key, point in keys.items()
    )
    gradients = {}
    for outcome in context.executor.map(tasks, context.cache_folder):
        if outcome.failure is None:
            point = keys[outcome.key]
            make = partial(_evaluate_gradient, context, point, at)
            gradients[point.key] = cache_array(context.cache_folder, outcome.key, make, at.size)
    return gradients


def evaluate_gradient_for_task(
    place: Workplace, context: StudyContext, point: Point, at: Floats, key: str
) -> None:
    """Leave the gradient of a point's density in the cache, as a task."""
    context = context.move_to(place)
    cache_array(context.cache_folder, key, lambda: _evaluate_gradient(context, point, at), at.size)


def _evaluate_gradient(context: StudyContext, point: Point, at: Floats) -> Floats:
    """Return the gradient of a point's density at the mode of the base fit, on the unconstrained scale."""
    request = make_request(context, point)
    name = f"gradient-{point.key[:16]}"
    fit_context = context.make_fit_context(request, context.base.model.exe, name)
    job = fit_context.make_job("map")
    _, gradients = context.backend.log_density(job, at[None], jacobian=False)
    return np.asarray(gradients[0])
