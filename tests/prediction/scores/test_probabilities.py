"""Scores of probabilities against scikit-learn, closed forms and repeated samples."""

import math
from typing import Any

import numpy as np
import pytest
from sklearn import metrics

from tests.prediction.scores.hand_made import predict, predict_yes
from workbench.errors import RequestError
from workbench.prediction.scores import build_scored_outcome, score_predictions


def scored(whole, threshold=0.5):
    (outcome,) = score_predictions([whole])
    return build_scored_outcome([outcome], threshold)


@pytest.fixture
def rng():
    return np.random.default_rng(6)


@pytest.fixture
def rounded(rng):
    """Outcomes, and probabilities that have ties."""
    probability = rng.beta(1, 2, 300).round(1)
    return (rng.random(300) < probability).astype(float), np.clip(probability, 0.05, 0.95)


def test_a_yes_or_no_agrees_with_scikit_learn(rounded):
    observed, probability = rounded
    found = scored(predict_yes(observed, probability), 0.3)
    assert found.leading.kind == "yes/no"
    values = {name: measure.value for name, measure in found.leading_measures.items()}
    predicted = probability >= 0.3
    (true_no, false_yes), (false_no, true_yes) = metrics.confusion_matrix(observed, predicted)
    assert values["brier"] == pytest.approx(metrics.brier_score_loss(observed, probability))
    assert values["log_loss"] == pytest.approx(metrics.log_loss(observed, probability))
    assert values["log_density"] == pytest.approx(-values["log_loss"])
    assert values["auc"] == pytest.approx(metrics.roc_auc_score(observed, probability))
    assert values["accuracy"] == pytest.approx(metrics.accuracy_score(observed, predicted))
    assert values["false_positive_rate"] == pytest.approx(false_yes / (false_yes + true_no))
    assert values["true_positive_rate"] == pytest.approx(true_yes / (true_yes + false_no))


def test_the_probability_is_the_mean_over_draws():
    found = scored(predict_yes([1, 0], [[0.2, 0.2], [0.8, 0.4]]))
    assert found.leading.probability.tolist() == pytest.approx([0.5, 0.3])
    without = scored(predict_yes([1, 0], [[0.2, 0.2], [0.8, 0.4]], expectation=None))
    assert without.leading.probability.tolist() == pytest.approx([0.5, 0.3])


def test_the_brier_score_is_the_sum_of_its_parts(rounded):
    """Within groups of equal probability the parts are those of Murphy (1973) where frequencies rise."""
    observed, probability = rounded
    found = scored(predict_yes(observed, probability)).leading_measures
    parts = found["miscalibration"].value - found["discrimination"].value + found["uncertainty"].value
    assert parts == pytest.approx(found["brier"].value)
    assert found["miscalibration"].value >= 0
    two = scored(predict_yes([0, 0, 1, 0, 1, 1], [[0.1, 0.1, 0.1, 0.7, 0.7, 0.7]])).leading_measures
    assert two["miscalibration"].value == pytest.approx(((0.1 - 1 / 3) ** 2 + (0.7 - 2 / 3) ** 2) / 2)
    assert two["discrimination"].value == pytest.approx((1 / 3 - 1 / 2) ** 2)
    assert two["uncertainty"].value == pytest.approx(1 / 4)


def test_standard_errors_are_those_of_repeated_samples(rng):
    found = []
    for _ in range(300):
        probability = rng.beta(1, 2, 150)
        observed = (rng.random(150) < probability).astype(float)
        found.append(scored(predict_yes(observed, probability)).leading_measures)
    for name in ("brier", "auc", "false_positive_rate", "true_positive_rate", "accuracy", "log_loss"):
        spread = np.std([one[name].value for one in found], ddof=1)
        assert np.mean([one[name].se for one in found]) == pytest.approx(spread, rel=0.2)


def test_the_error_of_the_area_is_that_of_delong(rng):
    """Their sum over all pairs of a yes and a no, written out."""
    probability = rng.beta(1, 5, 400).round(2)
    observed = (rng.random(400) < probability).astype(float)
    yes, no = probability[observed == 1], probability[observed == 0]
    is_above = (yes[:, None] > no) + 0.5 * (yes[:, None] == no)
    variance = is_above.mean(axis=1).var(ddof=1) / len(yes) + is_above.mean(axis=0).var(ddof=1) / len(no)
    found = scored(predict_yes(observed, probability)).leading_measures["auc"]
    assert found.se == pytest.approx(math.sqrt(variance), rel=0.01)


def test_calibration_error_of_two_bins():
    probability = np.repeat([0.2, 0.9], 10)
    observed = np.r_[np.ones(4), np.zeros(6), np.ones(7), np.zeros(3)]
    found = scored(predict_yes(observed, probability)).leading_measures["ece"]
    assert found.value == pytest.approx((abs(0.2 - 0.4) + abs(0.9 - 0.7)) / 2)


def test_calibration_error_does_not_depend_on_the_order_of_rows_with_equal_predictions():
    """Of calibrated groups it is 0, sorted by outcome or not."""
    probability = np.repeat([0.25, 0.5, 0.75], [400, 200, 400])
    observed = np.r_[np.zeros(300), np.ones(100), np.zeros(100), np.ones(100), np.zeros(100), np.ones(300)]
    found = scored(predict_yes(observed, probability)).leading_measures
    assert found["ece"].value == pytest.approx(0, abs=1e-12)
    assert found["miscalibration"].value == pytest.approx(0, abs=1e-12)


