"""Margins of decisions with their Monte Carlo errors, from the draws of one full fit or of several."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workbench.late_imports import LateModule
from workbench.studies.fits.sweep import PointPosterior
from workbench.studies.plan.decision import Decision
from workbench.studies.plan.statistics import WeightedSample
from workbench.studies.view import Margin
from workbench.thresholds import (
    MARGIN_STANDARD_ERRORS,
    MOST_TIMES_MORE_DRAWS,
    TELLING_STANDARD_ERRORS,
    count_chance_errors,
)

if TYPE_CHECKING:
    from arviz_stats.base import array_stats
else:
    array_stats = LateModule("arviz_stats.base", "array_stats")

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ChainSample:
    """Weighted draws of one full fit, chain by chain.

    Attributes
    ----------
    draws
        By Stan name, each `(chain, draw)`.
    weights
        `(chain, draw)`; they sum to 1.
    ess
        Effective draws, by which several fits share.
    """

    draws: Mapping[str, Floats]
    weights: Floats
    ess: float


def make_chain_sample(posterior: PointPosterior) -> ChainSample:
    """Return the draws and weights behind the posterior at a point."""
    source, weights = posterior.source_and_weights
    return ChainSample(source.draws, weights.values.reshape(source.chains, -1), weights.ess)


def estimate_margin(decision: Decision, samples: Sequence[ChainSample]) -> Margin:
    """Return the margin of a decision, with its Monte Carlo standard error.

    Several samples of one posterior count by their effective draws.

    Parameters
    ----------
    decision
        The decision.
    samples
        Independent samples of the posterior, at least one.

    References
    ----------
    Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021), doi:10.1214/20-BA1221: effective draws across
    chains. Geweke (1989), Bayesian inference in econometric models using Monte Carlo integration,
    Econometrica 57(6), doi:10.2307/1913710: the error of importance sampling.
    """
    total = sum(sample.ess for sample in samples)
    shares = [sample.ess / total if total > 0 else 1 / len(samples) for sample in samples]
    statistics = decision.measure(_pool(decision.names, samples, shares))
    values = [statistic.value for statistic in statistics]
    errors = [_estimate_error(statistic.influence, samples, shares) for statistic in statistics]
    value, mcse = _combine(values, errors, needs_any=decision.needs_any)
    return Margin(
        value=value, mcse=mcse, draws_needed=count_draws_needed(value, mcse, samples[0].weights.size)
    )


def count_draws_needed(value: float, mcse: float, draws: int, count: int = 1) -> int | None:
    """Return how many draws would tell the sign of a margin, if its value is right, to two digits.

    `None` where it can be told already, and where too many would be needed to say.

    Parameters
    ----------
    value, mcse, draws
        The margin, its Monte Carlo standard error, and the draws behind it.
    count
        The number of margins of which it is the largest.

    >>> count_draws_needed(0.01, 0.01, 1000), count_draws_needed(0.03, 0.01, 1000)
    (9000, None)
    """
    errors = count_chance_errors(count)
    if abs(value) > errors * mcse or value == 0:
        return None
    times = ((errors + TELLING_STANDARD_ERRORS - MARGIN_STANDARD_ERRORS) * mcse / value) ** 2
    return _round_up(times * draws) if times <= MOST_TIMES_MORE_DRAWS else None


def _round_up(number: float) -> int:
    """Return a number rounded up to two digits."""
    step = int(10 ** max(0, math.floor(math.log10(number)) - 1))
    return math.ceil(number / step) * step


def _pool(names: Sequence[str], samples: Sequence[ChainSample], shares: Sequence[float]) -> WeightedSample:
    """Return the draws of all samples together."""
    weights = [share * sample.weights.ravel() for share, sample in zip(shares, samples, strict=True)]
    draws = {name: np.concatenate([sample.draws[name].ravel() for sample in samples]) for name in names}
    return WeightedSample(draws, np.concatenate(weights))


def _estimate_error(influence: Floats, samples: Sequence[ChainSample], shares: Sequence[float]) -> float:
    """Return the Monte Carlo standard error of a statistic of pooled draws."""
    ends = np.cumsum([sample.weights.size for sample in samples])
    variance = 0.0
    for own, sample, share in zip(np.split(influence, ends[:-1]), samples, shares, strict=True):
        terms = sample.weights.size * sample.weights * own.reshape(sample.weights.shape)
        if np.ptp(terms) > 0:
            variance += (share * float(array_stats.mcse(terms, method="mean"))) ** 2
    return math.sqrt(variance)


def _combine(values: Sequence[float], errors: Sequence[float], *, needs_any: bool) -> tuple[float, float]:
    """Return the largest or smallest of some statistics, with the error that decides its sign.

    All are positive beyond doubt only if the one with the fewest standard errors is. The error of the
    smallest is therefore such that it has as many standard errors as that one; likewise for the largest.
    """
    ratios = [Margin(value=value, mcse=error).ratio for value, error in zip(values, errors, strict=True)]
    choose = max if needs_any else min
    value, ratio = choose(values), choose(ratios)
    if ratio == 0:
        return value, errors[ratios.index(ratio)]
    return value, 0.0 if math.isinf(ratio) else value / ratio
