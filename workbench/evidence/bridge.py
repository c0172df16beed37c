"""Bridge sampling: the integral of a density from draws of it and draws of a proposal.

References
----------
Meng and Wong (1996), Simulating ratios of normalizing constants via a simple identity, Statistica Sinica 6:
the optimal bridge function. Meng and Schilling (2002), Warp bridge sampling, JCGS 11(3),
doi:10.1198/106186002457: Warp-III. Gronau et al. (2017), A tutorial on bridge sampling, Journal of
Mathematical Psychology 81, doi:10.1016/j.jmp.2017.09.005: effective draws in the place of draws.
Fruehwirth-Schnatter (2004), Estimating marginal likelihoods for mixture and Markov switching models using
bridge sampling techniques, The Econometrics Journal 7, doi:10.1111/j.1368-423X.2004.00125.x: the error.
Bhatia and Davis (2000), A better bound on the variance, American Mathematical Monthly 107(4): its bound.
Micaletto and Vehtari (2025), Bridge sampling diagnostics, arXiv:2508.14487: k-hat of the terms.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from workbench.backends.base import Floats
from workbench.errors import MethodError
from workbench.estimation.sampling.psis import choose_tail_length, log_sum_exp, smooth_log_weights
from workbench.late_imports import LateModule
from workbench.thresholds import BRIDGE_ERROR_LIMIT, BRIDGE_HALVES_LIMIT, khat_limit

if TYPE_CHECKING:
    from arviz_stats.base import array_stats
    from scipy import linalg, optimize
else:
    array_stats = LateModule("arviz_stats.base", "array_stats")
    linalg = LateModule("scipy.linalg")
    optimize = LateModule("scipy.optimize")

Proposal = Literal["warp-III", "normal"]
"""What the density is compared with: a normal of the same mean and covariance, to which Warp-III compares the
density made symmetric around its mean."""

PROPOSALS: tuple[Proposal, ...] = ("warp-III", "normal")
"""All, the preferred one first."""

_MOST_DIMENSIONS = 100
"""Dimensions, evenly spaced, of which the effective draws are counted: their median is a weight. Ours."""

_PRECISION = 1e-10
"""Precision of the log integral as a root [nats]: far below any Monte Carlo error. Ours."""


@dataclass(frozen=True)
class HalfEstimate:
    """The integral by one half of the draws, the proposal having been fitted to the other.

    Attributes
    ----------
    log_integral, error
        Its logarithm, and the Monte Carlo standard error of that [nats].
    largest_error
        What that error can be at most: the terms of both means are bounded, so that their variance is too.
    khat
        The larger shape of the tails of the two means that the estimate is the ratio of.
    """

    log_integral: float
    error: float
    largest_error: float
    khat: float


@dataclass(frozen=True)
class BridgeEstimate:
    """The integral of a density.

    Attributes
    ----------
    proposal
        What the density was compared with.
    halves
        The estimates whose mean this is.
    draws
        Draws of the density in each half.
    """

    proposal: Proposal
    halves: tuple[HalfEstimate, HalfEstimate]
    draws: int

    @property
    def log_integral(self) -> float:
        """The logarithm of the integral [nats]."""
        return sum(half.log_integral for half in self.halves) / 2

    @property
    def error(self) -> float:
        """Its Monte Carlo standard error [nats]: the halves have no draw in common."""
        return math.hypot(*(half.error for half in self.halves)) / 2

    @property
    def largest_error(self) -> float:
        """What the Monte Carlo standard error can be at most [nats]."""
        return math.hypot(*(half.largest_error for half in self.halves)) / 2

    @property
    def khat(self) -> float:
        """The larger k-hat of the halves."""
        return max(half.khat for half in self.halves)

    @property
    def khat_limit(self) -> float:
        """The k-hat up to which the error can be relied on."""
        return khat_limit(self.draws)

    @property
    def gap(self) -> float:
        """How far the halves are apart, in standard errors of their difference."""
        first, second = self.halves
        difference = abs(first.log_integral - second.log_integral)
        error = math.hypot(first.error, second.error)
        return difference / error if error > 0 else (0.0 if difference == 0 else math.inf)

    @property
    def is_reliable(self) -> bool:
        """Whether the estimate and its error can be relied on, as far as the draws can tell.

        Where the error is small even at its largest, the tails that k-hat is the shape of do not matter.
        """
        is_precise = self.khat <= self.khat_limit or self.largest_error <= BRIDGE_ERROR_LIMIT
        return is_precise and self.gap <= BRIDGE_HALVES_LIMIT


def estimate_integral(
    log_density: Callable[[Floats], Floats], draws: Floats, seed: int
) -> dict[Proposal, BridgeEstimate]:
    """Return the integral of a density over all real vectors, by each proposal.

    A proposal is fitted to one half of each chain and compared with the other half; then the halves change
    places, and the logarithms of both estimates are averaged.

    Parameters
    ----------
    log_density
        The logarithm of the density at points `(P, U)`, `(P,)`: NaN or minus infinity where it is 0.
    draws
        Draws of the density, `(chain, draw, U)`.
    seed
        The seed of the proposals' draws.

    Raises
    ------
    MethodError
        There are too few draws for so many dimensions, they do not vary, or the density is 0 at one of them.
    """
    middle = draws.shape[1] // 2
    first, second = draws[:, :middle], draws[:, middle : 2 * middle]
    random = np.random.default_rng(seed)
    pairs = [_compare(log_density, *pair, random) for pair in ((first, second), (second, first))]
    size = first.shape[0] * middle
    return {name: BridgeEstimate(name, (pairs[0][name], pairs[1][name]), size) for name in PROPOSALS}


def _compare(
    log_density: Callable[[Floats], Floats], fitted: Floats, bridged: Floats, random: np.random.Generator
) -> dict[Proposal, HalfEstimate]:
    """Return the integral by draws `(chain, draw, U)`, with proposals fitted to other draws."""
    mean, factor = _fit_normal(fitted)
    chains, count, size = bridged.shape
    rows = linalg.solve_triangular(factor, (bridged.reshape(-1, size) - mean).T, lower=True).T
    noise = random.standard_normal((chains * count, size))
    # The density at `mean + factor @ z` is compared with the standard normal density of z.
    at_rows, at_noise = (_evaluate(log_density, mean + each @ factor.T) for each in (rows, noise))
    mirrored, mirrored_noise = (_evaluate(log_density, mean - each @ factor.T) for each in (rows, noise))
    if not np.isfinite(at_rows).all():
        share = f"{int((~np.isfinite(at_rows)).sum()):,} of {len(at_rows):,}"
        raise MethodError(f"the log density is not finite at {share} draws of the posterior.")
    volume = float(np.log(np.diag(factor)).sum())
    normal_at_rows, normal_at_noise = (_compute_normal(each) for each in (rows, noise))
    effective = _count_effective(bridged)
    ratios: dict[Proposal, tuple[Floats, Floats]] = {
        "normal": (at_rows, at_noise),
        "warp-III": (
            np.logaddexp(at_rows, mirrored) - math.log(2),
            np.logaddexp(at_noise, mirrored_noise) - math.log(2),
        ),
    }
    return {
        name: _bridge(
            (of_rows + volume - normal_at_rows).reshape(chains, count),
            of_noise + volume - normal_at_noise,
            effective,
        )
        for name, (of_rows, of_noise) in ratios.items()
    }


def _fit_normal(draws: Floats) -> tuple[Floats, Floats]:
    """Return the mean of draws `(chain, draw, U)`, and the Cholesky factor of their covariance."""
    rows = draws.reshape(-1, draws.shape[2])
    if len(rows) <= rows.shape[1]:
        message = f"{len(rows):,} draws are too few to fit a proposal in {rows.shape[1]:,} dimensions."
        raise MethodError(message, hint="sample more draws of each chain: --draws")
    covariance = np.atleast_2d(np.cov(rows.T))
    try:
        factor = np.asarray(np.linalg.cholesky(covariance), dtype=np.float64)
    except np.linalg.LinAlgError as reason:
        raise MethodError("the draws do not vary in every dimension of the posterior.") from reason
    return np.asarray(rows.mean(axis=0), dtype=np.float64), factor


def _evaluate(log_density: Callable[[Floats], Floats], points: Floats) -> Floats:
    values = log_density(points)
    return np.where(np.isnan(values), -np.inf, values)


def _compute_normal(points: Floats) -> Floats:
    """Return the standard normal log density of points `(P, U)`."""
    return np.asarray(-0.5 * (points**2).sum(axis=1) - 0.5 * points.shape[1] * math.log(2 * math.pi))


def _count_effective(draws: Floats) -> float:
    """Return the median number of effective draws over the dimensions of draws `(chain, draw, U)`."""
    places = np.unique(np.linspace(0, draws.shape[2] - 1, _MOST_DIMENSIONS).astype(int))
    sizes = [_count_effective_draws(draws[:, :, place]) for place in places]
    return float(np.median(sizes))


def _count_effective_draws(values: Floats) -> float:
    """Return how many independent draws have a mean as precise as values `(chain, draw)`.

    At most their number, which it is too where it is not known, as of values that are all alike.
    """
    ess = float(array_stats.ess(values, chain_axis=0, draw_axis=1, method="mean"))
    return min(ess, values.size) if np.isfinite(ess) and ess > 0 else float(values.size)


def _bridge(of_draws: Floats, of_proposal: Floats, effective: float) -> HalfEstimate:
    """Return the integral from log ratios of density and proposal, at draws of each.

    Parameters
    ----------
    of_draws
        At draws of the density, `(chain, draw)`.
    of_proposal
        At draws of the proposal, `(P,)`.
    effective
        Effective draws of the density.
    """
    share = effective / (effective + len(of_proposal))
    log_share, log_rest = math.log(share), math.log1p(-share)

    def compute_terms(log_integral: float) -> tuple[Floats, Floats]:
        """Return the logarithms of both means' terms: f1 and f2 of Fruehwirth-Schnatter."""
        above = of_proposal - log_integral
        below = of_draws - log_integral
        numerator: Floats = above - np.logaddexp(log_share + above, log_rest)
        denominator: Floats = -np.logaddexp(log_share + below, log_rest)
        return numerator, denominator

    def compute_excess(log_integral: float) -> float:
        """Return how much larger the estimate is than the value that its bridge function was made with."""
        above, below = compute_terms(log_integral)
        return _average(above) - _average(below)

    if not np.isfinite(of_proposal).any():
        raise MethodError("the log density is not finite at any draw of the proposal.")
    root = _find_root(compute_excess, float(np.median(of_draws)))
    above, below = compute_terms(root)
    sizes = (float(len(of_proposal)), _count_effective_draws(np.exp(below)))
    errors = [_measure_relative_error(each, size) for each, size in zip((above, below), sizes, strict=True)]
    # Terms are between 0 and 1 / share, or 1 / (1 - share): Bhatia and Davis bound the variance by the mean.
    bounds = (-log_share - _average(above), -log_rest - _average(below))
    largest = [
        math.sqrt(max(0.0, math.expm1(bound)) / size) for bound, size in zip(bounds, sizes, strict=True)
    ]
    khat = max(_find_khat(each.ravel()) for each in (above, below))
    return HalfEstimate(root, math.hypot(*errors), math.hypot(*largest), khat)


def _find_root(excess: Callable[[float], float], start: float) -> float:
    """Return where a falling function is 0: it is that for every two sets of ratios, and once."""
    width, value = 1.0, excess(start)
    if value == 0:
        return start
    direction = math.copysign(1.0, value)
    end = start + direction * width
    while excess(end) * value > 0:
        width *= 2
        end = start + direction * width
    return float(optimize.brentq(excess, min(start, end), max(start, end), xtol=_PRECISION))


def _average(logs: Floats) -> float:
    """Return the logarithm of the mean of exponentials."""
    return float(log_sum_exp(logs.reshape(1, -1))[0]) - math.log(logs.size)


def _measure_relative_error(logs: Floats, effective: float) -> float:
    """Return the standard error of a mean of exponentials, relative to it."""
    terms = np.exp(logs - logs.max())
    return float(terms.std(ddof=1) / (terms.mean() * math.sqrt(effective)))


def _find_khat(logs: Floats) -> float:
    """Return the shape of the upper tail of exponentials."""
    _, khat = smooth_log_weights(logs[None], choose_tail_length(len(logs), 1.0))
    return float(khat[0])
