"""Outcomes as arrays: kinds, missing draws, rows of the log likelihood."""

import numpy as np
import pytest

from tests.diagnostics.fits import change_record, make_fit
from workbench.diagnostics.outcomes import read_outcomes, split_outcomes

Y = np.array([0.5, 1.5, 2.5])


def describe_outcome(**changes):
    return {
        "name": "y",
        "replicate": "y_rep",
        "source": "likelihood",
        "reason": "",
        "type": "vector[N]",
        "integer": False,
        "lower": None,
        "upper": None,
        "distributions": ["normal"],
        "conditional": False,
        "first_row": 0,
        "row_step": 1,
        **changes,
    }


def make_outcome_fit(observed=Y, replicates=None, log_lik=None, **changes):
    observed = np.asarray(observed)
    drawn = np.random.default_rng(1).normal(1, 1, (2, 50, *observed.shape))
    groups = {
        "observed_data": {"y": observed},
        "posterior_predictive": {"y_rep": drawn if replicates is None else replicates},
    }
    if log_lik is not None:
        groups["log_likelihood"] = {"log_lik": log_lik}
    return make_fit(change_record("model", "outcomes", [describe_outcome(**changes)]), **groups)


def test_samples_run_over_one_chain_after_another():
    drawn = np.arange(12.0).reshape(2, 2, 3)
    (outcome,) = read_outcomes(make_outcome_fit(replicates=drawn))
    np.testing.assert_array_equal(outcome.replicates, drawn.reshape(4, 3))
    np.testing.assert_array_equal(outcome.observed, Y)


@pytest.mark.parametrize(
    ("changes", "observed", "replicates", "kind"),
    [
        ({}, [0.5, 1.0], None, "continuous"),
        ({"integer": True, "distributions": ["poisson"]}, [3, 0], [2, 5], "count"),
        ({"integer": True, "distributions": ["binomial"]}, [1, 0], [0, 1], "binary"),
        ({"integer": True, "distributions": ["binomial"]}, [1, 0], [0, 2], "count"),
        ({"integer": True, "distributions": ["bernoulli_logit_glm"]}, [1, 1], [1, 1], "binary"),
        ({"integer": True, "distributions": ["ordered_probit"]}, [1, 2], [1, 3], "ordinal"),
        ({"integer": True, "distributions": ["categorical_logit"]}, [1, 2], [1, 3], "categorical"),
        ({"integer": True, "distributions": []}, [1, 2], [1, 3], "count"),
    ],
)
def test_kinds(changes, observed, replicates, kind):
    drawn = None if replicates is None else np.array([[replicates, replicates]], dtype=float)
    (outcome,) = read_outcomes(make_outcome_fit(observed, drawn, **changes))
    assert outcome.kind == kind


def test_cells_that_are_never_replicated_are_left_out_and_counted():
    drawn = np.random.default_rng(2).normal(size=(2, 10, 3))
    drawn[..., 1] = np.nan
    (outcome,) = read_outcomes(make_outcome_fit(replicates=drawn, log_lik=np.zeros((2, 10, 3))))
    np.testing.assert_array_equal(outcome.observed, [0.5, 2.5])
    assert outcome.left_out == 1
    np.testing.assert_array_equal(outcome.rows, [0, 2])


def test_a_sample_with_a_missing_draw_goes_and_with_it_the_rows():
    drawn = np.random.default_rng(2).normal(size=(2, 10, 3))
    drawn[1, 4, 0] = np.nan
    (outcome,) = read_outcomes(make_outcome_fit(replicates=drawn, log_lik=np.zeros((2, 10, 3))))
    assert outcome.replicates.shape == (19, 3)
    assert outcome.rows is None


def test_rows_step_over_those_of_another_outcome():
    log_lik = np.zeros((2, 50, 6))
    (outcome,) = read_outcomes(make_outcome_fit(log_lik=log_lik, first_row=1, row_step=2))
    np.testing.assert_array_equal(outcome.rows, [1, 3, 5])


def test_rows_beyond_the_log_likelihood_are_ignored():
    (outcome,) = read_outcomes(make_outcome_fit(log_lik=np.zeros((2, 50, 2))))
    assert outcome.rows is None


@pytest.mark.parametrize(
    ("fit", "words"),
    [
        (make_outcome_fit(replicate="", reason="`y ~ foo(a);` is a mixture"), "is a mixture"),
        (make_outcome_fit(replicate="y_new"), "`y_new` was not drawn in this run"),
        (make_outcome_fit(name="z"), "`z` is not among the observed data"),
        (make_outcome_fit(replicates=np.zeros((2, 5, 4))), "`y_rep` has 4 values, but `y` has 3"),
        (make_outcome_fit(replicates=np.full((2, 5, 3), np.nan)), "holds no complete draw"),
    ],
)
def test_an_outcome_without_replicates_has_a_reason(fit, words):
    assert read_outcomes(fit) == ()
    assert words in split_outcomes(fit)[1][0].reason
