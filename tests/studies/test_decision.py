"""Decisions: their grammar, and their margins against numpy."""

import numpy as np
import pytest

from workbench.errors import RequestError
from workbench.studies.plan.decision import WeightedSample, compute_quantiles, parse_decision

RNG = np.random.default_rng(8)
DRAWS = {"beta[1]": RNG.normal(0.5, 1, 4000), "beta[2]": RNG.normal(0, 1, 4000), "tau": RNG.gamma(2, 1, 4000)}
SAMPLE = WeightedSample(DRAWS, np.full(4000, 1 / 4000))
LABELS = {"beta[age]": "beta[1]", "beta[dose]": "beta[2]"}


def margin(text, level=0.95):
    return parse_decision(text, level, LABELS).margin(SAMPLE)


def test_a_probability():
    assert margin("P(beta[1]>0)>0.95") == pytest.approx((DRAWS["beta[1]"] > 0).mean() - 0.95)
    assert margin("P( beta[1] < 0 ) < 0.5") == pytest.approx(0.5 - (DRAWS["beta[1]"] < 0).mean())
    difference = DRAWS["beta[1]"] - DRAWS["beta[2]"]
    assert margin("P(beta[1] - beta[2] > 0.1) > 0.5") == pytest.approx((difference > 0.1).mean() - 0.5)
    assert margin("P(beta[1] > beta[2]) > 0.5") == pytest.approx((difference > 0).mean() - 0.5)
    assert margin("P(1 > tau) > 0.1") == pytest.approx((DRAWS["tau"] < 1).mean() - 0.1)


def test_labels_are_understood():
    assert margin("P(beta[age]>0)>0.95") == margin("P(beta[1]>0)>0.95")
    assert parse_decision("beta[age] > beta[dose]", 0.9, LABELS).names == ("beta[1]", "beta[2]")


def test_an_interval():
    lower, upper = np.quantile(DRAWS["tau"], [0.025, 0.975])
    assert margin("interval(tau) excludes 0") == pytest.approx(lower, rel=1e-3)
    assert margin("interval(tau) includes 0") == pytest.approx(-lower, rel=1e-3)
    assert margin("interval(tau) excludes 20") == pytest.approx(20 - upper, rel=1e-3)
    lower = np.quantile(DRAWS["tau"], 0.25)
    assert margin("interval(tau, 0.5) excludes 0") == pytest.approx(lower, rel=1e-3)


def test_moments_and_rankings():
    assert margin("mean(tau)<2.5") == pytest.approx(2.5 - DRAWS["tau"].mean())
    assert margin("median(tau)>1") == pytest.approx(np.median(DRAWS["tau"]) - 1)
    assert margin("sd(tau)>1") == pytest.approx(DRAWS["tau"].std() - 1)
    means = {name: draws.mean() for name, draws in DRAWS.items()}
    assert margin("tau > beta[1] > beta[2]") == pytest.approx(
        min(means["tau"] - means["beta[1]"], means["beta[1]"] - means["beta[2]"])
    )


def test_weights_count():
    weights = np.where(DRAWS["beta[1]"] > 0, 3.0, 1.0)
    sample = WeightedSample(DRAWS, weights / weights.sum())
    share = (DRAWS["beta[1]"] > 0).mean()
    exact = 3 * share / (3 * share + 1 - share)
    assert parse_decision("P(beta[1]>0)>0.5").margin(sample) == pytest.approx(exact - 0.5)


def test_weighted_quantiles_are_numpys_for_equal_weights_and_repeat_for_whole_ones():
    values = RNG.normal(size=101)
    ours = compute_quantiles(values, np.full(101, 1 / 101), (0.05, 0.5, 0.9))
    assert np.allclose(ours, np.quantile(values, [0.05, 0.5, 0.9]))
    counts = RNG.integers(1, 4, 4000)
    repeated = np.quantile(np.repeat(DRAWS["tau"], counts), [0.1, 0.5, 0.9])
    assert np.allclose(
        compute_quantiles(DRAWS["tau"], counts / counts.sum(), (0.1, 0.5, 0.9)), repeated, atol=5e-3
    )


@pytest.mark.parametrize(
    "text", ["", "beta", "P(beta>0)", "interval(beta) avoids 0", "beta[1]<beta[2]", "P(a>0)>b"]
)
def test_what_is_no_decision_is_refused(text):
    with pytest.raises(RequestError, match="was expected to be a decision") as refused:
        parse_decision(text)
    assert "P(beta[1]>0)>0.95" in str(refused.value.hint)


def test_impossible_numbers_are_refused():
    with pytest.raises(RequestError, match="compares a probability with 95"):
        parse_decision("P(beta>0)>95")
    with pytest.raises(RequestError, match="asks for an interval of probability 95"):
        parse_decision("interval(beta, 95) excludes 0")


def test_a_whole_vector_is_no_single_number():
    from types import SimpleNamespace

    from workbench.studies.fits.posterior import choose_quantities

    draws = {"beta[1]": DRAWS["beta[1]"], "beta[2]": DRAWS["beta[2]"]}
    plan = SimpleNamespace(parameters=(), decisions=(parse_decision("mean(beta)>0"),))
    program = SimpleNamespace(parameters=(SimpleNamespace(name="beta"),))
    with pytest.raises(RequestError, match="about single numbers, and `beta` holds 2") as refused:
        choose_quantities(plan, program, draws, {})  # type: ignore[arg-type]
    assert refused.value.hint == "name one of them, such as `beta[1]`"
