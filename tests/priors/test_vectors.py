"""A number for each element of a prior, where the program has one for all or writes each out."""

import pytest

from workbench import priors
from workbench.errors import PriorError
from workbench.priors.vectors import list_elements

TEXT = """
data {
  int<lower=1> K;
  real s;
  vector[2] centre;
  real<lower=0> width;
}
parameters {
  vector[K] beta;
  vector[2] gamma;
  array[2] real delta;
  row_vector[2] eta;
  matrix[2, 2] m;
  real<lower=0> tau;
  vector[2] own;
  vector[2] wide;
}
model {
  beta ~ normal(0, 1);
  gamma ~ normal([0.5, -0.5]', 2 * s);
  target += normal_lpdf(delta | 0, 2.5);
  eta ~ normal(0, 1);
  to_vector(m) ~ normal(0, 1);
  tau ~ exponential(1);
  own ~ normal(centre, 1);
  wide ~ normal(0, width);
}
"""


@pytest.fixture(scope="module")
def program(program_from):
    return program_from(TEXT)


def settle(program, requested, tools):
    vectors = {name: value for name, value in requested.items() if priors.is_vector(value)}
    written = priors.write_vectors(program, vectors, tools.stanc)
    return written, priors.settle(written, requested, {}, "card")


def test_each_element_is_a_hyperparameter(program, tools):
    written, settled = settle(program, {"beta.mu": (0.97, -0.72), "beta.sigma": [1, 3]}, tools)
    values = {name: value for name, value in settled.values.items() if name.startswith("beta.")}
    assert values == {"beta.mu[1]": 0.97, "beta.mu[2]": -0.72, "beta.sigma[1]": 1, "beta.sigma[2]": 3}
    assert {settled.origins[name] for name in values} == {"--prior"}
    assert settled.origins["tau.beta"] == "model.stan"
    (prior,) = written.replaced_priors
    assert prior.original == "beta ~ normal(0, 1);"
    assert prior.statement == "beta ~ normal([0.97, -0.72]', [1.0, 3.0]');"
    assert (prior.option, prior.line) == ("--prior", 19)
    assert [term.line for term in written.terms] == [term.line for term in program.terms]


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        ("delta.mu", "target += normal_lpdf(delta | {1.0, 2.0}, 2.5);"),
        ("eta.sigma", "eta ~ normal(0, [1.0, 2.0]);"),
    ],
)
def test_values_are_written_in_the_type_of_the_parameter(program, tools, name, statement):
    written, _ = settle(program, {name: [1, 2]}, tools)
    assert written.replaced_priors[0].statement == statement


def test_a_vector_that_is_written_out_is_set_element_by_element_or_as_one(program, tools):
    written, settled = settle(program, {"gamma.mu": [1, 2]}, tools)
    assert written is program
    assert (settled.values["gamma.mu[1]"], settled.values["gamma.mu[2]"]) == (1, 2)
    _, settled = settle(program, {"gamma.mu": 3.0}, tools)
    assert (settled.values["gamma.mu[1]"], settled.values["gamma.mu[2]"]) == (3, 3)


def test_a_vector_of_the_data_is_given_whole(program, tools):
    _, settled = settle(program, {"own.mu": [1, 2]}, tools)
    assert settled.user_data["centre"] == [1, 2]


def test_constants_of_an_expression_are_no_elements(program):
    assert list_elements(program, "gamma.mu") == ["gamma.mu[1]", "gamma.mu[2]"]
    assert list_elements(program, "gamma.sigma") == []


@pytest.mark.parametrize(
    ("requested", "message"),
    [
        ({"gamma.mu": [1, 2, 3]}, r"`gamma\.mu` has 2 numbers in `model\.stan`, but --prior gives 3"),
        ({"tau.beta": [1, 2]}, r"`tau\.beta` is a single number"),
        ({"beta.sigma": [1, -2]}, r"`beta\.sigma` must be positive, but -2"),
        ({"to_vector(m).mu": [1, 2]}, "is a single number"),
        ({"width": [1, 2]}, r"`width` is declared `real<lower=0>` .* a single number, but --prior gives 2"),
        ({"wide.sigma": [1, 2]}, r"`width` is declared"),
        ({"beta.nu": [1, 2]}, r"`beta\.nu` is not a hyperparameter"),
    ],
)
def test_what_cannot_be_a_vector_is_refused(program, tools, requested, message):
    with pytest.raises(PriorError, match=message):
        settle(program, requested, tools)


def test_a_vector_of_another_length_than_its_parameter_is_refused(program, tools):
    written, _ = settle(program, {"beta.mu": [1, 2]}, tools)
    assert priors.check_lengths(written, {"beta": (2,)}) is None
    assert priors.check_lengths(written, {"beta": (None,)}) is None  # Stan knows
    problem = priors.check_lengths(written, {"beta": (3,)})
    assert problem is not None
    assert "`beta.mu` 2 numbers" in problem.message
    assert "`beta` has 3" in problem.message
