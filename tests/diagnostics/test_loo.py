"""Leave-one-out numbers, against ArviZ on the whole tree and against exact refits."""

import numpy as np
import pytest
from scipy import stats

from tests.diagnostics.fits import change_record, make_fit
from workbench.diagnostics import loo
from workbench.diagnostics.diagnose import diagnose

ROWS = 30


def normal_mean_fit(seed=3, draws=1000, outlier=0.0):
    """The posterior of a normal mean under a flat prior and known scale, with its pointwise densities."""
    rng = np.random.default_rng(seed)
    y = np.array(rng.normal(0, 1, ROWS))
    y[4] += outlier
    mu = np.array(rng.normal(y.mean(), 1 / np.sqrt(ROWS), (4, draws)))
    log_lik = np.asarray(stats.norm.logpdf(y, mu[..., None], 1))
    return y, make_fit(posterior={"mu": mu}, log_likelihood={"log_lik": log_lik})


def test_the_numbers_are_those_of_arviz():
    arviz_stats = pytest.importorskip("arviz_stats")
    _, fit = normal_mean_fit()
    theirs = arviz_stats.loo(fit.tree, pointwise=True)
    ours = loo.measure_loo(fit, loo.compute_leave_one_out(fit))
    assert ours.elpd == pytest.approx(theirs.elpd, rel=1e-12)
    assert ours.se == pytest.approx(theirs.se, rel=1e-12)
    assert ours.p_loo == pytest.approx(theirs.p, rel=1e-9)
    assert ours.khat_limit == pytest.approx(theirs.good_k)
    left_out = loo.compute_leave_one_out(fit)
    np.testing.assert_allclose(left_out.khat, theirs.pareto_k.values)
    np.testing.assert_allclose(left_out.elpd, theirs.elpd_i.values)


def test_each_density_is_that_of_an_exact_refit():
    """Without row i the posterior predictive is normal with mean of the rest and variance 1 + 1/(n-1)."""
    y, fit = normal_mean_fit(draws=4000)
    rest = (y.sum() - y) / (ROWS - 1)
    exact = stats.norm.logpdf(y, rest, np.sqrt(1 + 1 / (ROWS - 1)))
    np.testing.assert_allclose(loo.compute_leave_one_out(fit).elpd, exact, atol=0.02)


def test_an_outlier_comes_first_and_is_named_by_its_row():
    _, fit = normal_mean_fit(outlier=8.0)
    rows = loo.measure_loo(fit, loo.compute_leave_one_out(fit)).rows
    assert (rows[0].row, rows[0].label) == (5, "5")
    assert rows[0].khat == max(row.khat for row in rows if row.khat is not None)


def test_a_row_whose_density_does_not_vary_leaves_all_draws_equal():
    _, fit = normal_mean_fit()
    log_lik = fit.tree["log_likelihood"]["log_lik"].values
    log_lik[..., 0] = -1.5
    left_out = loo.compute_leave_one_out(fit)
    assert left_out.khat[0] == 0
    assert left_out.elpd[0] == pytest.approx(-1.5)


def test_ratios_with_a_bound_are_not_smoothed():
    """Half of the draws share the lowest likelihood of a row: weights are the plain ratios."""
    _, fit = normal_mean_fit()
    log_lik = fit.tree["log_likelihood"]["log_lik"].values
    log_lik[..., 0] = np.where(np.arange(1000) % 2, -3.0, -1.0)
    left_out = loo.compute_leave_one_out(fit)
    assert left_out.khat[0] == 0
    assert left_out.elpd[0] == pytest.approx(np.log(1 / np.mean(np.exp([3.0, 1.0]))))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda array: array[..., :1], "a single log likelihood holds all observations"),
        (
            lambda array: np.where(np.arange(ROWS) == 2, np.nan, array),
            "of 1 observations is not finite at some draws",
        ),
        (lambda array: array[:, :6], "24 draws are too few"),
    ],
)
def test_it_says_why_leave_one_out_is_not_available(change, words):
    _, fit = normal_mean_fit()
    array = change(fit.tree["log_likelihood"]["log_lik"].values)
    changed = make_fit(log_likelihood={"log_lik": array})
    assert words in loo.explain_missing_loo(changed)


def test_a_joint_density_is_the_reason():
    limit = {"feature": "loo", "message": "`y ~ multi_normal(m, S);` is one joint density.", "line": 3}
    fit = make_fit(change_record("model", "limits", [limit]))
    assert diagnose(fit).entries["loo"] == {"status": "not available", "reason": limit["message"]}
