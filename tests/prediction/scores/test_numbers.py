"""Scores of numbers against closed forms, definitions and scikit-learn."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import special, stats
from sklearn import metrics

from tests.prediction.scores.hand_made import cut, predict, predict_normal
from workbench.prediction.scores import build_scored_outcome, score_predictions
from workbench.prediction.scores.crps import compute_crps, compute_ranked_probability_score
from workbench.prediction.scores.elements import ElementScores


def score(*chunks):
    (outcome,) = score_predictions(chunks)
    return outcome


def measure(*chunks, threshold=0.5):
    return build_scored_outcome([score(*chunks)], threshold).leading_measures


@pytest.fixture
def rng():
    return np.random.default_rng(19)


def test_crps_is_that_of_the_definition(rng):
    draws, observed = rng.normal(size=(7, 3)), rng.normal(size=3)
    pairs = np.abs(draws[:, None] - draws[None]).sum(axis=(0, 1)) / (7 * 6)
    expected = np.abs(draws - observed).mean(axis=0) - pairs / 2
    np.testing.assert_allclose(compute_crps(np.sort(draws, axis=0), observed), expected)


@pytest.mark.parametrize("count", [2, 400])
def test_crps_has_no_bias_whatever_the_number_of_draws(rng, count):
    """Of a standard normal, in closed form: Gneiting and Raftery (2007), section 4.2."""
    observed = 0.7
    density, below = stats.norm.pdf(observed), stats.norm.cdf(observed)
    exact = observed * (2 * below - 1) + 2 * density - 1 / math.sqrt(math.pi)
    found = compute_crps(np.sort(rng.normal(size=(count, 20_000)), axis=0), np.full(20_000, observed))
    assert abs(found.mean() - exact) < 4 * found.std() / math.sqrt(len(found))
    assert found.std() / math.sqrt(len(found)) < 0.01


def test_the_ranked_probability_score_is_the_crps_of_the_same_draws(rng):
    draws = rng.integers(1, 5, size=(2000, 1)).astype(float)
    shares = np.array([[(draws == value).mean() for value in range(1, 5)]])
    exact = compute_ranked_probability_score(shares, np.array([2]))
    fair = compute_crps(np.sort(draws, axis=0), np.array([3.0]))
    np.testing.assert_allclose(fair, exact, atol=2 / 2000)


def test_log_density_averages_densities_and_not_their_logarithms(rng):
    """The predictive distribution over two draws is a mixture of two normals."""
    observed, location = rng.normal(size=5), np.array([[-1.0], [2.0]])
    log_lik = stats.norm.logpdf(observed, location, 1)
    found = score(predict(observed, np.zeros((2, 5)), log_lik=log_lik)).elements.log_density
    np.testing.assert_allclose(found, special.logsumexp(log_lik, axis=0) - math.log(2))
    by_hand = np.log((stats.norm.pdf(observed, -1, 1) + stats.norm.pdf(observed, 2, 1)) / 2)
    np.testing.assert_allclose(found, by_hand)


def test_log_density_of_rows_far_away_and_impossible_rows():
    log_lik = np.array([[-2000.0, -np.inf, -1.0], [-2001.0, -np.inf, -np.inf]])
    found = score(predict([0, 0, 0], np.zeros((2, 3)), log_lik=log_lik))
    assert found.elements.log_density.tolist() == pytest.approx(
        [-2000 + math.log((1 + math.exp(-1)) / 2), -math.inf, -1 - math.log(2)]
    )
    scored = build_scored_outcome([found], 0.5)
    assert scored.impossible == 1
    assert scored.leading_measures["log_density"].value == -math.inf


def test_errors_agree_with_scikit_learn(rng):
    observed, location = rng.normal(size=40), rng.normal(size=40)
    whole = predict_normal(observed, location, 1, rng)
    found = measure(whole)
    assert found["rmse"].value == pytest.approx(metrics.root_mean_squared_error(observed, location))
    assert found["r2"].value == pytest.approx(metrics.r2_score(observed, location))
    median = np.median(whole.outcomes[0].draws, axis=0)
    assert found["mae"].value == pytest.approx(metrics.mean_absolute_error(observed, median))
    assert found["bias"].value == pytest.approx((observed - location).mean())


def test_without_an_expectation_the_mean_of_draws_predicts_unless_there_is_none(rng):
    draws, observed = rng.normal(size=(200, 6)), rng.normal(size=6)
    found = measure(predict(observed, draws))
    expected = math.sqrt(np.mean((observed - draws.mean(axis=0)) ** 2))
    assert found["rmse"].value == pytest.approx(expected)
    assert measure(predict(observed, draws, distributions=("cauchy",)))["rmse"].count == 0
    expectation = np.tile([1.0, 2.0, 3.0, 4.0, 5.0, np.nan], (200, 1))
    means = score(predict(observed, draws, expectation=expectation)).elements.mean
    assert means.tolist() == pytest.approx([1, 2, 3, 4, 5, draws[:, 5].mean()])


def test_standard_errors_are_those_of_repeated_samples(rng):
    found = [
        measure(predict_normal(location + rng.normal(0, 2, 60), location, 2, rng, draws=100))
        for location in rng.normal(0, 3, (200, 60))
    ]
    for name in ("rmse", "r2", "crps", "log_density", "mae"):
        spread = np.std([one[name].value for one in found], ddof=1)
        assert np.mean([one[name].se for one in found]) == pytest.approx(spread, rel=0.25)


def test_elements_of_one_row_are_no_independent_evidence(rng):
    observed = rng.normal(size=30)
    single = predict_normal(observed, 0, 1, rng)
    twice = predict_normal(np.repeat(observed, 2), 0, 1, rng)
    (outcome,) = twice.outcomes
    twice = replace(twice, outcomes=(replace(outcome, rows=np.repeat(np.arange(30), 2)),))
    once, doubled = measure(single)["log_density"], measure(twice)["log_density"]
    assert (doubled.value, doubled.se) == pytest.approx((once.value, once.se))
    assert doubled.count == 60


def test_intervals_of_a_right_model_hold_their_probability(rng):
    location = rng.normal(size=4000)
    found = measure(predict_normal(rng.normal(location, 1), location, 1, rng, draws=1000))
    for level in (50, 80, 90, 95):
        coverage = found[f"coverage_{level}"]
        assert coverage.se == pytest.approx(math.sqrt(level / 100 * (1 - level / 100) / 4000))
        assert abs(coverage.value - level / 100) < 4 * coverage.se
        width = 2 * stats.norm.ppf(0.5 + level / 200)
        assert found[f"width_{level}"].value == pytest.approx(width, rel=0.02)


def test_transforms_of_a_right_model_are_uniform_and_tail_areas_are_no_smaller(rng):
    rates = rng.gamma(2, 1, 3000)
    whole = predict(
        rng.poisson(rates), rng.poisson(rates, (200, 3000)), is_integer=True, distributions=("poisson",)
    )
    elements = score(whole).elements
    assert stats.kstest(elements.transform, "uniform").pvalue > 1e-3
    for area in (0.05, 0.2, 0.5):
        assert (elements.tail_area <= area).mean() < area + 4 * math.sqrt(area * (1 - area) / 3000)
    assert (np.diff(elements.ends[..., 0] % 1) == 0).all()
    inside = measure(whole)["coverage_90"]
    assert inside.value > 0.9 - 4 * inside.se


def test_tail_areas_of_a_continuous_outcome_are_uniform(rng):
    tails = score(predict_normal(rng.normal(size=3000), 0, 1, rng, draws=999)).elements.tail_area
    assert tails.min() >= 2 / 1000
    assert stats.kstest(tails - rng.random(3000) * 2 / 1000, "uniform").pvalue > 1e-3


def test_scores_do_not_depend_on_the_chunks(rng):
    whole = predict(
        rng.poisson(3, 50),
        rng.poisson(3, (150, 50)),
        is_integer=True,
        log_lik=rng.normal(size=(150, 50)),
        distributions=("poisson",),
    )
    once, parts = score(whole), score(*cut(whole, [7, 1, 42]))
    for name in ElementScores.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(once.elements, name), getattr(parts.elements, name))
    assert once.kind == parts.kind == "count"


def test_rows_without_an_outcome_are_left_out(rng):
    observed = np.array([1.0, np.nan, 2.0])
    found = score(predict(observed, rng.normal(size=(150, 3)), log_lik=np.full((150, 3), -1.0)))
    assert found.unobserved == 1
    assert found.elements.rows.tolist() == [0, 2]
    assert found.elements.labels.tolist() == ["row 0", "row 2"]
    (outcome,) = predict([1.0], np.zeros((2, 1))).outcomes
    nothing = replace(predict([1.0], np.zeros((2, 1))), outcomes=(replace(outcome, observed=None),))
    assert score_predictions([nothing]) == ()


def test_of_a_censored_outcome_only_the_density_is_scored(rng):
    whole = predict([1.0, 2.0], rng.normal(size=(150, 2)), log_lik=np.array([[-1.0, -3.0]] * 150))
    (outcome,) = whole.outcomes
    found = score(replace(whole, outcomes=(replace(outcome, observed=None),)))
    assert found.is_censored
    measures = build_scored_outcome([found], 0.5).leading_measures
    assert {name for name, one in measures.items() if one.count and not name.startswith("width")} == {
        "log_density"
    }
    assert measures["log_density"].value == pytest.approx(-2)
    assert np.isnan(found.elements.tail_area).all()


def test_a_single_draw_has_a_density_and_an_error_but_no_interval():
    plug_in = predict(
        [1.0, 3.0],
        [[0.0, 0.0]],
        method="mle",
        expectation=np.array([[2.0, 2.0]]),
        log_lik=np.array([[-1.0, -2.0]]),
    )
    found = measure(plug_in)
    assert found["log_density"].value == -1.5
    assert found["rmse"].value == 1.0
    assert {name for name, one in found.items() if not one.count} >= {"crps", "coverage_95", "width_50"}


def test_an_element_with_a_draw_that_is_not_finite_keeps_its_density(rng):
    draws = rng.normal(size=(150, 2))
    draws[3, 1] = np.inf
    found = score(predict([0.0, 0.0], draws, log_lik=np.full((150, 2), -1.0))).elements
    assert np.isnan([found.crps[1], found.transform[1], found.tail_area[1], found.ends[1, 0, 0]]).all()
    assert np.isfinite([found.crps[0], found.tail_area[0], found.log_density[1]]).all()


def test_the_gain_of_averaging_is_paired_over_rows(rng):
    """Both methods miss the same rows: their difference is known far better than either score."""
    observed = rng.standard_t(2, 200) * 5
    posterior = predict_normal(observed, 0, 1.1, rng)
    plug_in = replace(predict_normal(observed, 0, 1.0, rng), method="mle")
    scored = build_scored_outcome([score(posterior), score(plug_in)], 0.5)
    difference = stats.norm.logpdf(observed, 0, 1.1) - stats.norm.logpdf(observed, 0, 1.0)
    gain = scored.gains["mle"]["log_density"]
    assert gain.value == pytest.approx(difference.mean())
    assert gain.se == pytest.approx(difference.std(ddof=1) / math.sqrt(200))
    crps = scored.gains["mle"]["crps"]
    measures = scored.measures
    assert crps.value == pytest.approx(measures["mle"]["crps"].value - measures["nuts"]["crps"].value)
    assert "bias" not in scored.gains["mle"]
