"""The beta-binomial model against closed forms."""

import numpy as np
import pytest
from scipy import stats

from tests.truth import oracles, tables
from tests.truth.agreement import assert_close, assert_interval, assert_moments, values

A, B = 3.0, 2.0
EXACT = oracles.beta_binomial_posterior(*tables.mendel(), theta_prior_a=A, theta_prior_b=B)


@pytest.fixture(scope="module")
def fit(fit_bundled):
    return fit_bundled("conjugate/beta_binomial", "mendel_peas", theta_prior_a=A, theta_prior_b=B)


def test_maximum_likelihood_is_the_share_of_dominants(fit):
    table = tables.mendel()
    n, share = table.n.sum(), table.y.sum() / table.n.sum()
    assert_close(values(fit, "mle"), {"theta": share})
    assert_close(values(fit, "mle", "se"), {"theta": np.sqrt(share * (1 - share) / n)}, rel=1e-4)
    log_lik = float(np.sum(stats.binom.logpmf(table.y, table.n, share)))
    assert fit.record["mle"]["log_lik"] == pytest.approx(log_lik, rel=1e-6)


@pytest.mark.parametrize(("method", "jacobian"), [("map", False), ("map_unconstrained", True)])
def test_modes_on_both_scales_are_in_closed_form(fit, method, jacobian):
    a, b = EXACT.args
    assert_close(values(fit, method), {"theta": oracles.beta_mode(a, b, jacobian=jacobian)})


def test_laplace_has_the_curvature_of_the_log_odds(fit):
    """At the mode m it is (a + b) m (1 - m), and the way back multiplies a deviation by m (1 - m)."""
    a, b = EXACT.args
    mode = a / (a + b)
    numbers = fit.record["laplace"]["estimates"]["theta"]
    assert numbers["sd"] == pytest.approx(np.sqrt(mode * (1 - mode) / (a + b)), rel=0.05)


def test_posterior_is_the_exact_beta(fit):
    assert_moments(fit, "theta", EXACT.mean(), EXACT.std())
    assert_interval(fit, "theta", EXACT.cdf)
