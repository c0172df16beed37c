"""Predictions in numbers: what has an interval of its own, what a point leaves out, which category leads."""

from dataclasses import replace

import numpy as np
import pytest

from workbench.errors import RequestError
from workbench.prediction.outcome_summaries import COLUMNS, summarise_outcomes
from workbench.prediction.outcomes import refuse_unknown
from workbench.prediction.predictions import OutcomePrediction, Predictions

RNG = np.random.default_rng(5)
SHARES = RNG.beta(3, 9, size=(400, 2))
"""The probability of yes in two rows, at each of 400 draws."""


def predict(outcome, method="nuts"):
    predictions = Predictions(method, "", 0.9, ("a", "b"), 0, (outcome,))
    rows = list(summarise_outcomes(predictions))
    assert all(tuple(row) == COLUMNS for row in rows)
    return rows


def make_outcome(draws, **more):
    return OutcomePrediction("y", "y_rep", ((0,), (1,)), np.arange(2), draws, **more)


YES_OR_NO = make_outcome(
    (RNG.uniform(size=SHARES.shape) < SHARES).astype(float),
    expectation=SHARES,
    distributions=("bernoulli",),
)


def test_a_yes_or_no_has_the_interval_of_its_probability():
    for place, row in enumerate(predict(YES_OR_NO)):
        share = SHARES[:, place].mean()
        assert row["mean"] == row["expected"] == pytest.approx(share)
        assert row["sd"] == pytest.approx(np.sqrt(share * (1 - share)))
        ends = np.quantile(SHARES[:, place], [0.05, 0.5, 0.95])
        assert (row["lower"], row["median"], row["upper"]) == pytest.approx(tuple(ends))
        assert (row["expected_lower"], row["expected_upper"]) == (row["lower"], row["upper"])
        parts = row["sd_parameters"] ** 2 + row["sd_outcome"] ** 2
        assert parts == pytest.approx(row["sd"] ** 2, rel=1e-3)


def test_a_yes_or_no_whose_probability_is_not_known_has_no_interval():
    (row, _) = predict(replace(YES_OR_NO, expectation=None))
    assert row["mean"] == YES_OR_NO.draws[:, 0].mean()
    assert np.isnan([row["lower"], row["upper"], row["expected"]]).all()


def test_a_point_has_no_interval_of_what_it_decides():
    point = np.repeat(SHARES[:1], 400, axis=0)
    (row, _) = predict(replace(YES_OR_NO, expectation=point), "map")
    assert (row["expected"], row["mean"], row["median"]) == pytest.approx((point[0, 0],) * 3)
    assert np.isnan([row[name] for name in ("lower", "upper", "expected_lower", "expected_upper")]).all()
    amounts = make_outcome(RNG.normal(3, 2, size=(400, 2)), expectation=np.full((400, 2), 3.0))
    (row, _) = predict(amounts, "mle")
    assert row["expected"] == 3
    assert np.isnan([row["expected_lower"], row["expected_upper"]]).all()
    assert (row["lower"], row["upper"]) == pytest.approx(
        tuple(np.quantile(amounts.draws[:, 0], [0.05, 0.95]))
    )


@pytest.mark.parametrize("levels", [(), ("red", "green", "blue")])
def test_each_category_has_its_probability_and_the_row_its_most_probable_one(levels):
    probabilities = RNG.dirichlet([2, 5, 3], size=(400, 2))
    probabilities[:, 1] = probabilities[:, 1, [2, 0, 1]]
    drawn = np.ones((400, 2))
    outcome = make_outcome(drawn, categories=(1, 2, 3), probabilities=probabilities, levels=levels)
    names = levels or ("1", "2", "3")
    rows = predict(outcome)
    assert [row["prediction"] for row in rows[:3]] == [f"P(y_rep[1] = {name})" for name in names]
    assert [row["most_probable"] for row in rows] == [names[1]] * 3 + [names[2]] * 3
    assert [row["mean"] for row in rows] == pytest.approx(probabilities.mean(axis=0).ravel().tolist())
    assert rows[4]["upper"] == pytest.approx(np.quantile(probabilities[:, 1, 1], 0.95))
    assert np.isnan([row["upper"] for row in predict(outcome, "map")]).all()


def test_numbers_have_no_most_probable_category():
    assert {row["most_probable"] for row in predict(YES_OR_NO)} == {""}


def test_an_outcome_that_cannot_be_drawn_anywhere_is_refused():
    draws = np.array([[1.0, np.nan], [2.0, np.nan]])
    with pytest.raises(RequestError, match="`y_rep` cannot be drawn in row 2"):
        refuse_unknown(make_outcome(draws))
    with pytest.raises(RequestError, match="row 2"):
        refuse_unknown(make_outcome(draws, expectation=draws))
    refuse_unknown(make_outcome(draws, expectation=np.ones((2, 2))))  # counts too large for an integer
