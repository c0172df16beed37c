"""Leave-one-out of rows that hang on one latent effect each: the effect is integrated out.

Where only one row depends on an effect, the posterior of the effect without this row is its prior given the
other parameters, which the weights of draws of all rows cannot reach. So the likelihood of the row is
averaged over that prior at each draw of the other parameters, and the weights are those of the average.

The prior along an effect is known up to a constant from its slope, and the slopes of all effects come from
one gradient: many effects are integrated at the cost of one. That is right because no effect enters the slope
of another, which is proved at random points before.

References ---------- Vehtari, Mononen, Tolvanen, Sivula and Winther (2016), Bayesian leave-one-out
cross-validation approximations for Gaussian latent variable models, JMLR 17(103). Merkle, Furr and
Rabe-Hesketh (2019), Bayesian comparison of latent variable models: conditional versus marginal likelihoods,
Psychometrika 84, doi:10.1007/s11336-019-09679-0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.estimation.sampling.psis import log_sum_exp
from workbench.thresholds import QUADRATURE_LIMIT

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

At = Callable[[Floats], Floats]
"""Something at unconstrained points `(P, U)`: a number for each row or effect, `(P, R)`."""

_FAR = np.array([1.0, 2.5, 4.0, 6.0, 9.0, 14.0, 24.0, 40.0])
"""Where panels end on both sides of the mode of an effect's prior, in units of its width. Ours."""

_NEAR = _FAR[:5]
"""The same for the prior times the likelihood of the row."""

_NODES, _FINE_NODES = 6, 10
"""Points of the Gauss-Legendre rule in each panel, and of the rule that it is compared with. Ours."""

_CHECKED_DRAWS = 16
"""Draws at which the two rules are compared. Ours."""

_NEGLIGIBLE = 50.0
"""How far below its mode a log density may be left out [nats]. Ours: e^-50."""

_NEWTON_STEPS = 25
"""Steps towards a mode; it only places panels. Ours."""

_STEP = 0.02
"""Step of central differences, in posterior SDs of the effect. Ours: rounding is then far below the slope."""

_SUBSETS = 12
"""Random subsets of effects that are moved to prove that none enters the slope of another. Ours: two effects
are moved together in all of them, or in none, with a probability of one in 4096."""

_ROUNDING = 1e-8
"""Differences that are rounding, relative to the size of what is compared. Ours."""

_SLOPE_ROUNDING = 1e-6
"""Differences of slopes that are rounding, in units of their size and of an effect's inverse SD. Ours."""

_BLOCK = 1 << 22
"""Numbers of unconstrained points that are evaluated together: a bound of memory. Ours."""


@dataclass(frozen=True)
class OwnEffect:
    """An effect that one row alone depends on.

    Attributes
    ----------
    row
        The row of the log likelihood, from 0.
    dimension
        The unconstrained dimension of the effect, from 0.
    """

    row: int
    dimension: int


def find_own_effects(
    points: Floats, sds: Floats, vectors: Sequence[Integers], rows: Integers, log_lik: At
) -> list[OwnEffect]:
    """Return for rows the effect that no other row depends on, where there is one.

    Which element of a vector a row depends on is found by its number in binary: for each digit, the elements
    that have it are moved, then the others. A row whose likelihood changes in just one of the two, for every
    digit, depends on just one element. Then this element alone is moved, and no other row may change.

    Parameters
    ----------
    points
        A few draws, `(P, U)`; what is found must hold at each.
    sds
        Posterior SD of each dimension, `(U,)`.
    vectors
        The dimensions of each parameter that may hold such effects.
    rows
        The rows that are looked at.
    log_lik
        The log likelihood of every row, `(P, N)`.
    """
    found: list[OwnEffect] = []
    for dimensions in vectors:
        left = np.array(sorted(set(rows.tolist()) - {effect.row for effect in found}), dtype=np.int64)
        if not left.size:
            break
        positions = _decode(points, sds, dimensions, left, log_lik)
        candidates = [
            OwnEffect(int(row), int(dimensions[position]))
            for row, position in zip(left, positions, strict=True)
            if 0 <= position < len(dimensions)
        ]
        found += [effect for effect in candidates if _is_own(effect, points, sds, log_lik)]
    return found


