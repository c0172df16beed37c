"""Margins and their Monte Carlo errors, compared with their spread over many samples."""

import numpy as np
import pytest
from scipy import signal, stats

from workbench.studies.fits.weights import weigh_draws
from workbench.studies.outcomes.margins import ChainSample, count_draws_needed, estimate_margin
from workbench.studies.plan.decision import parse_decision
from workbench.studies.view import Margin

CHAINS, DRAWS = 4, 250
REPEATS = 200

TEXTS = (
    "P(x>1)>0.2",
    "P(x>0)>0.95",
    "mean(x)>0.5",
    "sd(x)>0.9",
    "median(x)>0.5",
    "interval(x) excludes 0",
    "interval(x, 0.5) includes 0",
)


def draw_chains(rng, correlation):
    """Return chains of a standard normal whose neighbouring draws are correlated."""
    noise = rng.normal(size=(CHAINS, DRAWS + 100))
    scale = np.sqrt(1 - correlation**2)
    return signal.lfilter([scale], [1, -correlation], noise, axis=1)[:, 100:]


def make_sample(draws, weights=None):
    weights = np.full(draws.shape, 1 / draws.size) if weights is None else weights.reshape(draws.shape)
    return ChainSample({"x": draws}, weights, 1 / float(np.sum(weights**2)))


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(("correlation", "is_weighted"), [(0.0, False), (0.6, False), (0.0, True)])
def test_the_error_is_the_spread_over_many_samples(text, correlation, is_weighted):
    """With weights the target is normal(0.7, 0.9), reached from draws of normal(0.5, 1)."""
    rng = np.random.default_rng(4)
    margins = []
    for _ in range(REPEATS):
        draws = draw_chains(rng, correlation) + 0.5
        ratios = stats.norm.logpdf(draws, 0.7, 0.9) - stats.norm.logpdf(draws, 0.5, 1)
        weights = weigh_draws(ratios.ravel(), 1.0, CHAINS).values if is_weighted else None
        margins.append(estimate_margin(parse_decision(text), [make_sample(draws, weights)]))
    spread = np.std([margin.value for margin in margins])
    error = np.sqrt(np.mean([(margin.mcse or 0.0) ** 2 for margin in margins]))
    # The spread of 200 samples is known to 5 %; errors by quantiles and by few effective draws to less.
    assert error == pytest.approx(spread, rel=0.2)


def test_a_margin_is_clear_as_often_as_two_standard_errors_say():
    """The decision is at its tipping point: a clear margin is a mistake, and there are about 5 % of them."""
    rng = np.random.default_rng(9)
    decision = parse_decision("P(x>0)>0.5")
    signs = [estimate_margin(decision, [make_sample(draw_chains(rng, 0.3))]).sign for _ in range(2 * REPEATS)]
    mistakes = int(np.count_nonzero(signs))
    assert stats.binomtest(mistakes, len(signs), 2 * stats.norm.sf(2)).pvalue > 0.001


def test_several_samples_count_by_their_effective_draws():
    rng = np.random.default_rng(2)
    decision = parse_decision("mean(x)>0")
    samples = [make_sample(draw_chains(rng, 0.0)) for _ in range(4)]
    one, all_four = estimate_margin(decision, samples[:1]), estimate_margin(decision, samples)
    assert all_four.value == pytest.approx(np.mean([sample.draws["x"].mean() for sample in samples]))
    assert all_four.mcse == pytest.approx(0.5 * (one.mcse or 0.0), rel=0.1)


def test_a_ranking_is_as_sure_as_its_least_sure_pair():
    rng = np.random.default_rng(3)
    shape = (CHAINS, DRAWS)
    draws = {"a": rng.normal(9, 30, shape), "b": rng.normal(1, 0.1, shape), "c": rng.normal(0, 0.1, shape)}
    weights = np.full(shape, 1 / (CHAINS * DRAWS))
    margin = estimate_margin(parse_decision("a > b > c"), [ChainSample(draws, weights, weights.size)])
    means = {name: values.mean() for name, values in draws.items()}
    assert margin.value == pytest.approx(min(means["a"] - means["b"], means["b"] - means["c"]))
    first = np.hypot(30, 0.1) / np.sqrt(weights.size)
    assert margin.ratio == pytest.approx((means["a"] - means["b"]) / first, rel=0.1)


def test_an_interval_that_excludes_a_value_is_as_sure_as_its_nearer_end():
    rng = np.random.default_rng(3)
    sample = make_sample(rng.normal(0, 1, (CHAINS, DRAWS)))
    below = estimate_margin(parse_decision("interval(x, 0.8) excludes -9"), [sample])
    inside = estimate_margin(parse_decision("interval(x, 0.8) excludes -1"), [sample])
    opposite = estimate_margin(parse_decision("interval(x, 0.8) includes -1"), [sample])
    assert below.sign == 1
    assert (inside.sign, opposite.sign) == (-1, 1)
    assert inside.value == -opposite.value
    assert inside.mcse == opposite.mcse


def test_a_single_mode_has_no_error():
    margin = estimate_margin(parse_decision("mean(x)<5"), [make_sample(np.array([[1.0]]))])
    assert (margin.value, margin.mcse, margin.sign) == (4.0, 0.0, 1)


def test_answers_follow_the_multiple_of_the_error():
    answers = [Margin(value=value, mcse=1.0).answer for value in (2.1, 1.9, 0.0, -1.9, -2.1)]
    assert answers == ["yes", "cannot tell", "cannot tell", "cannot tell", "no"]
    assert Margin(value=1e-9).answer == "yes"


def test_draws_are_advised_where_more_of_them_would_tell():
    """Three standard errors: with one of 0.02 at 4,000 draws, a margin of 0.02 needs nine times as many."""
    assert count_draws_needed(0.02, 0.02, 4000) == 36_000
    assert count_draws_needed(-0.02, 0.02, 4000) == 36_000
    assert count_draws_needed(0.05, 0.02, 4000) is None  # it can be told
    assert count_draws_needed(0.005, 0.02, 4000) is None  # nobody knows how many
    assert count_draws_needed(0.0, 0.0, 4000) is None
