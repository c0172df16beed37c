"""Dispersion given all other rows, compared with a posterior and predictions in closed form."""

import msgspec
import numpy as np
import pytest
from scipy import stats

from workbench.diagnostics.counts import measure_dispersion
from workbench.diagnostics.loo import LeaveOneOut, compute_loo_weights
from workbench.diagnostics.outcomes import Outcome

SHAPE, RATE = 2.0, 0.5
"""The gamma prior of each rate."""


def fit_rates(counts, group, rng, draws=2000):
    """Return outcome and leave-one-out of Poisson counts with a gamma prior for the rate of each group."""
    groups = group.max() + 1
    shape, rate = SHAPE + np.bincount(group, counts, groups), RATE + np.bincount(group, minlength=groups)
    rates = rng.gamma(shape, 1 / rate, (draws, groups))[:, group]
    log_lik = np.ascontiguousarray(stats.poisson.logpmf(counts, rates).T)
    weights, khat = compute_loo_weights(log_lik, 1.0)
    nothing = np.zeros(len(counts))
    outcome = Outcome(
        "y", "y_rep", "count", "likelihood", counts.astype(float), rng.poisson(rates).astype(float),
        np.arange(len(counts)),
    )  # fmt: skip
    return outcome, LeaveOneOut(weights, khat, nothing, nothing, 1.0)


def measure(pair):
    """Return the dispersion of an outcome with its leave-one-out; every number of it is known."""
    dispersion = measure_dispersion(*pair)
    assert dispersion is not None
    return {name: float(value) for name, value in msgspec.to_builtins(dispersion).items()}


def test_the_ratio_is_that_of_the_exact_predictions():
    """Given the others, a count is negative binomial: mean a / b, variance a / b (1 + 1 / b)."""
    rng = np.random.default_rng(5)
    counts = rng.poisson(4.0, 30)
    dispersion = measure(fit_rates(counts, np.zeros(30, dtype=int), rng))
    shape, rate = SHAPE + counts.sum() - counts, RATE + 29
    mean = shape / rate
    exact = np.mean((counts - mean) ** 2 / (mean * (1 + 1 / rate)))
    assert dispersion["loo_ratio"] == pytest.approx(exact, rel=0.05)
    assert dispersion["unreliable"] == 0


def test_a_right_model_is_dispersed_as_it_says_and_a_wrong_one_is_not():
    """In 100 data sets: p-values of a right model are not extreme more often than they may be."""
    rng, group = np.random.default_rng(7), np.arange(60) % 3
    right, wrong = [], []
    for _ in range(100):
        rate = rng.gamma(SHAPE, 1 / RATE, 3)[group]
        right.append(measure(fit_rates(rng.poisson(rate), group, rng, 400)))
        wrong.append(measure(fit_rates(rng.poisson(rate * rng.gamma(1, 1, 60)), group, rng, 400)))
    p_values = np.array([dispersion["loo_p_value"] for dispersion in right])
    assert stats.kstest(p_values, "uniform").pvalue > 0.001
    assert np.mean([dispersion["loo_p_value"] < 0.005 for dispersion in wrong]) > 0.9


def test_a_rate_for_each_row_adapts_to_it():
    """Given all data, each rate follows its own count; given the others, nothing is known about it."""
    rng = np.random.default_rng(9)
    group = np.arange(60)
    dispersion = measure(fit_rates(rng.poisson(rng.gamma(SHAPE, 1 / RATE, 60)), group, rng))
    assert dispersion["p_value"] > 0.995
    assert dispersion["unreliable"] > 0