def _decode(points: Floats, sds: Floats, dimensions: Integers, rows: Integers, log_lik: At) -> Integers:
    """Return which element of a vector each row depends on, `(row,)`; -1 where it is none, or several."""
    numbers = np.arange(len(dimensions))
    digits = max(1, int(len(dimensions) - 1).bit_length())
    found = np.full((len(points), len(rows)), -1, dtype=np.int64)
    for number, point in enumerate(points):
        base = log_lik(point[None])[0, rows]
        positions, is_single = np.zeros(len(rows), dtype=np.int64), np.ones(len(rows), dtype=bool)
        for digit in range(digits):
            has_digit = (numbers >> digit) & 1 == 1
            with_digit, without = (
                _differs(log_lik(_move(point, sds, dimensions[chosen]))[0, rows], base)
                for chosen in (has_digit, ~has_digit)
            )
            is_single &= with_digit != without
            positions |= with_digit.astype(np.int64) << digit
        found[number] = np.where(is_single, positions, -1)
    return np.where((found == found[0]).all(axis=0), found[0], -1)


def _is_own(effect: OwnEffect, points: Floats, sds: Floats, log_lik: At) -> bool:
    """Return whether moving an effect changes the likelihood of its row and of no other."""
    for point in points:
        both = log_lik(np.concatenate([point[None], _move(point, sds, np.array([effect.dimension]))]))
        changed = np.flatnonzero(_differs(both[1], both[0]))
        if changed.tolist() != [effect.row]:
            return False
    return True


def _move(point: Floats, sds: Floats, dimensions: Integers) -> Floats:
    """Return a point with some dimensions moved by half an SD, `(1, U)`."""
    moved = point.copy()
    moved[dimensions] += 0.5 * sds[dimensions]
    return moved[None]


def _differs(values: Floats, others: Floats) -> NDArray[np.bool_]:
    """Return where values differ by more than rounding; a value that is not finite counts as different."""
    with np.errstate(invalid="ignore"):
        return np.asarray(~(np.abs(values - others) <= _ROUNDING * (1 + np.abs(others))))


def are_apart(points: Floats, sds: Floats, dimensions: Integers, slopes: At, seed: int) -> bool:
    """Return whether no effect enters the slope of another's prior.

    Parameters
    ----------
    points
        A few draws, `(P, U)`.
    sds
        Posterior SD of each dimension, `(U,)`.
    dimensions
        The effects.
    slopes
        Derivative of the log density without likelihood by each of these, `(P, effect)`.
    seed
        Of the random subsets.
    """
    rng = np.random.default_rng(seed)
    for point in points:
        moved = _move(point, sds, dimensions)
        subsets = rng.integers(0, 2, (_SUBSETS, len(dimensions))).astype(bool)
        mixed = np.repeat(point[None], _SUBSETS, axis=0)
        mixed[:, dimensions] = np.where(subsets, moved[0, dimensions], point[dimensions])
        values = slopes(np.concatenate([point[None], moved, mixed]))
        expected = np.where(subsets, values[1], values[0])
        size = 1 / sds[dimensions] + np.abs(expected)
        if not (np.abs(values[2:] - expected) <= _SLOPE_ROUNDING * size).all():
            return False
    return True


@dataclass(frozen=True)
class Integrated:
    """Likelihoods of rows averaged over their own effects.

    Attributes
    ----------
    log_lik
        At each draw of the other parameters, `(S, R)` [nats].
    error
        How far a finer rule is from them, at some draws, `(R,)` [nats].
    beyond
        The largest share of an effect's prior that may be beyond the range of integration, `(R,)`.
    """

    log_lik: Floats
    error: Floats
    beyond: Floats

    @property
    def is_exact(self) -> NDArray[np.bool_]:
        """Which rows are integrated well, `(R,)`."""
        with np.errstate(invalid="ignore"):
            is_close = (self.error <= QUADRATURE_LIMIT) & (self.beyond <= QUADRATURE_LIMIT)
        return np.asarray(is_close & np.isfinite(self.log_lik).all(axis=0))


