"""Eight schools against quadrature over tau."""

import pytest

from tests.truth import oracles, tables
from tests.truth.agreement import assert_close, assert_posterior, values
from tests.truth.oracles import EightSchoolsPrior

PRIOR = EightSchoolsPrior(mu_prior_mean=0.0, mu_prior_sd=5.0, tau_prior_scale=5.0)


@pytest.fixture(scope="module")
def fit(fit_bundled):
    return fit_bundled("hierarchical/eight_schools", "eight_schools")


def test_default_hyperparameters_are_those_of_the_card(fit):
    assert vars(PRIOR).items() <= fit.record["priors"].items()


def test_posterior_is_the_exact_mixture(fit):
    assert_posterior(fit, oracles.eight_schools_posterior(*tables.eight_schools(), PRIOR), "tau")


def test_mode_on_the_unconstrained_scale(fit):
    exact = oracles.eight_schools_mode(*tables.eight_schools(), PRIOR, jacobian=True)
    assert_close(values(fit, "map_unconstrained"), exact)


@pytest.mark.parametrize(
    ("method", "words"),
    [
        # with the priors off tau runs to infinity, and mu no longer matters
        pytest.param("mle", "it keeps rising as `tau`", id="mle"),
        # with them, but without the Jacobian, tau runs to zero (see the oracles)
        pytest.param("map", "it keeps rising as `tau`", id="map"),
    ],
)
def test_modes_that_do_not_exist_are_not_reported(fit, method, words):
    assert fit.record[method]["status"] == "failed"
    assert words in fit.record[method]["reason"]
    assert fit.record[method]["estimates"] == {}
