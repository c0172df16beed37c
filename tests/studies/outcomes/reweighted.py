"""Studies by arrays alone: conjugate posteriors, sampled exactly and reached by importance weights."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import optimize, signal, stats

from workbench.studies.fits.weights import make_equal_weights, weigh_draws
from workbench.studies.outcomes.margins import ChainSample, estimate_margin
from workbench.studies.outcomes.tipping_search import MarginCurve
from workbench.studies.plan.decision import parse_decision
from workbench.studies.plan.statistics import WeightedSample
from workbench.studies.view import Margin, TippingSide

CHAINS = 4

BURN_IN = 100
"""Draws until a chain has forgotten its start."""


@dataclass(frozen=True)
class Conjugate:
    """A posterior of one quantity, `t`, that is known at every value of one hyperparameter.

    Attributes
    ----------
    find_posterior
        Function that returns the distribution at a value.
    log_prior
        Function that returns the log prior density of draws at a value, up to a constant at each value.
    """

    find_posterior: Callable[[float], Any]
    log_prior: Callable[[np.ndarray, float], np.ndarray]

    def find_tipping_point(self, text: str, low: float, high: float) -> float:
        """Return the tipping point between two values, from the posterior's quantiles."""
        levels = (np.arange(100_000) + 0.5) / 100_000
        weights = np.full(levels.size, 1 / levels.size)
        decision = parse_decision(text)

        def measure(value: float) -> float:
            return decision.margin(WeightedSample({"t": self.find_posterior(value).ppf(levels)}, weights))

        return float(optimize.brentq(measure, low, high, xtol=1e-6))


def make_normal(total: float, rows: int) -> Conjugate:
    """Return the mean of normal data with variance 1, whose prior is normal(0, value)."""

    def find_posterior(value):
        precision = value**-2 + rows
        return stats.norm(total / precision, precision**-0.5)

    return Conjugate(find_posterior, lambda draws, value: stats.norm.logpdf(draws, 0, value))


def make_beta(successes: int, trials: int) -> Conjugate:
    """Return the probability behind binomial data, whose prior is beta(1, value)."""
    return Conjugate(
        lambda value: stats.beta(successes + 1, trials - successes + value),
        lambda draws, value: (value - 1) * np.log1p(-draws),
    )


@dataclass
class ArrayStudy:
    """The full fits of a study and the margins they give, as `studies` makes them, without Stan.

    Attributes
    ----------
    model, text, base, limits
        The posterior, the decision, the hyperparameter's value in the base fit, and the range of the search.
    seed, draws, correlation
        The seed, the draws of each chain, and the correlation of neighbouring draws.
    """

    model: Conjugate
    text: str
    base: float
    limits: tuple[float, float]
    seed: int
    draws: int = 250
    correlation: float = 0.0
    fits: list[tuple[float, np.ndarray]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.decision = parse_decision(self.text)
        self.refit(self.base)

    @property
    def curve(self) -> MarginCurve:
        """What the search is given."""
        return MarginCurve(self.base, self.limits, 1.0, self.estimate, self.refit, lambda: len(self.fits))

    def refit(self, value: float) -> None:
        """Sample the posterior at a value, by chains with autocorrelation."""
        noise = self.rng.normal(size=(CHAINS, self.draws + BURN_IN))
        scale = math.sqrt(1 - self.correlation**2)
        chains = signal.lfilter([scale], [1, -self.correlation], noise, axis=1)[:, BURN_IN:]
        self.fits.append((value, self.model.find_posterior(value).ppf(stats.norm.cdf(chains))))

    def estimate(self, value: float) -> Margin:
        """Return the margin by all fits whose weights are good; there is a further fit where none are."""
        samples = self.weigh(value)
        if not samples:
            self.refit(value)
            samples = self.weigh(value)
        return estimate_margin(self.decision, samples)

    def weigh(self, value: float) -> list[ChainSample]:
        """Return the draws of each fit with their weights, if those are good."""
        efficiency = (1 - self.correlation) / (1 + self.correlation)
        samples = []
        for place, draws in self.fits:
            if place == value:
                weights = make_equal_weights(draws.size, 0.0, efficiency * draws.size, is_good=True)
            else:
                ratios = self.model.log_prior(draws, value) - self.model.log_prior(draws, place)
                weights = weigh_draws(ratios.ravel(), efficiency, CHAINS)
            if weights.is_good:
                samples.append(ChainSample({"t": draws}, weights.values.reshape(draws.shape), weights.ess))
        return samples


def covers(sides: dict[str, TippingSide], truth: float) -> bool:
    """Return whether the values at which the decision may tip, as far as was searched, hold the true one."""
    reported = [side for side in sides.values() if side.is_found or side.is_unclear]
    lower = min((-math.inf if side.lower is None else side.lower for side in reported), default=math.inf)
    upper = max((math.inf if side.upper is None else side.upper for side in reported), default=-math.inf)
    return lower <= truth <= upper
