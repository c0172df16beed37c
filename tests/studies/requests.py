"""Requests for studies: the normal mean, and a program whose data give its hyperparameters."""

from tests.studies import normal_mean
from workbench import binding, priors
from workbench.binding import BindingOptions
from workbench.methods import Nuts
from workbench.request import FitRequest
from workbench.studies import include_data_hyperparameters

DATA_PRIORS = """
data {
  int<lower=0> N;
  vector[N] y;
  real<lower=0> mu_prior_sd;
  vector[2] centre;
}
parameters {
  real mu;
  vector[2] d;
}
model {
  mu ~ normal(0, mu_prior_sd);
  d ~ normal(centre, 1);
  y ~ normal(mu + sum(d), 1);
}
"""


def make_normal_request(program, table):
    """Return the request to fit a program without data of its own."""
    return FitRequest(
        program, binding.bind(program, table), priors.settle(program, {}, {}, "card"), (Nuts(),)
    )


def make_data_priors_request(program_from, table_from):
    """Return the request to fit the program whose data give its hyperparameters."""
    program = program_from(DATA_PRIORS, "data_priors")
    options = BindingOptions(given={"mu_prior_sd": 2.0, "centre": [0.0, 1.0]})
    data = binding.bind(program, table_from(normal_mean.TABLE), options)
    settled = priors.settle(program, {}, {}, "card")
    return include_data_hyperparameters(FitRequest(program, data, settled, (Nuts(),)))
