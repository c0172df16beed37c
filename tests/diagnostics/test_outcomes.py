"""Outcomes as arrays: kinds, missing draws, rows of the log likelihood."""

import numpy as np
import pytest

from tests.diagnostics.fits import fit_of, record_with
from workbench.diagnostics.outcomes import outcomes, replicated

Y = np.array([0.5, 1.5, 2.5])


def entry(**changes):
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


def fit_with(observed=Y, replicates=None, log_lik=None, **changes):
    observed = np.asarray(observed)
    drawn = np.random.default_rng(1).normal(1, 1, (2, 50, *observed.shape))
    groups = {
        "observed_data": {"y": observed},
        "posterior_predictive": {"y_rep": drawn if replicates is None else replicates},
    }
    if log_lik is not None:
        groups["log_likelihood"] = {"log_lik": log_lik}
    return fit_of(record_with("model", "outcomes", [entry(**changes)]), **groups)


def test_samples_run_over_one_chain_after_another():
    drawn = np.arange(12.0).reshape(2, 2, 3)
    (one,) = outcomes(fit_with(replicates=drawn))
    np.testing.assert_array_equal(one.replicates, drawn.reshape(4, 3))
    np.testing.assert_array_equal(one.observed, Y)
    assert one.labels == ("1", "2", "3")


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
    (one,) = outcomes(fit_with(observed, drawn, **changes))
    assert one.kind == kind


def test_cells_that_are_never_drawn_are_left_out_and_counted():
    drawn = np.random.default_rng(2).normal(size=(2, 10, 3))
    drawn[..., 1] = np.nan
    (one,) = outcomes(fit_with(replicates=drawn, log_lik=np.zeros((2, 10, 3))))
    np.testing.assert_array_equal(one.observed, [0.5, 2.5])
    assert one.left_out == 1
    assert one.labels == ("1", "3")
    np.testing.assert_array_equal(one.rows, [0, 2])


def test_a_sample_with_a_missing_draw_goes_and_with_it_the_rows():
    drawn = np.random.default_rng(2).normal(size=(2, 10, 3))
    drawn[1, 4, 0] = np.nan
    (one,) = outcomes(fit_with(replicates=drawn, log_lik=np.zeros((2, 10, 3))))
    assert one.replicates.shape == (19, 3)
    assert one.rows is None


def test_rows_step_over_those_of_another_outcome():
    log_lik = np.zeros((2, 50, 6))
    (one,) = outcomes(fit_with(log_lik=log_lik, first_row=1, row_step=2))
    np.testing.assert_array_equal(one.rows, [1, 3, 5])


def test_rows_beyond_the_log_likelihood_are_not_believed():
    (one,) = outcomes(fit_with(log_lik=np.zeros((2, 50, 2))))
    assert one.rows is None


@pytest.mark.parametrize(
    ("fit", "words"),
    [
        (fit_with(replicate="", reason="`y ~ foo(a);` is a mixture"), "is a mixture"),
        (fit_with(replicate="y_new"), "`y_new` was not drawn in this run"),
        (fit_with(name="z"), "`z` is not among the observed data"),
        (fit_with(replicates=np.zeros((2, 5, 4))), "`y_rep` has 4 values, but `y` has 3"),
        (fit_with(replicates=np.full((2, 5, 3), np.nan)), "holds no complete draw"),
    ],
)
def test_what_is_left_out_has_its_reason(fit, words):
    assert outcomes(fit) == ()
    assert words in replicated(fit)[1][0]["reason"]
