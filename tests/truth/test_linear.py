"""Linear regression against least squares and against quadrature over sigma."""

import pytest

from tests.truth import oracles, tables
from tests.truth.agreement import assert_close, assert_posterior, values
from tests.truth.oracles import LinearPrior

# strong enough that every estimate moves by far more than its tolerance
PRIOR = LinearPrior(alpha_prior_mean=100.0, alpha_prior_sd=2.0, beta_prior_sd=1.5, sigma_prior_sd=12.0)


@pytest.fixture(scope="module")
def fit(fit_bundled):
    return fit_bundled("regression/linear", "kidiq", **vars(PRIOR))


def test_maximum_likelihood_is_least_squares(fit):
    exact = oracles.linear_mle(*tables.kidiq())
    assert_close(values(fit, "mle"), exact.value)
    assert_close(values(fit, "mle", "se"), exact.se, rel=1e-4)
    assert fit.record["mle"]["log_lik"] == pytest.approx(exact.log_lik, rel=1e-8)


@pytest.mark.parametrize(("method", "jacobian"), [("map", False), ("map_unconstrained", True)])
def test_modes_on_both_scales(fit, method, jacobian):
    assert_close(values(fit, method), oracles.linear_mode(*tables.kidiq(), PRIOR, jacobian=jacobian))


def test_posterior_is_the_exact_mixture(fit):
    assert_posterior(fit, oracles.linear_posterior(*tables.kidiq(), PRIOR), "sigma")


def test_slopes_carry_the_names_of_their_columns(fit):
    labels = [fit.record["nuts"]["estimates"][f"beta[{k}]"]["label"] for k in (1, 2, 3)]
    assert labels == ["beta[mom_hs]", "beta[mom_iq]", "beta[mom_age]"]
