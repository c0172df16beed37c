"""Parameters that a density restricts, but not their declaration."""

from __future__ import annotations

import pytest

from tests.program.conftest import NAMES, Programs
from workbench.program import describe


def find(parameters, model, program_from):
    program = program_from(
        f"data {{ int N; vector[N] y; array[N] int k; int K; }} "
        f"parameters {{ {parameters} }} model {{ {model} }}"
    )
    return [(item.parameter, item.argument, item.missing) for item in describe(program).undeclared_ranges]


@pytest.mark.parametrize(
    ("parameters", "model", "found"),
    [
        ("real m; real s;", "y ~ normal(m, s);", [("s", "sigma", "<lower=0>")]),
        ("vector[K] s;", "for (n in 1:N) y[n] ~ normal(0, s[k[n]]);", [("s", "sigma", "<lower=0>")]),
        ("real<lower=-1> s;", "target += normal_lpdf(y | 0, s);", [("s", "sigma", "<lower=0>")]),
        ("real a; real b;", "y ~ gamma(a, b);", [("a", "alpha", "<lower=0>"), ("b", "beta", "<lower=0>")]),
        ("real p;", "k ~ binomial(10, p);", [("p", "theta", "<lower=0, upper=1>")]),
        ("real<lower=0> p;", "k ~ bernoulli(p);", [("p", "theta", "<lower=0, upper=1>")]),
        (
            "real s;",
            "for (n in 1:N) target += log_mix(0.5, normal_lpdf(y[n] | 0, s), normal_lpdf(y[n] | 1, s));",
            [("s", "sigma", "<lower=0>")],
        ),
        ("real<lower=0> s; vector<lower=0>[K] t;", "y ~ normal(0, s); y ~ normal(0, t[1]);", []),
        ("real s;", "y ~ normal(s, exp(s));", []),
        ("real<lower=K> s;", "y ~ normal(0, s);", []),  # a bound that the data give
        ("simplex[3] p; positive_ordered[2] s;", "k ~ bernoulli(p[1]); y ~ normal(0, s[1]);", []),
        ("real<lower=0, upper=1> p;", "k ~ bernoulli(p);", []),
    ],
)  # fmt: skip
def test_what_the_declaration_lacks(parameters, model, found, program_from):
    assert find(parameters, model, program_from) == found


@pytest.mark.parametrize("name", NAMES)
def test_the_test_programs_declare_their_ranges(name: str, programs: Programs):
    assert describe(programs[name]).undeclared_ranges == ()
