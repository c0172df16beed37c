"""Priors are known by element: what a statement, a loop or a slice leaves out is flat."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from workbench.program import Program, describe, list_flat_elements, locate_priors

Read = Callable[[str], Program]


def write_program(
    parameters: str, model: str, data: str = "int N; int K; vector[N] y; array[N] int g;"
) -> str:
    return f"""
data {{ {data} }}
parameters {{ {parameters} }}
model {{ {model} }}
"""


DATA: dict[str, Any] = {"N": 4, "K": 3, "y": np.zeros(4), "g": np.array([1, 3, 3, 1])}


@pytest.mark.parametrize(
    ("parameters", "model", "flat"),
    [
        ("vector[2] b;", "b[1] ~ normal(0, 1);", ("b[2]",)),
        ("vector[2] b;", "b ~ normal(0, 1);", ()),
        ("vector[K] b;", "for (k in 1:K) b[k] ~ normal(0, 1);", ()),
        ("vector[K] b;", "for (k in 2:K) b[k] ~ normal(0, 1);", ("b[1]",)),
        ("vector[K] b;", "b[2:K] ~ normal(b[1:(K - 1)], 1);", ("b[1]",)),
        ("vector[6] b;", "b[1] ~ normal(0, 1); b[4] ~ normal(0, 1);", ("b[2:3]", "b[5:6]")),
        ("vector[6] b;", "head(b, 2) ~ normal(0, 1); tail(b, 1) ~ normal(0, 1);", ("b[3:5]",)),
        ("vector[6] b;", "segment(b, 2, K) ~ normal(0, 1);", ("b[1]", "b[5:6]")),
        ("vector[K] b;", "for (n in 1:N) b[g[n]] ~ normal(0, 1);", ("b[2]",)),
        ("vector[K] b;", "b[g] ~ normal(0, 1);", ("b[2]",)),
        ("vector[K] b;", "for (k in 1:K) if (k > 1) b[k] ~ normal(0, 1);", ("b[1]",)),
        ("vector[K] b;", "if (K > 5) b ~ normal(0, 1);", ("b",)),
        ("matrix[2, 3] M;", "to_vector(M) ~ normal(0, 1);", ()),
        ("matrix[2, 3] M;", "M[1] ~ normal(0, 1);", ("M[2]",)),
        ("matrix[2, 3] M;", "M[ , 2] ~ normal(0, 1);", ("M[1,1]", "M[1,3]", "M[2,1]", "M[2,3]")),
        ("matrix[2, 2] M;", "for (i in 1:2) M[i, i] ~ normal(0, 1);", ("M[1,2]", "M[2,1]")),
        ("matrix[2, 2] M;", "for (i in 1:2) for (j in 1:i) M[i, j] ~ normal(0, 1);", ("M[1,2]",)),
        ("array[2] vector[2] v;", "v[1] ~ normal(0, 1); v[2, 1] ~ normal(0, 1);", ("v[2,2]",)),
        ("vector<lower=0>[2] s;", "target += exponential_lpdf(s[1] | 1);", ("s[2]",)),
        ("vector[2] b;", "target += normal_lpdf(b[1] | 0, 1) + normal_lpdf(b[2] | 0, 1);", ()),
        ("vector[2] b;", "target += -0.5 * square(b[1]);", ("b[2]",)),
        ("vector<lower=0>[2] s;", "log(s[1]) ~ normal(0, 1); target += -log(s[1]);", ("s[2]",)),
        ("real a; real<lower=0> s;", "a ~ normal(0, 1);", ("s",)),
    ],
)
def test_what_has_no_prior_is_flat(parameters: str, model: str, flat: tuple[str, ...], program_from: Read):
    program = program_from(write_program(parameters, f"{model} y ~ normal(0, 1);"))
    assert list_flat_elements(program, DATA) == flat


@pytest.mark.parametrize(
    ("parameters", "model"),
    [
        ("vector<lower=0, upper=1>[2] p;", "p[1] ~ beta(2, 2);"),  # uniform is proper there
        ("simplex[3] p;", "p[1] ~ beta(2, 2);"),
        ("cov_matrix[2] S;", "S[1, 1] ~ normal(0, 1); S[2, 2] ~ normal(0, 1); S[1, 2] ~ normal(0, 1);"),
        ("cholesky_factor_cov[2] L;", "for (i in 1:2) for (j in 1:i) L[i, j] ~ normal(0, 1);"),
        ("sum_to_zero_vector[3] z;", "z[1:2] ~ normal(0, 1);"),  # the last follows
        ("vector[2] b;", "sum(b) ~ normal(0, 1);"),  # may be enough together with other terms
        ("vector[2] b;", "int i = 1; b[i] ~ normal(0, 1);"),  # a local variable is not followed
        ("vector[0] b;", "b ~ normal(0, 1);"),
    ],
)
def test_what_may_have_a_prior_is_not_called_flat(parameters: str, model: str, program_from: Read):
    program = program_from(write_program(parameters, model))
    assert list_flat_elements(program, DATA) == ()


def test_statements_are_told_from_terms_that_may_be_about_an_element(program_from: Read):
    program = program_from(
        write_program(
            "vector[3] b; vector[3] c;",
            "b[1] ~ normal(0, 1); target += -abs(b[2]); for (k in 1:3) if (y[k] > 0) c[k] ~ normal(0, 1);",
        )
    )
    priors = locate_priors(program, DATA | {"y": [1.0, 0.0, 1.0, 0.0]})
    assert priors["b"].stated.tolist() == [True, False, False]
    assert priors["b"].involved.tolist() == [False, True, False]
    assert priors["b"].flat.tolist() == [False, False, True]
    assert priors["c"].flat.tolist() == [False, True, False]
    assert [mask.tolist() for mask in priors["b"].terms.values()] == [
        [True, False, False],
        [False, True, False],
    ]


@pytest.mark.parametrize(
    ("parameters", "model", "flat", "words"),
    [
        ("vector[2] b;", "b[1] ~ normal(0, 1);", ("b[2]",), "none for b[2]: flat"),
        ("vector[K] b;", "b ~ normal(0, 1);", (), "b ~ normal(0, 1);"),
        ("vector[K] b;", "b[1] ~ normal(0, 1);", (), "none for b[2:], if there are any: flat"),
        ("vector[K] b;", "for (k in 2:K) b[k] ~ normal(0, 1);", ("b[1]",), "none for b[1]: flat"),
        ("vector[K] b;", "b[1:(K - 1)] ~ normal(0, 1);", ("b[...]",), "none for the other elements: flat"),
        ("vector[K] b;", "if (N > 3) b ~ normal(0, 1); else b ~ cauchy(0, 1);", (), "one of: "),
        ("vector[K] b;", "b[g] ~ normal(0, 1);", (), "b[g] ~ normal(0, 1);"),
    ],
)
def test_without_data_only_what_is_flat_whatever_the_sizes_are(
    parameters: str, model: str, flat: tuple[str, ...], words: str, program_from: Read
):
    description = describe(program_from(write_program(parameters, model)))
    assert description.parameters[0].flat_elements == flat
    assert words in description.parameters[0].prior
    capability = next(item for item in description.capabilities if item.name == "prior draws")
    assert capability.is_available is (not flat)


def test_long_loops_take_no_time(program_from: Read):
    program = program_from(
        write_program(
            "vector[N] h; vector[K] b;",
            "for (n in 2:N) h[n] ~ normal(h[n - 1], 1); for (k in 1:K) b[k] ~ normal(0, k);",
        )
    )
    started = time.monotonic()
    flat = list_flat_elements(program, {"N": 50_000, "K": 2_000, "y": np.zeros(50_000), "g": [1] * 50_000})
    assert flat == ("h[1]",)
    assert time.monotonic() - started < 1
