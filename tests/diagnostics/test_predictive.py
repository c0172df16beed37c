"""Replicates compared with data: ArviZ, scikit-learn and closed forms agree."""

import msgspec
import numpy as np
import pytest
from scipy import stats
from sklearn import metrics
from sklearn.calibration import calibration_curve

from tests.diagnostics.fits import change_record, make_fit
from tests.diagnostics.test_outcomes import describe_outcome
from workbench.diagnostics import calibration, counts, loo, predictive
from workbench.diagnostics.diagnose import diagnose
from workbench.diagnostics.outcomes import Outcome, read_outcomes
from workbench.thresholds import P_VALUE_LIMIT

SHAPE = (4, 500)


def outcome_of(observed, replicates, kind):
    return Outcome(
        "y", "y_rep", kind, "likelihood", np.asarray(observed, float), np.asarray(replicates, float), None
    )


def normal_fit(count=80, seed=4, scale=1.0):
    """Data of a normal model with its exact posterior; `scale` is the true deviation, 1 the model's."""
    rng = np.random.default_rng(seed)
    y = rng.normal(2, scale, count)
    mu = rng.normal(y.mean(), 1 / np.sqrt(count), SHAPE)
    return make_fit(
        change_record("model", "outcomes", [describe_outcome()]),
        posterior={"mu": mu},
        observed_data={"y": y},
        posterior_predictive={"y_rep": rng.normal(mu[..., None], 1, (*SHAPE, count))},
        log_likelihood={"log_lik": np.asarray(stats.norm.logpdf(y, mu[..., None], 1))},
    )


