"""Influence functions: the spread of a statistic over many samples, and closed forms of its error."""

import numpy as np
import pytest
from scipy import stats

from workbench.studies.plan.decision import parse_decision
from workbench.studies.plan.statistics import WeightedSample, measure_probability

SIZE = 4000
QUANTILES = stats.norm.ppf((np.arange(SIZE) + 0.5) / SIZE)
"""A sample without noise of a standard normal distribution."""

EQUAL = np.full(SIZE, 1 / SIZE)


def estimate_error(text, draws):
    """Return the errors that the influence functions of a decision give for independent draws."""
    statistics = parse_decision(text).measure(WeightedSample(draws, EQUAL))
    return [float(np.sqrt(np.mean(each.influence**2) / SIZE)) for each in statistics]


@pytest.mark.parametrize(
    ("text", "variance"),
    [
        ("P(x>0.5)>0.3", stats.norm.sf(0.5) * stats.norm.cdf(0.5)),
        ("mean(x)>1", 1.0),
        ("sd(x)<2", 0.5),
        ("median(x)>1", np.pi / 2),
        ("interval(x, 0.9) excludes 0", 0.05 * 0.95 / stats.norm.pdf(stats.norm.ppf(0.05)) ** 2),
    ],
)
def test_the_error_is_the_asymptotic_one_of_textbooks(text, variance):
    """Serfling (1980), Approximation Theorems of Mathematical Statistics, sections 2.2 and 2.3."""
    for error in estimate_error(text, {"x": QUANTILES}):
        assert error == pytest.approx(np.sqrt(variance / SIZE), rel=0.02)


def test_a_ranking_has_a_statistic_for_each_pair():
    order = np.random.default_rng(1).permutation(SIZE)
    draws = {"a": QUANTILES + 2, "b": QUANTILES[order], "c": QUANTILES - 1}
    first, second = estimate_error("a > b > c", draws)
    covariance = np.cov(QUANTILES, QUANTILES[order])[0, 1]
    assert first == pytest.approx(np.sqrt((2 - 2 * covariance) / SIZE), rel=0.01)
    assert second == pytest.approx(first, rel=0.01)


def test_a_probability_beyond_its_threshold_has_the_error_at_the_threshold():
    """An estimate of 1 from independent draws would otherwise be certain."""
    at_threshold = np.sqrt(0.95 * 0.05 / SIZE)
    for shift in (2.0, 2.5, 9.0):
        statistic = measure_probability(QUANTILES + shift, EQUAL, 0.95)
        assert statistic.value == pytest.approx(stats.norm.cdf(shift) - 0.95, abs=1e-3)
        assert np.sqrt(np.mean(statistic.influence**2) / SIZE) == pytest.approx(at_threshold, rel=0.01)


def test_a_constant_has_no_error():
    constant = {"x": np.ones(SIZE)}
    for text in ("P(x>0)>0.9", "mean(x)>0", "sd(x)<1", "interval(x) excludes 0", "median(x)>0"):
        assert max(estimate_error(text, constant)) == pytest.approx(0.0, abs=1e-9)
