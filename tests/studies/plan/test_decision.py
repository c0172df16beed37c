"""Decisions: their grammar, and their margins by NumPy."""

import numpy as np
import pytest

from workbench.errors import RequestError
from workbench.studies.plan.decision import parse_decision
from workbench.studies.plan.statistics import WeightedSample, compute_quantiles

RNG = np.random.default_rng(8)
DRAWS = {"beta[1]": RNG.normal(0.5, 1, 4000), "beta[2]": RNG.normal(0, 1, 4000), "tau": RNG.gamma(2, 1, 4000)}
SAMPLE = WeightedSample(DRAWS, np.full(4000, 1 / 4000))
LABELS = {"beta[age]": "beta[1]", "beta[dose]": "beta[2]"}


def compute_margin(text, level=0.95):
    return parse_decision(text, level, LABELS).margin(SAMPLE)


def test_probability():
    assert compute_margin("P(beta[1]>0)>0.95") == pytest.approx((DRAWS["beta[1]"] > 0).mean() - 0.95)
    assert compute_margin("P( beta[1] < 0 ) < 0.5") == pytest.approx(0.5 - (DRAWS["beta[1]"] < 0).mean())
    difference = DRAWS["beta[1]"] - DRAWS["beta[2]"]
    expected = (difference > 0.1).mean() - 0.5
    assert compute_margin("P(beta[1] - beta[2] > 0.1) > 0.5") == pytest.approx(expected)
    assert compute_margin("P(beta[1] > beta[2]) > 0.5") == pytest.approx((difference > 0).mean() - 0.5)
    assert compute_margin("P(1 > tau) > 0.1") == pytest.approx((DRAWS["tau"] < 1).mean() - 0.1)


def test_labels_stand_for_stan_names():
    assert compute_margin("P(beta[age]>0)>0.95") == compute_margin("P(beta[1]>0)>0.95")
    assert parse_decision("beta[age] > beta[dose]", 0.9, LABELS).names == ("beta[1]", "beta[2]")


def test_interval():
    lower, upper = np.quantile(DRAWS["tau"], [0.025, 0.975])
    assert compute_margin("interval(tau) excludes 0") == pytest.approx(lower, rel=1e-3)
    assert compute_margin("interval(tau) includes 0") == pytest.approx(-lower, rel=1e-3)
    assert compute_margin("interval(tau) excludes 20") == pytest.approx(20 - upper, rel=1e-3)
    lower = np.quantile(DRAWS["tau"], 0.25)
    assert compute_margin("interval(tau, 0.5) excludes 0") == pytest.approx(lower, rel=1e-3)


def test_moments_and_rankings():
    assert compute_margin("mean(tau)<2.5") == pytest.approx(2.5 - DRAWS["tau"].mean())
    assert compute_margin("median(tau)>1") == pytest.approx(np.median(DRAWS["tau"]) - 1)
    assert compute_margin("sd(tau)>1") == pytest.approx(DRAWS["tau"].std() - 1)
    means = {name: draws.mean() for name, draws in DRAWS.items()}
    assert compute_margin("tau > beta[1] > beta[2]") == pytest.approx(
        min(means["tau"] - means["beta[1]"], means["beta[1]"] - means["beta[2]"])
    )


@pytest.mark.parametrize(
    ("text", "is_about_location"),
    [("mean(tau)<2", True), ("tau > beta[1]", True), ("sd(tau)>1", False), ("P(tau>0)>0.9", False)],
)
def test_a_point_estimate_answers_what_needs_no_spread(text, is_about_location):
    assert parse_decision(text).is_about_location is is_about_location


def test_weights_count():
    weights = np.where(DRAWS["beta[1]"] > 0, 3.0, 1.0)
    sample = WeightedSample(DRAWS, weights / weights.sum())
    share = (DRAWS["beta[1]"] > 0).mean()
    expected = 3 * share / (3 * share + 1 - share)
    assert parse_decision("P(beta[1]>0)>0.5").margin(sample) == pytest.approx(expected - 0.5)


def test_weighted_quantiles_are_those_of_numpy_for_equal_and_for_whole_weights():
    values = RNG.normal(size=101)
    quantiles = compute_quantiles(values, np.full(101, 1 / 101), (0.05, 0.5, 0.9))
    assert np.allclose(quantiles, np.quantile(values, [0.05, 0.5, 0.9]))
    counts = RNG.integers(1, 4, 4000)
    repeated = np.quantile(np.repeat(DRAWS["tau"], counts), [0.1, 0.5, 0.9])
    weighted = compute_quantiles(DRAWS["tau"], counts / counts.sum(), (0.1, 0.5, 0.9))
    assert np.allclose(weighted, repeated, atol=5e-3)


@pytest.mark.parametrize(
    "text", ["", "beta", "P(beta>0)", "interval(beta) avoids 0", "beta[1]<beta[2]", "P(a>0)>b"]
)
def test_other_texts_are_refused_with_examples(text):
    with pytest.raises(RequestError, match="decision was expected") as refused:
        parse_decision(text)
    assert f"`{text}`" in refused.value.message
    assert "P(beta[1]>0)>0.95" in str(refused.value.hint)


@pytest.mark.parametrize("text", ["P(beta>0)>95", "interval(beta, 95) excludes 0"])
def test_impossible_probabilities_are_refused(text):
    with pytest.raises(RequestError, match="95") as refused:
        parse_decision(text)
    assert "between 0 and 1" in str(refused.value.hint)
