"""How fast posterior means and modes move with each hyperparameter, at the base fit."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
from arviz_stats.base import array_stats
from numpy.typing import NDArray

from workbench import priors
from workbench.errors import PriorError, RunError
from workbench.estimation.optimum import search
from workbench.estimation.optimum.search import Optimum
from workbench.methods import STARTS
from workbench.studies.fits.cache import cache_record, is_cached
from workbench.studies.fits.context import StudyContext, make_request
from workbench.studies.fits.log_density import evaluate_log_density
from workbench.studies.fits.posterior import Posterior
from workbench.studies.plan.plan import BASE, Point

Floats = NDArray[np.float64]

STEP = 1e-3
"""Step of the central difference, relative to a positive constant and absolute for others. Log densities are
polynomials or logarithms in their constants: its error is of the order of the step's square."""


def compute_slopes(shop: StudyContext, base: Posterior, names: Sequence[str]) -> dict[str, Any]:
    """Return the derivative of every posterior mean and mode with respect to each named hyperparameter.

    Means by the covariance identity, d E[theta] / d lambda = Cov(theta, d log p / d lambda); modes by the
    implicit function theorem, d theta / d lambda = -H^{-1} d(gradient) / d lambda.

    Returns
    -------
    By hyperparameter: `status`, its `value`, and by quantity `mean`, its Monte Carlo error `mcse`, `mode`
    where there is one, and `per_doubling`, the change of the mean in posterior SDs when a positive constant
    doubles.

    References
    ----------
    Gustafson (1996), Local sensitivity of posterior expectations, Annals of Statistics 24(1),
    doi:10.1214/aos/1033066205. Giordano, Broderick and Jordan (2018), JMLR 19(51).
    """
    evaluate_log_density(
        shop, base, base.point
    )  # the draws are written once, before several ask at the same time
    keys = {
        name: shop.key("derivative", name, str(shop.plan.methods), ",".join(base.names)) for name in names
    }
    peak = None if all(is_cached(shop.kept, key, "json") for key in keys.values()) else _peak(shop)

    def of(name: str) -> dict[str, Any]:
        return cache_record(shop.kept, keys[name], partial(_of, shop, base, name, peak))

    with ThreadPoolExecutor(max_workers=max(1, shop.jobs)) as pool:
        return dict(zip(names, pool.map(of, names), strict=True))


def find_base_value(shop: StudyContext, name: str) -> float:
    """Return a hyperparameter's value at the base; that of a power is 1."""
    if name.startswith("power("):
        return 1.0
    value = priors.get_value(shop.base.request.priors.values, name)
    if value is None:
        raise PriorError(f"`{name}` is no single number.")
    return value


def choose_steps(shop: StudyContext, name: str) -> tuple[Point, Point, float]:
    """Return the points just below and above the base along a hyperparameter, and half their distance."""
    value = find_base_value(shop, name)
    step = STEP * (abs(value) if value != 0 else 1.0)
    return Point({name: value - step}), Point({name: value + step}), step


def _of(shop: StudyContext, base: Posterior, name: str, peak: Optimum | None) -> dict[str, Any]:
    below, above, step = choose_steps(shop, name)
    try:
        slope = (evaluate_log_density(shop, base, above) - evaluate_log_density(shop, base, below)) / (
            2 * step
        )
    except RunError as reason:
        return {"status": "failed", "reason": reason.message, "estimates": {}}
    score = slope.reshape(base.chains, -1)
    score = score - score.mean()
    value = find_base_value(shop, name)
    modes = {} if peak is None else _mode_slopes(shop, peak, below, above, step)
    estimates: dict[str, dict[str, float]] = {}
    for quantity in base.names:
        draws = base.draws[quantity]
        products = (draws - draws.mean()) * score
        found = {"mean": float(products.mean()), "mcse": _error(products)}
        spread = float(draws.std())
        if value > 0 and spread > 0:
            found["per_doubling"] = found["mean"] * value * np.log(2) / spread
        if quantity in modes:
            found["mode"] = modes[quantity]
        estimates[quantity] = found
    return {"status": "ok", "value": value, "estimates": estimates}


def _error(products: Floats) -> float:
    return float(array_stats.mcse(products, method="mean")) if np.ptp(products) > 0 else 0.0


def _peak(shop: StudyContext) -> Optimum | None:
    """Return the base's MAP with its curvature; `None` where there is none, or it is not wanted."""
    if "map" not in shop.plan.methods:
        return None
    setting = shop.setting(make_request(shop, BASE), shop.base.model.exe, "mode-of-the-base")
    try:
        found = search.find_optima(
            setting, "map", jacobian=False, prior_weight=1.0, starts=STARTS, laplace=search.CURVATURE_ONLY
        )
    except RunError:
        return None
    best = found.best
    return None if found.problem or best.curvature is None or best.newton is None else best


def _mode_slopes(
    shop: StudyContext, peak: Optimum, below: Point, above: Point, step: float
) -> dict[str, float]:
    """Return how each parameter's MAP moves; empty where a density cannot be evaluated beside the base."""
    if peak.curvature is None or peak.newton is None:
        return {}
    try:
        low, high = (_gradient(shop, point, peak.newton.point) for point in (below, above))
    except RunError:
        return {}
    moved = peak.newton.covariance @ ((high - low) / (2 * step))
    values = peak.curvature.constrain_jacobian @ moved
    return dict(zip(peak.curvature.names, values.tolist(), strict=True))


def _gradient(shop: StudyContext, point: Point, at: Floats) -> Floats:
    """Return the gradient of a point's density at a mode of the base's, on the unconstrained scale."""
    setting = shop.setting(make_request(shop, point), shop.base.model.exe, f"gradient-{point.key[:16]}")
    _, gradients = shop.backend.log_density(setting.make_job("map"), at[None], jacobian=False)
    return np.asarray(gradients[0])
