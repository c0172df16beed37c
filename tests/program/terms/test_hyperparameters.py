"""Constants of priors are found, and named by parameter and argument."""

from __future__ import annotations

import pytest

from tests.program.conftest import Programs


def find_constants(name: str, programs: Programs) -> dict[str, float | None]:
    return {item.name: item.default for item in programs[name].hyperparameters}


def test_literals_are_named_by_parameter_and_argument(programs: Programs):
    assert find_constants("correlated_effects", programs) == {
        "gamma.mu": 0.0,
        "gamma.sigma": 5.0,
        "tau.nu": 3.0,
        "tau.mu": 0.0,
        "tau.sigma": 2.5,
        "L.eta": 2.0,
    }


def test_constants_inside_expressions_are_found(programs: Programs):
    assert find_constants("literal_vectors", programs) == {
        "beta.mu": 0.0,
        "beta.sigma": 2.5,
        "tau.mu": 0.0,
        "tau.sigma": pytest.approx(10**0.5),
        "theta.alpha": 0.5,
    }
    assert find_constants("categories", programs)["theta.alpha[2]"] == 2.5


def test_arguments_that_hold_the_programs_own_data_are_known(programs: Programs):
    assert not programs["literal_vectors"].arguments
    arguments = {item.name: (item.text, item.is_plain) for item in programs["beta_binomial"].arguments}
    assert arguments == {"theta.alpha": ("a", True), "theta.beta": ("b", True)}


def test_a_second_prior_of_a_parameter_is_numbered(programs: Programs):
    assert find_constants("control_flow", programs) == {
        "mu.mu": 0.0,
        "mu.sigma": 10.0,
        "mu.mu:2": 0.0,
        "mu.sigma:2": 1.0,
    }


def test_the_programs_own_data_are_hyperparameters_where_only_priors_use_them(programs: Programs):
    own = {item.name: item for item in programs["beta_binomial"].hyperparameters}
    assert own.keys() == {"a", "b"}
    assert own["a"].is_user_data
    assert own["a"].argument == "alpha"
    assert own["a"].default is None
    assert not [item for item in programs["measurement_error"].hyperparameters if item.name == "tau"]


def test_bounds_of_a_uniform_prior_stay(programs: Programs):
    assert not [name for name in find_constants("occupancy", programs) if name.startswith("psi")]


def test_outcomes_and_likelihoods_give_none(programs: Programs):
    assert find_constants("no_prior", programs) == {}
    assert find_constants("data_dependent_prior", programs) == {
        "mu.sigma": 10.0,
        "sigma.beta": 1.0,
        "sigma.mu": 0.0,
        "sigma.sigma": 5.0,
    }


def test_constants_of_priors_summed_elsewhere_are_found(programs: Programs):
    constants = {item.name: item for item in programs["priors_in_transformed"].hyperparameters}
    assert constants.keys() == {
        "Intercept.nu", "Intercept.mu", "Intercept.sigma", "sd_1.nu", "sd_1.mu", "sd_1.sigma"
    }  # fmt: skip
    assert constants["sd_1.sigma"].default == 2.5


def test_a_normaliser_shares_the_constants_of_its_density(programs: Programs):
    instrumented = programs["priors_in_transformed"].instrumented
    assert instrumented is not None
    density, normaliser = "prior_sd_1_nu, prior_sd_1_mu, prior_sd_1_sigma", "student_t_lccdf(0 |"
    block = " ".join(instrumented.source.split("transformed parameters {")[1].split("model {")[0].split())
    assert block.count(density) == 2
    assert f"{normaliser} {density})" in block


def test_arguments_of_the_programs_own_densities_have_its_names(programs: Programs):
    assert find_constants("included", programs) == {"mu.scale": 5.0}


def test_densities_of_one_mixture_have_constants_of_their_own(programs: Programs):
    own = [item for item in programs["spike_and_slab"].hyperparameters if item.name.startswith("beta.")]
    assert [(item.name, item.default) for item in own] == [
        ("beta.mu", 0.0),
        ("beta.sigma", 0.1),
        ("beta.mu:2", 0.0),
        ("beta.sigma:2", 5.0),
    ]


@pytest.mark.parametrize("name", ["spike_and_slab", "driver_two_modes", "horseshoe", "priors_in_transformed"])
def test_no_two_constants_share_a_name(programs: Programs, name: str):
    names = [item.name for item in programs[name].hyperparameters]
    assert len(set(names)) == len(names)
