"""From full fit to point: importance weights of the nearest fit first, and a refit only where they fail."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from workbench.errors import RunError
from workbench.progress import Stage
from workbench.studies.fits.context import StudyContext
from workbench.studies.fits.full_fits import is_finished, refit
from workbench.studies.fits.log_density import compute_log_ratios, evaluate_log_density
from workbench.studies.fits.posterior import Posterior
from workbench.studies.fits.progress_message import describe_sweep_progress
from workbench.studies.fits.weights import PointWeights, weigh_draws
from workbench.studies.plan.decision import WeightedSample
from workbench.studies.plan.plan import Point

Floats = NDArray[np.float64]
How = Literal["base", "refit", "weights", "failed", "skipped"]

_UNKNOWN_REACH = 1.0
"""Standard deviation of log ratios [nats] that weights are taken to bridge before any pair was tried."""


@dataclass(frozen=True)
class PointPosterior:
    """The posterior at a point: the draws of a full fit, and their weights.

    Attributes
    ----------
    point
        Where.
    how
        `base` or `refit` where the draws are its own, `weights` where they are a neighbour's, `failed`, or
        `skipped` where no posterior was asked for.
    source
        The full fit.
    weights
        Of its draws.
    reason
        Why there is no posterior; or, for a refit, why weights would not do.
    """

    point: Point
    how: How
    source: Posterior | None = None
    weights: PointWeights | None = None
    reason: str = ""

    @property
    def seen(self) -> tuple[Posterior, PointWeights]:
        """The full fit and the weights; only a failed view has none, and nobody may ask it."""
        if self.source is None or self.weights is None:
            raise RunError(f"there is no posterior at {self.point.label}: {self.reason}")
        return self.source, self.weights

    @property
    def sample(self) -> WeightedSample:
        """The draws with their weights."""
        source, weights = self.seen
        return WeightedSample(source.flat, weights.values)


@dataclass
class FullFits:
    """The full fits that there are so far, and why points could not be fitted."""

    found: list[Posterior]
    failures: dict[str, str] = field(default_factory=dict)


def sweep(shop: StudyContext, fits: FullFits, stage: Stage) -> list[PointPosterior]:
    """Return the posterior at every point of the plan.

    Parameters
    ----------
    shop
        Where the study is worked out.
    fits
        Begins with the base fit; refits are added.
    stage
        Told how many points are done.
    """
    total = len(shop.plan.points)
    refits: list[float] = []
    views: dict[str, PointPosterior] = {}
    waiting = list(shop.plan.points)
    while waiting:
        tried = find_posteriors(shop, fits, waiting)
        views |= {view.point.key: view for view in tried if _is_settled(shop, view)}
        waiting = [point for point in waiting if point.key not in views]
        stage.update(float(len(views)), describe_sweep_progress(len(views), total, refits))
        if waiting:
            started = time.monotonic()
            add_fit(shop, fits, _widest(shop, fits, waiting, tried))
            refits.append(time.monotonic() - started)
    return [views[point.key] for point in shop.plan.points]


def find_or_refit(shop: StudyContext, fits: FullFits, point: Point) -> PointPosterior:
    """Return the posterior at one point, refitted where no weights can be relied on."""
    found = find_posteriors(shop, fits, [point])[0]
    while not (found.how == "failed" or (found.weights is not None and found.weights.is_good)):
        add_fit(shop, fits, point)
        found = find_posteriors(shop, fits, [point])[0]
    return found


def add_fit(shop: StudyContext, fits: FullFits, point: Point) -> None:
    """Fit a point in full, or note why that failed."""
    try:
        fits.found.append(refit(shop, point, find_nearest(shop, fits, point)))
    except RunError as reason:
        fits.failures[point.key] = reason.message


def find_nearest(shop: StudyContext, fits: FullFits, point: Point) -> Posterior:
    """Return the full fit whose draws bridge to a point best: that of the most effective draws."""
    best, most = fits.found[0], -1.0
    for source in fits.found:
        weights = _weights(shop, source, point)
        if weights.ess > most:
            best, most = source, weights.ess
    return best


def find_posteriors(shop: StudyContext, fits: FullFits, points: Sequence[Point]) -> list[PointPosterior]:
    """Return the best view of each point that the full fits so far allow."""
    for source in fits.found:
        _try_density(shop, source, source.point)  # once, before several ask at the same time
    with ThreadPoolExecutor(max_workers=max(1, shop.jobs)) as pool:
        return list(pool.map(lambda point: _look_at(shop, fits, point), points))


def _look_at(shop: StudyContext, fits: FullFits, point: Point) -> PointPosterior:
    if point.key in fits.failures:
        return PointPosterior(point, "failed", reason=fits.failures[point.key])
    views = [_through(shop, source, point) for source in fits.found]
    own = next((view for view in views if view.how != "weights"), None)
    return own or max(views, key=_quality)


def _through(shop: StudyContext, source: Posterior, point: Point) -> PointPosterior:
    if source.point.key == point.key:
        count = source.size
        own = PointWeights(np.full(count, 1 / count), 0.0, source.slowest * count, True)
        return PointPosterior(point, source.how, source, own)
    return PointPosterior(point, "weights", source, _weights(shop, source, point))


def _weights(shop: StudyContext, source: Posterior, point: Point) -> PointWeights:
    try:
        ratios = compute_log_ratios(shop, source, point)
    except RunError as reason:
        count = source.size
        return PointWeights(np.full(count, 1 / count), np.inf, 0.0, False, reason.message)
    return weigh_draws(ratios, source.slowest, source.chains)


def _quality(view: PointPosterior) -> tuple[bool, float]:
    return (view.weights is not None and view.weights.is_good, view.weights.ess if view.weights else -1.0)


def _is_settled(shop: StudyContext, view: PointPosterior) -> bool:
    if view.how == "failed":
        return True
    if shop.plan.refit == "all":
        return view.how in ("base", "refit")
    return view.weights is not None and view.weights.is_good


def _widest(
    shop: StudyContext, fits: FullFits, waiting: Sequence[Point], views: Iterable[PointPosterior]
) -> Point:
    """Return the point whose refit will most likely serve the most waiting points.

    Weights bridge between two points where the log ratio of their densities varies little over the draws; how
    much is too much is learnt from the pairs tried so far. What an earlier, stopped run finished goes first.
    """
    for point in waiting:
        if is_finished(shop, point):
            return point
    seen = [view for view in views if view.source is not None and view.how == "weights"]
    reach = max((_spread(shop, view) for view in seen if view.weights and view.weights.is_good), default=0.0)
    reach = reach or _UNKNOWN_REACH
    source = find_nearest(shop, fits, waiting[0])
    logs = [_try_density(shop, source, point) for point in waiting]
    apart = np.array([[_sd(one, other) for other in logs] for one in logs])
    served = (apart <= reach).sum(axis=1)
    best = np.flatnonzero(served == served.max())
    return waiting[int(best[np.argmin(apart[best].sum(axis=1))])]


def _spread(shop: StudyContext, view: PointPosterior) -> float:
    source, _ = view.seen
    return float(np.std(compute_log_ratios(shop, source, view.point)))


def _sd(one: Floats | None, other: Floats | None) -> float:
    if one is None or other is None:
        return np.inf
    difference = one - other
    finite = difference[np.isfinite(difference)]
    return float(np.std(finite)) if len(finite) else np.inf


def _try_density(shop: StudyContext, source: Posterior, point: Point) -> Floats | None:
    try:
        return evaluate_log_density(shop, source, point)
    except RunError:
        return None
