"""The posterior at every point: importance weights of the nearest full fit, and refits where they fail."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from workbench.errors import RunError
from workbench.execution import map_here
from workbench.progress import Stage
from workbench.studies.fits.context import StudyContext
from workbench.studies.fits.log_density import (
    compute_log_ratios,
    evaluate_log_densities,
    evaluate_log_density,
)
from workbench.studies.fits.posterior import Posterior
from workbench.studies.fits.progress_message import describe_sweep_progress
from workbench.studies.fits.refit import is_refitted, refit_point
from workbench.studies.fits.weights import PointWeights, make_equal_weights, weigh_draws
from workbench.studies.plan.plan import Point
from workbench.studies.plan.statistics import WeightedSample
from workbench.studies.view import Origin

Floats = NDArray[np.float64]

_FIRST_REACH = 1.0
"""Standard deviation of log ratios [nats] over which weights are taken to reach before any pair of points was
tried. Ours."""


@dataclass(frozen=True)
class PointPosterior:
    """The posterior at a point: the draws of a full fit, and their weights.

    Attributes
    ----------
    point
        The point.
    how
        `base` or `refit` if the draws were sampled there, `weights` if they are those of another fit,
        `failed`, or `skipped` if no posterior was requested.
    source
        The full fit.
    weights
        The weights of its draws.
    reason
        Why there is no posterior.
    """

    point: Point
    how: Origin
    source: Posterior | None = None
    weights: PointWeights | None = None
    reason: str = ""

    @property
    def is_failed(self) -> bool:
        """Whether the point could not be fitted."""
        return self.how == "failed"

    @property
    def has_good_weights(self) -> bool:
        """Whether there are weights that can be relied on."""
        return self.weights is not None and self.weights.is_good

    @property
    def source_and_weights(self) -> tuple[Posterior, PointWeights]:
        """The full fit and the weights of its draws.

        Raises
        ------
        RunError
            There is no posterior at this point.
        """
        if self.source is None or self.weights is None:
            raise RunError(f"there is no posterior at {self.point.label}: {self.reason}")
        return self.source, self.weights

    @property
    def sample(self) -> WeightedSample:
        """The draws with their weights."""
        source, weights = self.source_and_weights
        return WeightedSample(source.flat_draws, weights.values)


@dataclass
class FullFits:
    """The full fits made so far.

    Attributes
    ----------
    posteriors
        The fits; the base fit comes first.
    failures
        By the key of a point that could not be fitted, the reason.
    """

    posteriors: list[Posterior]
    failures: dict[str, str] = field(default_factory=dict)

    @property
    def base(self) -> Posterior:
        """The base fit."""
        return self.posteriors[0]


def sweep_points(context: StudyContext, fits: FullFits, stage: Stage) -> list[PointPosterior]:
    """Return the posterior at every point of the plan.

    Parameters
    ----------
    context
        The study.
    fits
        Full fits, at first the base fit alone; refits are added.
    stage
        Where to report how many points are done.
    """
    total = len(context.plan.points)
    refit_seconds: list[float] = []
    settled: dict[str, PointPosterior] = {}
    waiting = list(context.plan.points)
    while waiting:
        tried = find_posteriors(context, fits, waiting)
        settled |= {posterior.point.key: posterior for posterior in tried if _is_settled(context, posterior)}
        waiting = [point for point in waiting if point.key not in settled]
        stage.update(float(len(settled)), describe_sweep_progress(len(settled), total, refit_seconds))
        if waiting:
            started = time.monotonic()
            add_fit(context, fits, _choose_refit(context, fits, waiting, tried))
            refit_seconds.append(time.monotonic() - started)
    return [settled[point.key] for point in context.plan.points]


def find_or_refit(context: StudyContext, fits: FullFits, point: Point) -> PointPosterior:
    """Return the posterior at one point, refitted if no weights can be relied on."""
    posterior = find_posteriors(context, fits, [point])[0]
    while not (posterior.is_failed or posterior.has_good_weights):
        add_fit(context, fits, point)
        posterior = find_posteriors(context, fits, [point])[0]
    return posterior


def find_reliable_posteriors(context: StudyContext, fits: FullFits, point: Point) -> list[PointPosterior]:
    """Return the posterior at one point by every full fit with reliable weights, refitted if none has them.

    A fit that was made twice, and read from the cache the second time, counts once.

    Raises
    ------
    RunError
        The point could not be fitted.
    """
    nearest = find_or_refit(context, fits, point)
    if nearest.is_failed:
        raise RunError(nearest.reason)
    sources = {source.key: source for source in fits.posteriors}
    candidates = [_reweight(context, source, point) for source in sources.values()]
    return [candidate for candidate in candidates if candidate.has_good_weights]


def add_fit(context: StudyContext, fits: FullFits, point: Point) -> None:
    """Fit a point in full, or note why that failed."""
    try:
        fits.posteriors.append(refit_point(context, point, find_nearest(context, fits, point)))
    except RunError as reason:
        fits.failures[point.key] = reason.message


def find_nearest(context: StudyContext, fits: FullFits, point: Point) -> Posterior:
    """Return the full fit that has the most effective draws once it is weighted for a point."""
    best, most = fits.base, -1.0
    for source in fits.posteriors:
        weights = _weigh(context, source, point)
        if weights.ess > most:
            best, most = source, weights.ess
    return best


def find_posteriors(context: StudyContext, fits: FullFits, points: Sequence[Point]) -> list[PointPosterior]:
    """Return the best posterior of each point that the full fits so far allow."""
    evaluate_log_densities(context, fits.posteriors, points)
    return list(map_here(lambda point: _find_posterior(context, fits, point), points, context.jobs))


def _find_posterior(context: StudyContext, fits: FullFits, point: Point) -> PointPosterior:
    if point.key in fits.failures:
        return PointPosterior(point, "failed", reason=fits.failures[point.key])
    candidates = [_reweight(context, source, point) for source in fits.posteriors]
    own_fit = next((candidate for candidate in candidates if candidate.how != "weights"), None)
    return own_fit or max(candidates, key=_rank)


def _reweight(context: StudyContext, source: Posterior, point: Point) -> PointPosterior:
    """Return the posterior at a point by the draws of one full fit."""
    if source.point.key == point.key:
        weights = make_equal_weights(source.size, 0.0, source.lowest_efficiency * source.size, is_good=True)
        return PointPosterior(point, source.how, source, weights)
    return PointPosterior(point, "weights", source, _weigh(context, source, point))


def _weigh(context: StudyContext, source: Posterior, point: Point) -> PointWeights:
    try:
        ratios = compute_log_ratios(context, source, point)
    except RunError as reason:
        return make_equal_weights(source.size, np.inf, 0.0, is_good=False, reason=reason.message)
    return weigh_draws(ratios, source.lowest_efficiency, source.chains)


def _rank(posterior: PointPosterior) -> tuple[bool, float]:
    return posterior.has_good_weights, posterior.weights.ess if posterior.weights else -1.0


def _is_settled(context: StudyContext, posterior: PointPosterior) -> bool:
    if posterior.is_failed:
        return True
    if context.plan.refit == "all":
        return posterior.how in ("base", "refit")
    return posterior.has_good_weights


def _choose_refit(
    context: StudyContext, fits: FullFits, waiting: Sequence[Point], tried: Iterable[PointPosterior]
) -> Point:
    """Return the point whose refit will most likely serve the most waiting points.

    Weights reach from one point to another if the log ratio of their densities varies little over the draws;
    how much is too much is learnt from the pairs tried so far. A point that an earlier, interrupted study
    fitted goes first.
    """
    for point in waiting:
        if is_refitted(context, point):
            return point
    spreads = (
        _measure_spread(context, posterior)
        for posterior in tried
        if posterior.how == "weights" and posterior.has_good_weights
    )
    reach = max(spreads, default=0.0) or _FIRST_REACH
    source = find_nearest(context, fits, waiting[0])
    densities = [_try_log_density(context, source, point) for point in waiting]
    distances = np.array([[_measure_distance(first, second) for second in densities] for first in densities])
    served = (distances <= reach).sum(axis=1)
    best = np.flatnonzero(served == served.max())
    return waiting[int(best[np.argmin(distances[best].sum(axis=1))])]


def _measure_spread(context: StudyContext, posterior: PointPosterior) -> float:
    """Return the standard deviation of the log ratios behind some weights [nats]."""
    source, _ = posterior.source_and_weights
    return float(np.std(compute_log_ratios(context, source, posterior.point)))


def _measure_distance(first: Floats | None, second: Floats | None) -> float:
    """Return the standard deviation of the log ratio of two densities [nats]; infinite without them."""
    if first is None or second is None:
        return np.inf
    difference = first - second
    finite = difference[np.isfinite(difference)]
    return float(np.std(finite)) if len(finite) else np.inf


def _try_log_density(context: StudyContext, source: Posterior, point: Point) -> Floats | None:
    try:
        return evaluate_log_density(context, source, point)
    except RunError:
        return None