def test_an_impossible_outcome_has_an_infinite_loss_and_not_a_large_number():
    found = scored(predict_yes([1, 0], [[0.0, 0.2]]))
    assert found.leading_measures["log_loss"].value == math.inf
    assert found.impossible == 1


def test_one_class_alone_has_no_area_and_no_rate_of_the_other():
    found = scored(predict_yes([1, 1, 1], [[0.3, 0.6, 0.9]])).leading_measures
    assert math.isnan(found["auc"].value)
    assert found["false_positive_rate"].count == 0
    assert found["true_positive_rate"].value == pytest.approx(2 / 3)


def test_tail_areas_of_a_yes_or_no_are_probabilities_of_what_happened():
    found = scored(predict_yes([1, 0, 1], [[0.02, 0.3, 0.5]]))
    assert found.leading.elements.tail_area.tolist() == pytest.approx([0.02, 1, 1])
    assert [(count.area, count.found) for count in found.tails] == [(0.05, 1), (0.01, 0), (0.001, 0)]


def test_rare_counts_are_no_yes_or_no():
    counts = predict([0, 1], np.zeros((120, 2)), is_integer=True, distributions=("poisson_log",))
    assert scored(counts).leading.kind == "count"
    trials = predict([0, 1], np.zeros((120, 2)), is_integer=True, distributions=("binomial",))
    assert scored(trials).leading.kind == "yes/no"
    more = predict([0, 3], np.zeros((120, 2)), is_integer=True, distributions=("binomial",))
    assert scored(more).leading.kind == "count"


def predict_classes(observed, probabilities, **more):
    probabilities = np.asarray(probabilities, dtype=float)
    positions = np.asarray(observed) - 1
    log_lik = np.log(probabilities[:, np.arange(len(positions)), positions])
    cumulative = np.cumsum(probabilities, axis=2)
    draws = 1 + (np.random.default_rng(2).random((*probabilities.shape[:2], 1)) > cumulative).sum(axis=2)
    more = {"distributions": ("categorical_logit",), "probabilities": probabilities} | more
    return predict(observed, draws, is_integer=True, categories=(1, 2, 3), log_lik=log_lik, **more)


def test_categories_agree_with_scikit_learn(rng):
    probability = rng.dirichlet([1, 1, 2], (2, 200))
    observed = 1 + np.array([rng.choice(3, p=row) for row in probability.mean(axis=0)])
    found = scored(predict_classes(observed, probability))
    averaged = probability.mean(axis=0)
    values = {name: measure.value for name, measure in found.leading_measures.items()}
    happened = np.eye(3)[observed - 1]
    assert found.leading.kind == "categories"
    assert "crps" not in values
    assert values["log_loss"] == pytest.approx(metrics.log_loss(observed, averaged, labels=[1, 2, 3]))
    assert values["brier"] == pytest.approx(((averaged - happened) ** 2).sum(axis=1).mean())
    assert values["accuracy"] == pytest.approx(metrics.accuracy_score(observed, 1 + averaged.argmax(axis=1)))
    for place, category in enumerate(found.categories):
        area = next(measure for measure in category.measures if measure.name == "auc")
        assert area.value == pytest.approx(metrics.roc_auc_score(happened[:, place], averaged[:, place]))
        assert category.observed == happened[:, place].mean()
        assert category.predicted == pytest.approx(averaged[:, place].mean())
    assert np.isnan(found.leading.elements.mean).all()


def test_ordered_categories_have_a_ranked_probability_score():
    found = scored(
        predict_classes([2, 3], [[[0.2, 0.5, 0.3], [0.6, 0.3, 0.1]]], distributions=("ordered_logistic",))
    )
    assert found.leading.kind == "ordered"
    expected = [0.2**2 + 0.3**2, 0.6**2 + 0.9**2]
    assert found.leading.elements.crps.tolist() == pytest.approx(expected)
    assert found.leading.elements.tail_area.tolist() == pytest.approx([1.0, 0.2])


def test_shares_of_draws_stand_in_for_probabilities():
    draws = np.repeat([1, 2, 3], [60, 30, 10])[:, None]
    found = scored(predict([3], draws, is_integer=True, categories=(1, 2, 3), distributions=("categorical",)))
    assert found.leading.elements.probabilities.tolist() == [[0.6, 0.3, 0.1]]
    assert found.leading_measures["log_loss"].value == pytest.approx(-math.log(0.1))


def test_an_outcome_that_is_no_category_is_refused():
    whole = predict(
        [4], np.ones((100, 1)), is_integer=True, categories=(1, 2), distributions=("categorical",)
    )
    with pytest.raises(RequestError, match="one of 1 to 2, found 4"):
        score_predictions([whole])


def test_trials_are_a_yes_or_no_unless_the_fit_counted_further():
    few: dict[str, Any] = {"is_integer": True, "distributions": ("binomial_logit",)}
    draws = np.repeat([0.0, 1.0], 50)[:, None]
    assert scored(predict([1], draws, **few)).leading.kind == "yes/no"
    assert scored(predict([1], draws, exceeds_one=True, **few)).leading.kind == "count"
