"""Priors: who wins, and what is refused."""

import pytest

from workbench import priors
from workbench.errors import PriorError

TEXT = """
data {
  int N;
  vector[N] y;
  real<lower=0> scale;
}
parameters {
  real mu;
  real<lower=0> sigma;
}
model {
  mu ~ normal(0, scale);
  sigma ~ exponential(2);
  y ~ normal(mu, sigma);
}
"""


@pytest.fixture(scope="module")
def program(program_from):
    return program_from(TEXT)


def test_the_command_line_goes_before_the_card_and_the_card_before_nothing(program):
    settled = priors.settle(program, {"scale": 3.0}, {"scale": 9.0}, "card")
    assert settled.values["scale"] == 3.0
    assert settled.origins["scale"] == "--prior"
    assert priors.settle(program, {}, {"scale": 9.0}, "card").values["scale"] == 9.0
    assert "scale" not in priors.settle(program, {}, {}, "card").values


def test_literals_of_prior_statements_are_hyperparameters_with_their_value(program):
    settled = priors.settle(program, {"sigma.beta": 5.0}, {}, "card")
    assert settled.lifted == {"mu.mu": 0.0, "sigma.beta": 5.0}
    assert settled.user_data == {}


def test_an_unknown_name_is_refused_with_the_closest_one(program):
    with pytest.raises(PriorError, match=r"`sigma\.bta` is not a hyperparameter") as raised:
        priors.settle(program, {"sigma.bta": 1.0}, {}, "card")
    assert raised.value.hint == "did you mean `sigma.beta`?"