def binary_fit(count=300, seed=5):
    """Bernoulli outcomes with probabilities that vary, known up to a little noise."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(0, 1.5, count) + rng.normal(0, 0.1, (*SHAPE, 1))
    p = 1 / (1 + np.exp(-logit))
    y = (rng.random(count) < p[0, 0]).astype(int)
    return make_fit(
        change_record("model", "outcomes", [describe_outcome(integer=True, distributions=["bernoulli"])]),
        posterior={"a": logit[..., 0]},
        observed_data={"y": y},
        posterior_predictive={"y_rep": (rng.random(p.shape) < p).astype(float)},
        log_likelihood={"log_lik": np.log(np.where(y == 1, p, 1 - p))},
    )


def loo_pit(fit):
    """Return the transforms of the only outcome, each given all other observations."""
    (outcome,) = read_outcomes(fit)
    return predictive.compute_pit(outcome, loo.compute_leave_one_out(fit))


def test_loo_pit_is_that_of_arviz():
    arviz_stats = pytest.importorskip("arviz_stats")
    fit = normal_fit()
    tree = fit.tree.copy()
    tree["posterior_predictive"] = (
        tree["posterior_predictive"].to_dataset().rename(y_rep="y", y_rep_dim_0="y_dim_0")
    )
    tree["log_likelihood"] = tree["log_likelihood"].to_dataset().rename(log_lik="y", log_lik_dim_0="y_dim_0")
    theirs = arviz_stats.loo_pit(tree)["y"].values
    np.testing.assert_allclose(loo_pit(fit), theirs, atol=1e-12)


def test_loo_pit_of_a_normal_model_is_the_distribution_function_of_the_exact_refit():
    fit = normal_fit()
    y = fit.tree["observed_data"]["y"].values
    n = len(y)
    exact = stats.norm.cdf(y, (y.sum() - y) / (n - 1), np.sqrt(1 + 1 / (n - 1)))
    pit = loo_pit(fit)
    error = np.sqrt(exact * (1 - exact) / (SHAPE[0] * SHAPE[1]))
    assert (np.abs(pit - exact) < 5 * error + 1e-3).all()


def test_coverage_counts_what_the_intervals_hold():
    fit = normal_fit()
    (outcome,) = diagnose(fit).entries["predictive"]["outcomes"]
    y = fit.tree["observed_data"]["y"].values
    n = len(y)
    mean, sd = (y.sum() - y) / (n - 1), np.sqrt(1 + 1 / (n - 1))
    for coverage in outcome["coverage"]:
        half = stats.norm.ppf((1 + coverage["level"]) / 2) * sd
        exact = int((np.abs(y - mean) < half).sum())
        assert abs(coverage["inside"] - exact) <= 3  # observations at the very edge, within Monte Carlo error
        lower, upper = stats.binom.interval(0.95, n, coverage["level"])
        assert (coverage["lower"], coverage["upper"]) == (lower / n, upper / n)


def test_too_narrow_a_model_covers_too_little_and_its_transforms_are_not_uniform():
    (outcome,) = diagnose(normal_fit(scale=3.0)).entries["predictive"]["outcomes"]
    assert all(coverage["observed"] < coverage["lower"] for coverage in outcome["coverage"])
    assert outcome["pit"]["source"] == "loo"
    assert outcome["pit"]["uniform_p"] < 1e-3


def test_p_values_are_tail_shares_with_ties_counted_half():
    observed = np.array([0.0, 0, 3])
    replicates = np.array([[0.0, 0, 3], [0, 1, 5], [0, 0, 2], [1, 1, 4]])
    checks = predictive.compute_statistics(outcome_of(observed, replicates, "count"))
    by_name = {check.name: check for check in checks}
    assert by_name["share of zeros"].p_value == (0 + 0.5 * 2) / 4
    assert by_name["max"].p_value == (2 + 0.5) / 4
    assert by_name["mean"].p_value == (2 + 0.5) / 4
    assert by_name["mean"].observed == 1


def test_shares_of_categories_are_their_statistics():
    observed = np.array([1.0, 2, 2, 3])
    checks = predictive.compute_statistics(outcome_of(observed, np.tile(observed, (3, 1)), "categorical"))
    assert [(check.name, check.observed) for check in checks] == [
        ("share of 1", 0.25),
        ("share of 2", 0.5),
        ("share of 3", 0.25),
    ]


def test_ties_are_spread_over_their_step():
    """A Poisson outcome under its own distribution has uniform transforms although it is discrete."""
    rng = np.random.default_rng(8)
    outcome = outcome_of(rng.poisson(2, 400), rng.poisson(2, (1000, 400)), "count")
    assert stats.kstest(predictive.compute_pit(outcome), "uniform").pvalue > 1e-3


def test_scores_of_a_binary_outcome_are_those_of_scikit_learn():
    fit = binary_fit()
    (outcome,) = read_outcomes(fit)
    left_out = loo.compute_leave_one_out(fit)
    predicted = calibration.predict_probabilities(outcome, left_out)
    scores = msgspec.to_builtins(calibration.compute_scores(outcome, left_out))
    assert scores["brier"] == pytest.approx(metrics.brier_score_loss(outcome.observed, predicted))
    assert scores["log_loss"] == pytest.approx(metrics.log_loss(outcome.observed, predicted))
    shares, means = calibration_curve(outcome.observed, predicted, n_bins=10, strategy="quantile")
    np.testing.assert_allclose([group["observed"] for group in scores["reliability"]], shares)
    np.testing.assert_allclose([group["predicted"] for group in scores["reliability"]], means)
    error = np.average(np.abs(shares - means), weights=[group["count"] for group in scores["reliability"]])
    assert scores["calibration_error"] == pytest.approx(error)


def test_probabilities_without_a_row_are_those_of_an_exact_refit():
    """Beta-binomial: without row i the probability of a one is (1 + ones elsewhere) / (n + 1)."""
    rng = np.random.default_rng(9)
    y = (rng.random(40) < 0.3).astype(int)
    theta = rng.beta(1 + y.sum(), 1 + 40 - y.sum(), (4, 2000))
    fit = make_fit(
        change_record("model", "outcomes", [describe_outcome(integer=True, distributions=["bernoulli"])]),
        posterior={"theta": theta},
        observed_data={"y": y},
        posterior_predictive={"y_rep": (rng.random((*theta.shape, 40)) < theta[..., None]).astype(float)},
        log_likelihood={"log_lik": np.log(np.where(y == 1, theta[..., None], 1 - theta[..., None]))},
    )
    (outcome,) = read_outcomes(fit)
    exact = (1 + y.sum() - y) / 41
    np.testing.assert_allclose(
        calibration.predict_probabilities(outcome, loo.compute_leave_one_out(fit)),
        exact,
        atol=4 * 0.07 / np.sqrt(8000) + 1e-3,
    )


def test_spiegelhalters_statistic_is_standard_normal_when_calibrated():
    rng = np.random.default_rng(10)
    p = rng.uniform(0.05, 0.95, (500, 200))
    z = np.array(
        [calibration.compute_spiegelhalter_z((rng.random(200) < row).astype(float), row) for row in p]
    )
    assert stats.kstest(z, "norm").pvalue > 1e-3
    assert calibration.compute_spiegelhalter_z(np.ones(3), np.ones(3)) is None


@pytest.mark.parametrize(("factor", "sign"), [(2.0, 1), (0.5, -1)])
def test_its_sign_tells_overconfidence_from_caution(factor, sign):
    """Log odds doubled are too extreme, halved too cautious."""
    rng = np.random.default_rng(13)
    logit = rng.normal(0, 1.5, 4000)
    happened = (rng.random(4000) < 1 / (1 + np.exp(-logit))).astype(float)
    z = calibration.compute_spiegelhalter_z(happened, 1 / (1 + np.exp(-factor * logit)))
    assert z is not None
    assert sign * z > 3


def test_the_probability_given_all_data_is_the_mean_over_draws():
    """Without leave-one-out: the share of drawn ones would be off by a percent."""
    fit = binary_fit()
    (outcome,) = read_outcomes(fit)
    log_lik = fit.tree["log_likelihood"]["log_lik"].values.reshape(-1, 300)
    of_a_one = np.where(outcome.observed == 1, np.exp(log_lik), 1 - np.exp(log_lik))
    np.testing.assert_allclose(calibration.predict_probabilities(outcome), of_a_one.mean(axis=0))


def test_dispersion_of_overdispersed_counts_is_their_variance_ratio():
    """Negative binomial counts of mean 5 and shape 2 vary 1 + 5/2 times as much as Poisson ones."""
    rng = np.random.default_rng(11)
    observed = rng.poisson(rng.gamma(2, 2.5, 4000))
    dispersion = counts.measure_dispersion(outcome_of(observed, rng.poisson(5, (400, 4000)), "count"))
    assert dispersion is not None
    assert dispersion.ratio == pytest.approx(3.5, rel=0.15)
    assert dispersion.p_value == 0


def test_dispersion_does_not_apply_to_replicates_that_are_all_zero():
    assert counts.measure_dispersion(outcome_of([0, 0], np.zeros((5, 2)), "count")) is None


def test_without_replicates_there_is_a_reason():
    changed = describe_outcome(replicate="", reason="`target += lp;` is a sum over cases, a mixture")
    predictive_result = diagnose(make_fit(change_record("model", "outcomes", [changed]))).measures.predictive
    assert predictive_result.status == "not available"
    assert predictive_result.reason == "`y`: `target += lp;` is a sum over cases, a mixture."


def test_few_replicates_of_many_rows_raise_no_alarm():
    """Each replicate is a step of a fiftieth, and none of 50 is as large as some observed maxima."""
    p_values, extremes = [], 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        outcome = outcome_of(rng.normal(size=20_000), rng.normal(size=(50, 20_000)), "continuous")
        p_values.append(stats.kstest(predictive.compute_pit(outcome), "uniform").pvalue)
        found = predictive.compute_statistics(outcome)
        shares = [one.p_value for one in found if one.p_value is not None]
        extremes += any(min(share, 1 - share) < P_VALUE_LIMIT for share in shares)
    assert stats.kstest(p_values, "uniform").pvalue > 1e-4
    assert extremes == 0
    narrow = outcome_of(rng.normal(size=20_000), rng.normal(scale=0.9, size=(50, 20_000)), "continuous")
    assert stats.kstest(predictive.compute_pit(narrow), "uniform").pvalue < 1e-6
