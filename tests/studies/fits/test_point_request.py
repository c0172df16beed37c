"""The request of a point: other hyperparameters, and powers on its terms."""

import pytest

from tests.studies import normal_mean
from tests.studies.requests import make_data_priors_request, make_normal_request
from workbench.errors import PriorError, RequestError
from workbench.studies.fits.point_request import compute_term_weights, set_constants


@pytest.fixture
def normal_request(program_from, table_from):
    program = program_from(normal_mean.STAN, "normal_mean")
    return make_normal_request(program, table_from(normal_mean.TABLE))


@pytest.fixture
def data_priors_request(program_from, table_from):
    return make_data_priors_request(program_from, table_from)


def test_constants_become_data(normal_request):
    changed = set_constants(normal_request, {"mu.sigma": 3.0})
    assert changed.priors.values["mu.sigma"] == 3.0
    assert normal_request.priors.values["mu.sigma"] == 1.0


def test_powers_become_weights_of_terms(normal_request):
    program = normal_request.program
    prior, likelihood = (term.index for term in program.terms)
    assert compute_term_weights(program, {"mu": 2.0}) == {prior: 2.0}
    assert compute_term_weights(program, {"mu": 2.0, "prior": 3.0}) == {prior: 6.0}
    assert compute_term_weights(program, {"likelihood": 0.5}) == {likelihood: 0.5}


def test_a_power_that_matches_nothing_is_refused_with_those_that_do(normal_request):
    with pytest.raises(RequestError, match=r"power\(nu\) .*`normal_mean.stan`") as refused:
        compute_term_weights(normal_request.program, {"nu": 2.0})
    assert "power(prior), power(likelihood), power(mu)" in str(refused.value.hint)


def test_hyperparameters_in_the_data_change_the_data(data_priors_request):
    changed = set_constants(data_priors_request, {"mu_prior_sd": 1.0, "centre[2]": 5.0})
    assert changed.data.values["mu_prior_sd"] == 1.0
    assert changed.data.values["centre"] == [0.0, 5.0]
    assert changed.priors.lifted == data_priors_request.priors.lifted


def test_a_vector_is_not_a_single_number(data_priors_request):
    with pytest.raises(PriorError, match="`centre` holds 2 numbers") as refused:
        set_constants(data_priors_request, {"centre": 1.0})
    assert refused.value.hint == "its elements are `centre[1]` to `centre[2]`"
    with pytest.raises(PriorError, match=r"`centre\[3\]` is not an element of `centre`, whose size is 2"):
        set_constants(data_priors_request, {"centre[3]": 1.0})
