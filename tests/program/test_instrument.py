"""The data of the instrumented program: weights, roles and constants; and the names that it adds."""

from __future__ import annotations

import pytest

from tests.program.conftest import Programs
from workbench.errors import PriorError
from workbench.program import InstrumentedProgram


@pytest.fixture
def schools(programs: Programs) -> InstrumentedProgram:
    instrumented = programs["schools_centred"].instrumented
    assert instrumented is not None
    return instrumented


def test_data_are_those_of_the_original_density_by_default(schools: InstrumentedProgram):
    assert schools.make_data() == {
        "weights": [1.0, 1.0, 1.0, 1.0],
        "roles": [1, 1, 2, 3],
        "replicating": 0,
        "prior_mu_mu": 0.0,
        "prior_mu_sigma": 5.0,
        "prior_tau_mu": 0.0,
        "prior_tau_sigma": 5.0,
    }


def test_weights_and_constants_can_be_set(schools: InstrumentedProgram):
    data = schools.make_data({"prior": 0.5, 1: 2.0}, {"tau.sigma": 1.0})
    assert data["weights"] == [2.0, 0.5, 1.0, 1.0]
    assert data["prior_tau_sigma"] == 1.0
    assert schools.data_names == data.keys()


def test_replicates_are_off_unless_requested(schools: InstrumentedProgram):
    assert schools.make_data()["replicating"] == 0
    assert schools.make_data(replicating=True)["replicating"] == 1
    assert dict(schools.outputs.replicates) == {"y": "y_rep"}


def test_unknown_weights_and_constants_are_named(schools: InstrumentedProgram):
    with pytest.raises(PriorError, match=r"`sigma\.mu`") as caught:
        schools.make_data(hyperparameters={"sigma.mu": 1.0})
    assert "`tau.sigma`" in str(caught.value.hint)
    with pytest.raises(PriorError, match=r"`tau\.sigma`.* positive.* -1 "):
        schools.make_data(hyperparameters={"tau.sigma": -1.0})
    with pytest.raises(PriorError, match="`9`"):
        schools.make_data({9: 1.0})


def test_added_names_are_not_in_use(programs: Programs):
    instrumented = programs["own_quantities"].instrumented
    assert instrumented is not None
    assert instrumented.outputs.log_lik == "log_lik_2"
    assert instrumented.weights == "weights_2"
    assert instrumented.outputs.names == {"term_lpdf", "lprior_2", "log_lik_2"}
