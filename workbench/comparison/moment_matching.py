"""Leave-one-out of one row by moment matching: draws moved to where the posterior without the row is.

Importance weights fail where the posterior without a row lies elsewhere than that of all rows. The draws are
moved by affine maps, so that their mean, then their SDs, then their covariance match the weighted ones, as
long as k-hat falls. The estimate takes half of the draws moved and half as they were, weighted by the mixture
of both densities: the row's own density, whose mean is wanted, is then estimated as well as the weights are.

One thing is ours. The paper stops at the first k-hat below the limit; but the k-hat of a finite sample that
is chosen because it is small is often too small, and the estimate then far off. Here maps go on until the
estimate has settled. In normal posteriors, where the result is known, this turned errors of up to 3 nats into
0.05.

References
----------
Paananen, Piironen, Bürkner and Vehtari (2021), Implicitly adaptive importance sampling, Statistics and
Computing 31(16), doi:10.1007/s11222-020-09982-2: algorithms 1 and 2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from workbench.comparison.weighted_rows import average_weighted
from workbench.estimation.sampling.psis import choose_tail_length, log_sum_exp, smooth_log_weights
from workbench.thresholds import MATCHED_DIFFERENCE, MATCHED_KHAT, MATCHED_SHARE, khat_limit

Floats = NDArray[np.float64]

Evaluate = Callable[[Floats], tuple[Floats, Floats]]
"""Log density of the posterior of all rows with Jacobian, and log likelihood of the row, each `(P,)`.

Both are at unconstrained points, `(P, U)`; NaN where the program rejects one.
"""

MOST_MAPS = 30
"""Maps that are tried to be composed. R's loo package has this limit."""


MOST_CLOSE = 6
"""Maps from the first k-hat below the limit on within which an estimate must settle. Ours: where it can,
three do; where draws cannot reach the posterior without the row, estimates creep towards it by ever smaller
steps."""


@dataclass(frozen=True)
class MatchedRow:
    """What moment matching found of a row.

    Attributes
    ----------
    elpd
        Log predictive density without the row [nats].
    khat
        Of the weights that it rests on; above the limit where the row is not repaired.
    maps
        How many maps were composed.
    mcse
        Monte Carlo standard error of `elpd` [nats].
    influences
        What each of the draws that were moved, or half of them, adds to that error [nats], `(S,)`.
    """

    elpd: float
    khat: float
    maps: int = 0
    mcse: float = float("nan")
    influences: Floats | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class AffineMap:
    """A map of points `x -> linear x + offset`.

    Attributes
    ----------
    linear
        `(U, U)`, or its diagonal, `(U,)`.
    offset
        `(U,)`.
    """

    linear: Floats
    offset: Floats

    def move(self, points: Floats) -> Floats:
        """Return where points go, `(P, U)`."""
        return _multiply(self.linear, points) + self.offset

    def move_back(self, points: Floats) -> Floats:
        """Return the points that go to these, `(P, U)`."""
        shifted = points - self.offset
        if self.linear.ndim == 1:
            return np.asarray(shifted / self.linear)
        return np.asarray(np.linalg.solve(self.linear, shifted.T).T)

    @property
    def log_determinant(self) -> float:
        """The log of the factor by which it changes volumes."""
        if self.linear.ndim == 1:
            return float(np.log(np.abs(self.linear)).sum())
        return float(np.linalg.slogdet(self.linear)[1])

    def followed_by(self, other: AffineMap) -> AffineMap:
        """Return the map that does this one, then the other."""
        if self.linear.ndim == 1 and other.linear.ndim == 1:
            linear = self.linear * other.linear
        elif other.linear.ndim == 1:
            linear = other.linear[:, None] * self.linear
        else:
            linear = other.linear * self.linear if self.linear.ndim == 1 else other.linear @ self.linear
        return AffineMap(linear, other.move(self.offset[None])[0])


@dataclass(frozen=True)
class _Moved:
    """Draws that were moved, with what is known of them."""

    map: AffineMap
    points: Floats
    log_density: Floats
    log_lik: Floats
    log_weights: Floats
    khat: float


def match_moments(
    points: Floats, log_density: Floats, log_lik: Floats, evaluate: Evaluate, r_eff: float = 1.0
) -> MatchedRow:
    """Return the log predictive density of a row without it, by moment matching.

    Parameters
    ----------
    points
        Draws of the posterior of all rows on the unconstrained scale, `(S, U)`.
    log_density, log_lik
        What `evaluate` returns of them, each `(S,)`.
    evaluate
        Log densities at other points.
    r_eff
        Effective draws divided by draws.

    Returns
    -------
    MatchedRow
        Its `khat` is above the limit where that of no map is below it.
    """
    length, limit = choose_tail_length(len(points), r_eff), khat_limit(len(points))
    dimension = points.shape[1]
    weights, khat = _smooth(-log_lik, length)
    unmoved = AffineMap(np.ones(dimension), np.zeros(dimension))
    best = _Moved(unmoved, points, log_density, log_lik, weights, khat)
    found = MatchedRow(_average(weights, log_lik), khat)
    close: list[MatchedRow] = []
    for maps in range(1, MOST_MAPS + 1):
        is_close = best.khat <= limit
        closer = _find_closer(best, log_density, evaluate, length, limit if is_close else best.khat)
        if closer is None:
            break
        best = closer
        if best.khat > limit:
            found = MatchedRow(_average(best.log_weights, best.log_lik), best.khat, maps)
            continue
        found = _split(best, (points, log_density, log_lik), evaluate, (length, r_eff), maps)
        close.append(found)
        if _has_settled(close, limit):
            return found
        if len(close) == MOST_CLOSE:  # it creeps: the draws do not reach where they should
            break
    return replace(found, khat=max(found.khat, float(np.nextafter(limit, np.inf))))


