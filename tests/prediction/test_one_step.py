"""Rows predicted given those before them: against the sequence of posteriors in closed form."""

import numpy as np
import pytest
from scipy import special, stats

from workbench.prediction import OutcomePrediction
from workbench.prediction.one_step import update_by_earlier_rows

FIRST = 40
"""The rows of the fit."""


def predict(observed, draws=20_000):
    """Return predictions of `y ~ normal(mu, 1)` from draws of `mu ~ normal(0, 1)`, none of the rows known."""
    rng = np.random.default_rng(3)
    mean = rng.normal(size=(draws, 1))
    rows = np.arange(FIRST, FIRST + len(observed))
    return OutcomePrediction(
        "y",
        "y_rep",
        tuple((int(row),) for row in rows),
        rows,
        mean + rng.normal(size=(draws, len(observed))),
        expectation=np.repeat(mean, len(observed), axis=1),
        observed=observed,
        log_lik=np.asarray(stats.norm.logpdf(observed, mean, 1)),
    )


def update(outcome):
    (found,) = update_by_earlier_rows([outcome], range(FIRST, FIRST + len(outcome.rows)), 1)
    return found


def average(outcome):
    return special.logsumexp(outcome.log_lik, axis=0) - np.log(len(outcome.log_lik))


def test_each_row_is_predicted_by_the_posterior_given_those_before_it():
    observed = np.array([0.8, -0.3, 1.1, 0.4])
    outcome = predict(observed)
    found = update(outcome)
    count = np.arange(4)
    mean = (np.cumsum(observed) - observed) / (count + 1)
    exact = stats.norm.logpdf(observed, mean, np.sqrt(1 + 1 / (count + 1)))
    np.testing.assert_allclose(average(found), exact, atol=0.02)
    np.testing.assert_allclose(found.expectation.mean(axis=0), mean, atol=0.03)
    np.testing.assert_allclose(found.draws.std(axis=0), np.sqrt(1 + 1 / (count + 1)), rtol=0.03)
    joint = special.logsumexp(outcome.log_lik.sum(axis=1)) - np.log(len(outcome.draws))
    assert average(found).sum() == pytest.approx(joint, abs=0.01)


def test_rows_from_where_the_weights_are_not_reliable_are_left_out():
    observed = np.array([0.1, 9.0, 9.0, 9.0, 9.0])
    found = update(predict(observed, draws=500))
    assert 2 <= len(found.rows) < 5
    assert found.rows.tolist() == list(range(FIRST, FIRST + len(found.rows)))
    assert found.log_lik.shape == (500, len(found.rows))
