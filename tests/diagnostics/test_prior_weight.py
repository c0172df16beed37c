"""The weight of priors beside the data, compared with the effective sample sizes of conjugate priors."""

import math

import numpy as np
import pytest
from scipy import stats

from workbench.diagnostics.prior_weight import PriorTerm, compute_prior_weight, measure_prior_weights
from workbench.results.view import view

DRAWS = 4000
UNBOUNDED = (-math.inf, math.inf)


@pytest.mark.parametrize(("a", "b", "successes", "trials"), [(10, 90, 6, 10), (1, 1, 6, 10), (10, 10, 0, 10)])
def test_a_beta_prior_counts_its_two_numbers_in_trials(a, b, successes, trials):
    """Morita, Thall and Müller (2008), section 3: the effective sample size of Beta(a, b) is a + b."""
    p = np.random.default_rng(1).beta(a + successes, b + trials - successes, DRAWS)
    log_data = np.asarray(stats.binom.logpmf(successes, trials, p))
    weight = compute_prior_weight(p, [np.asarray(stats.beta.logpdf(p, a, b))], log_data, (0.0, 1.0))
    assert weight == pytest.approx((a + b) / trials, rel=1e-9)


@pytest.mark.parametrize(("sd", "rows"), [(1.0, 4), (0.1, 50), (10.0, 20)])
def test_a_normal_prior_counts_as_the_ratio_of_variances(sd, rows):
    """Beside observations of variance 1, a prior of variance v is worth 1 / v of them."""
    rng = np.random.default_rng(2)
    y = rng.normal(2, 1, rows)
    precision = rows + sd**-2
    mu = rng.normal(y.sum() / precision, precision**-0.5, DRAWS)
    log_data = np.sum(stats.norm.logpdf(y[:, None], mu, 1), axis=0)
    weight = compute_prior_weight(mu, [stats.norm.logpdf(mu, 0, sd)], log_data, UNBOUNDED)
    assert weight == pytest.approx(sd**-2 / rows, rel=1e-9)


@pytest.mark.parametrize(("shape", "rate", "rows"), [(2.0, 0.5, 30), (50.0, 20.0, 5)])
def test_a_gamma_prior_counts_its_rate(shape, rate, rows):
    rng = np.random.default_rng(3)
    y = rng.poisson(3, rows)
    mean = rng.gamma(shape + y.sum(), 1 / (rate + rows), DRAWS)
    log_data = np.sum(stats.poisson.logpmf(y[:, None], mean), axis=0)
    weight = compute_prior_weight(
        mean, [stats.gamma.logpdf(mean, shape, scale=1 / rate)], log_data, (0.0, math.inf)
    )
    assert weight == pytest.approx(rate / rows, rel=1e-9)


def test_correlated_coefficients_have_the_weights_of_their_shares():
    """For a normal posterior with covariance S, prior precision R and data precision L: S R S over S L S."""
    rng = np.random.default_rng(4)
    predictors = rng.normal(size=(50, 4))
    predictors[:, 1] += 2 * predictors[:, 0]
    data, prior = predictors.T @ predictors, 4 * np.eye(4)
    covariance = np.linalg.inv(data + prior)
    y = predictors @ np.array([0.3, -0.2, 0.5, 0.0]) + rng.normal(size=50)
    beta = rng.multivariate_normal(covariance @ predictors.T @ y, covariance, 40_000)
    log_prior = stats.norm.logpdf(beta, 0, 0.5).sum(axis=1)
    log_data = -0.5 * ((y - beta @ predictors.T) ** 2).sum(axis=1)
    exact = np.diag(covariance @ prior @ covariance) / np.diag(covariance @ data @ covariance)
    for k in range(4):
        weight = compute_prior_weight(beta[:, k], [log_prior], log_data, UNBOUNDED)
        assert weight == pytest.approx(exact[k], rel=0.1)


def test_the_prior_of_another_parameter_counts_where_both_are_correlated():
    """Two numbers of which the data know the sum: what is known about one is known about the other."""
    covariance = np.linalg.inv(np.array([[10.0, 10.0], [10.0, 14.0]]))  # a prior of precision 4 on the second
    draws = np.random.default_rng(7).multivariate_normal([0.0, 0.0], covariance, 20_000)
    log_data, log_prior = -5 * draws.sum(axis=1) ** 2, -2 * draws[:, 1] ** 2
    noise = np.random.default_rng(8).normal(size=20_000)
    weight = compute_prior_weight(draws[:, 0], [], log_data, UNBOUNDED, [log_prior, noise])
    data = np.full((2, 2), 10.0)
    exact = (covariance @ np.diag([0.0, 4.0]) @ covariance)[0, 0] / (covariance @ data @ covariance)[0, 0]
    assert weight == pytest.approx(exact, rel=0.1)


def test_what_is_lost_in_noise_is_not_known():
    rng = np.random.default_rng(5)
    theta = rng.normal(size=(DRAWS, 200))
    log_data = -0.5 * 1e-3 * theta[:, 0] ** 2 + rng.normal(size=DRAWS)
    assert compute_prior_weight(theta[:, 0], [-0.5 * (theta**2).sum(axis=1)], log_data, UNBOUNDED) is None
    assert compute_prior_weight(theta[:, 0], [np.zeros(DRAWS)], -0.5 * theta[:, 0] ** 2, UNBOUNDED) is None
    assert compute_prior_weight(np.ones(DRAWS), [np.zeros(DRAWS)], np.zeros(DRAWS), UNBOUNDED) is None


def test_only_parameters_that_have_bounds_alone_have_a_weight():
    rng = np.random.default_rng(6)
    mu = rng.normal(size=(4, 1000))
    declared = [
        {"name": "mu", "type": "real"},
        {"name": "share", "type": "simplex[3]"},
        {"name": "twice_mu", "type": "real"},
    ]
    estimates = {name: {"ess_bulk": 3000.0} for name in ("mu", "share[1]", "twice_mu", "y_rep[1]")}
    results = view({"model": {"parameters": declared}, "nuts": {"status": "ok", "estimates": estimates}})
    quantities = dict.fromkeys(estimates, mu)
    prior = PriorTerm(-0.5 * mu**2, frozenset({"mu"}))
    weights = measure_prior_weights(results, quantities, [prior], -1.5 * mu**2)
    assert weights == {"mu": pytest.approx(1 / 3)}