def _has_settled(close: Sequence[MatchedRow], limit: float) -> bool:
    """Return whether the last maps changed an estimate by no more than is tolerated.

    Two estimates must agree where k-hat says that their weights have a variance, else three.
    """
    needed = 2 if all(row.khat <= MATCHED_KHAT for row in close[-2:]) else 3
    last = close[-needed:]
    if len(last) < needed or max(row.khat for row in last) > limit:
        return False
    elpd = [row.elpd for row in last]
    return bool(np.ptp(elpd) <= max(MATCHED_DIFFERENCE, MATCHED_SHARE * abs(elpd[-1])))


def _find_closer(
    draws: _Moved, log_density: Floats, evaluate: Evaluate, length: int, below: float
) -> _Moved | None:
    """Return draws moved by the first map whose k-hat is at most this; `None` where none has.

    While the draws are far, gentle maps come first; once they are close, that which matches most.
    """
    steps = list(_propose_maps(draws.points, np.exp(draws.log_weights)))
    for step in steps if draws.khat >= below else reversed(steps):
        points = step.move(draws.points)
        density, log_lik = evaluate(points)
        weights, khat = _smooth(density - log_lik - log_density, length)
        if khat < below:
            known = np.where(np.isfinite(log_lik), log_lik, 0.0)  # without weight, where it is not
            return _Moved(draws.map.followed_by(step), points, density, known, weights, khat)
    return None


def _propose_maps(points: Floats, weights: Floats) -> Iterator[AffineMap]:
    """Yield maps that give draws their weighted mean; then their SDs too; then their covariance.

    The covariance is matched only where the draws outnumber the dimensions.
    """
    mean, target = points.mean(axis=0), weights @ points
    ones = np.ones(points.shape[1])
    yield AffineMap(ones, target - mean)
    count = len(points)
    variance = (weights @ (points - target) ** 2) * count / (count - 1)
    scale = np.sqrt(variance / points.var(axis=0, ddof=1))
    if np.isfinite(scale).all() and (scale > 0).all():
        yield AffineMap(scale, target - scale * mean)
    if 1 < points.shape[1] < count:
        yield from _propose_covariance(points, weights, mean, target)


def _propose_covariance(points: Floats, weights: Floats, mean: Floats, target: Floats) -> Iterator[AffineMap]:
    """Yield the map that gives draws their weighted mean and covariance, where it is positive definite."""
    centred = points - target
    weighted = (centred * weights[:, None]).T @ centred / (1 - (weights**2).sum())
    try:
        wanted, found = np.linalg.cholesky(weighted), np.linalg.cholesky(np.cov(points.T))
    except np.linalg.LinAlgError:
        return
    linear = np.linalg.solve(found.T, wanted.T).T
    if np.isfinite(linear).all():
        yield AffineMap(linear, target - linear @ mean)


def _split(
    moved: _Moved,
    unmoved: tuple[Floats, Floats, Floats],
    evaluate: Evaluate,
    tail: tuple[int, float],
    maps: int,
) -> MatchedRow:
    """Return the estimate of half of the draws moved, half as they were: every other draw."""
    points, log_density, log_lik = unmoved
    is_moved = np.arange(len(points)) % 2 == 0
    density = np.where(is_moved, moved.log_density, log_density)
    row = np.where(is_moved, moved.log_lik, log_lik)
    behind = log_density.copy()  # the density of the points that go to these
    behind[~is_moved], _ = evaluate(moved.map.move_back(points[~is_moved]))
    behind = np.where(np.isnan(behind), -np.inf, behind) - moved.map.log_determinant
    with np.errstate(invalid="ignore"):
        ratios = density - row - np.logaddexp(density, behind)
    weights, khat = _smooth(ratios, tail[0])
    elpd, mcse, influences = average_weighted(weights[None], row[None], tail[1])
    return MatchedRow(float(elpd[0]), khat, maps, float(mcse[0]), influences[0])


def _smooth(log_ratios: Floats, length: int) -> tuple[Floats, float]:
    """Return smoothed log weights, `(S,)`, and k-hat; draws that the program rejects have no weight."""
    known = np.where(np.isfinite(log_ratios), log_ratios, -np.inf)
    if not np.isfinite(known).any():
        return np.full(len(known), -np.log(len(known))), np.inf
    weights, khat = smooth_log_weights(known[None], length)
    return weights[0], float(khat[0])


def _average(log_weights: Floats, log_lik: Floats) -> float:
    """Return the log of the weighted mean of a likelihood."""
    return float(log_sum_exp((log_weights + log_lik)[None])[0])


def _multiply(linear: Floats, points: Floats) -> Floats:
    return points * linear if linear.ndim == 1 else points @ linear.T
