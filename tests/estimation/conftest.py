"""A fit without compiling: a small program, its data, and a backend that knows the answer."""

from pathlib import Path

import pytest

from workbench import binding, priors
from workbench.backends.fake import FakeBackend
from workbench.estimation.estimate import estimate
from workbench.methods import Laplace, Map, Mle, Nuts
from workbench.request import FitRequest
from workbench.toolchain import CompiledModel

TEXT = """
data {
  int<lower=0> N;
  int<lower=1> K;
  matrix[N, K] X;
  vector[N] y;
}
parameters {
  real alpha;
  vector[K] beta;
}
transformed parameters {
  vector[N] eta = alpha + X * beta;
}
model {
  alpha ~ normal(0, 5);
  beta ~ normal(0, 1);
  y ~ normal(eta, 1);
}
generated quantities {
  vector[N] y_rep = eta;
}
"""

TABLE = "who,y,age,dose\nAnn,1,30,0.5\nBob,2,40,0.1\n"

MEANS = {
    "alpha": 1.0, "beta[1]": 0.5, "beta[2]": -2.0, "eta[1]": 3.0, "eta[2]": 4.0,
    "y_rep[1]": 3.0, "y_rep[2]": 4.0,
}  # fmt: skip
SDS = dict(zip(MEANS, (0.1, 0.2, 1.0, 1.0, 1.0, 2.0, 2.0), strict=True))

METHODS = (Mle(), Map(), Map(jacobian=True), Laplace(1000), Nuts(4, 500, 100))

MODEL = CompiledModel("model", Path("/nowhere"), "0" * 64, True, 0.0, "2.39.0", "no compiler")


@pytest.fixture(scope="session")
def program(program_from):
    return program_from(TEXT)


@pytest.fixture
def request_for(program, table_from):
    """Make a request for the program; its methods and seed can be chosen."""

    def make(methods=METHODS, seed=1):
        bound = binding.bind(program, table_from(TABLE))
        settled = priors.settle(program, {}, {}, "card")
        return FitRequest(program, bound, settled, methods, seed)

    return make


@pytest.fixture
def fitted(request_for):
    return estimate(request_for(), MODEL, FakeBackend(MEANS, SDS))