def integrate_effects(
    points: Floats, dimensions: Integers, sds: Floats, slopes: At, log_lik: At
) -> Integrated:
    """Return the likelihood of rows averaged over the prior of each row's own effect.

    Parameters
    ----------
    points
        Draws, `(S, U)`.
    dimensions
        The effect of each row, `(R,)`.
    sds
        Posterior SDs of these effects, `(R,)`.
    slopes
        Derivative of the log density without likelihood by each effect, `(P, R)`.
    log_lik
        Log likelihood of each of these rows, `(P, R)`.
    """
    panels = 2 * (len(_FAR) + len(_NEAR)) + 1  # between the ends around two modes
    size = max(1, _BLOCK // (panels * _NODES * points.shape[1]))
    along = _Along(dimensions, sds, slopes, log_lik)
    parts = [_integrate(along, points[first : first + size], _NODES) for first in range(0, len(points), size)]
    average = np.concatenate([part[0] for part in parts])
    beyond = np.concatenate([part[1] for part in parts]).max(axis=0)
    checked = np.unique(np.linspace(0, len(points) - 1, _CHECKED_DRAWS).astype(int))
    size = max(1, size * _NODES // _FINE_NODES)
    fine = np.concatenate([
        _integrate(along, points[checked[first : first + size]], _FINE_NODES)[0]
        for first in range(0, len(checked), size)
    ])  # fmt: skip
    return Integrated(average, np.abs(average[checked] - fine).max(axis=0), beyond)


@dataclass(frozen=True)
class _Along:
    """What is evaluated when all effects of a draw are moved at once."""

    dimensions: Integers
    sds: Floats
    slopes: At
    log_lik: At

    def place(self, points: Floats, values: Floats) -> Floats:
        """Return draws `(S, U)` with their effects at values `(S, R, ...)`, as `(S * ..., U)`."""
        count = int(np.prod(values.shape[2:], dtype=int))
        moved = np.repeat(points, count, axis=0)
        moved[:, self.dimensions] = (
            values.reshape(*values.shape[:2], count).swapaxes(1, 2).reshape(-1, values.shape[1])
        )
        return moved

    def compute(self, at: At, points: Floats, values: Floats) -> Floats:
        """Return something at effects `(S, R, ...)`, in their shape."""
        found = at(self.place(points, values)).reshape(len(points), -1, values.shape[1])
        return found.swapaxes(1, 2).reshape(values.shape)


def _integrate(along: _Along, points: Floats, count: int) -> tuple[Floats, Floats]:
    """Return average log likelihoods and the share of priors beyond the range, each `(S, R)`."""
    ends = np.sort(np.concatenate(list(_place_panels(along, points)), axis=2), axis=2)
    nodes, weights, cumulative = _build_rule(count)
    half = np.diff(ends, axis=2)[..., None] / 2
    values = ends[..., :-1, None] + half * (1 + nodes)
    flat = values.reshape(*values.shape[:2], -1)
    slopes = along.compute(along.slopes, points, flat).reshape(values.shape)
    log_lik = along.compute(along.log_lik, points, flat)
    rises = (half * slopes) @ weights
    starts = np.cumsum(rises, axis=2) - rises
    prior = (starts[..., None] + half * (slopes @ cumulative.T)).reshape(flat.shape)
    with np.errstate(divide="ignore"):
        mass = prior + np.log(half * weights).reshape(flat.shape)
    mass = np.where(np.isnan(mass), -np.inf, mass)
    total = _sum_last(mass)
    average = _sum_last(mass + np.where(np.isnan(log_lik), -np.inf, log_lik)) - total
    return average, _measure_beyond(slopes, prior, flat, total)


def _measure_beyond(slopes: Floats, prior: Floats, values: Floats, total: Floats) -> Floats:
    """Return which share of each prior is beyond both ends, as if it went on to fall as it does there."""
    flat = slopes.reshape(values.shape)
    falls = np.stack([flat[..., 0], -flat[..., -1]])
    at_ends = np.stack([prior[..., 0], prior[..., -1]])
    with np.errstate(all="ignore"):
        beyond = np.where(falls > 0, np.exp(at_ends - total) / falls, np.inf)
    return np.asarray(np.where(np.isnan(beyond), np.inf, beyond).sum(axis=0))


def _place_panels(along: _Along, points: Floats) -> Iterator[Floats]:
    """Yield where panels end, `(S, R, end)`: around the mode of each effect's prior, and of its posterior."""
    start = points[:, along.dimensions]
    width = np.broadcast_to(along.sds, start.shape)
    for has_likelihood, offsets in ((False, _FAR), (True, _NEAR)):
        mode, scale = _find_mode(along, points, start, width, has_likelihood=has_likelihood)
        ends = mode[..., None] + scale[..., None] * np.concatenate([-offsets[::-1], [0.0], offsets])
        yield ends if has_likelihood else _cut_tails(ends, along.compute(along.slopes, points, ends))


def _cut_tails(ends: Floats, slopes: Floats) -> Floats:
    """Return ends of panels `(S, R, end)`, those beyond a negligible density at the last before it.

    Farther out slopes can be so large that no polynomial follows them, as for the logarithm of a gamma
    variable.
    """
    middle = ends.shape[2] // 2
    cut = ends.copy()
    for outward in (range(middle, ends.shape[2] - 1), range(middle, 0, -1)):
        side = outward.step
        fall, is_cut = np.zeros(ends.shape[:2]), np.zeros(ends.shape[:2], dtype=bool)
        for place in outward:
            with np.errstate(invalid="ignore"):
                steep = np.maximum(-side * slopes[..., place], 0) * np.abs(
                    ends[..., place + side] - ends[..., place]
                )
                is_cut |= (fall > _NEGLIGIBLE) | ~np.isfinite(slopes[..., place + side])
            cut[..., place + side] = np.where(is_cut, cut[..., place], ends[..., place + side])
            fall = fall + np.where(np.isfinite(steep), steep, 0)
    return cut


def _find_mode(
    along: _Along, points: Floats, start: Floats, width: Floats, *, has_likelihood: bool
) -> tuple[Floats, Floats]:
    """Return a mode of each effect given the rest of a draw, and the width there, each `(S, R)`.

    Newton's method on the slope. Where the density is not concave, steps go uphill; they grow as long as they
    go the same way, and shrink where they turn.
    """
    step = _STEP * along.sds
    mode, scale, reach, way = start.copy(), np.array(width), 2 * np.array(width), np.zeros_like(start)
    for _ in range(_NEWTON_STEPS):
        slope, curvature = _differentiate(along, points, mode, step, has_likelihood=has_likelihood)
        is_concave = curvature < 0
        reach = reach * np.where(np.sign(slope) * way < 0, 0.4, 2.0)
        way = np.sign(slope)
        with np.errstate(all="ignore"):
            scale = np.where(is_concave, 1 / np.sqrt(-curvature), scale)
            move = np.where(is_concave, np.clip(-slope / curvature, -reach, reach), reach * way)
        known = np.isfinite(move) & np.isfinite(scale)
        move, scale = np.where(known, move, 0.0), np.where(known, scale, width)
        mode = mode + move
        if (np.abs(move) <= 0.05 * scale).all():
            break
    return mode, scale


def _differentiate(
    along: _Along, points: Floats, values: Floats, step: Floats, *, has_likelihood: bool
) -> tuple[Floats, Floats]:
    """Return slope and curvature of the log density of each effect, each `(S, R)`."""
    around = values[..., None] + step[:, None] * np.array([-1.0, 0.0, 1.0])
    slopes = along.compute(along.slopes, points, around)
    slope, curvature = slopes[..., 1], (slopes[..., 2] - slopes[..., 0]) / (2 * step)
    if has_likelihood:
        log_lik = along.compute(along.log_lik, points, around)
        slope = slope + (log_lik[..., 2] - log_lik[..., 0]) / (2 * step)
        curvature = curvature + (log_lik[..., 2] - 2 * log_lik[..., 1] + log_lik[..., 0]) / step**2
    return slope, curvature


def _build_rule(count: int) -> tuple[Floats, Floats, Floats]:
    """Return the Gauss-Legendre rule on [-1, 1], and the matrix that integrates from -1 to each node.

    The matrix is exact for polynomials through the nodes.
    """
    nodes, weights = np.polynomial.legendre.leggauss(count)
    basis = np.polynomial.legendre.legvander(nodes, count - 1)
    integrals = np.stack(
        [
            np.polynomial.legendre.legval(nodes, np.polynomial.legendre.legint(row, lbnd=-1))
            for row in np.eye(count)
        ],
        axis=1,
    )
    return nodes, weights, np.asarray(integrals @ np.linalg.inv(basis))


def _sum_last(values: Floats) -> Floats:
    """Return the log of the sum of exponentials over the last axis."""
    flat = values.reshape(-1, values.shape[-1])
    with np.errstate(all="ignore"):
        return np.asarray(log_sum_exp(flat)).reshape(values.shape[:-1])
