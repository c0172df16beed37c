"""Programs with random loops over rows, for tests of what stands in their place."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

_DATA = """
data {
  int<lower=0> N;
  int<lower=1> J;
  int<lower=1> K;
  array[N] int<lower=1, upper=J> g;
  array[J] int<lower=1, upper=J> h;
  array[N] int<lower=0> k;
  array[N] int<lower=0, upper=1> z;
  array[N] real r;
  array[N] vector[K] v;
  vector[N] x;
  vector[N] y;
  row_vector[N] w;
  matrix[N, K] X;
}
parameters {
  real a;
  real b;
  real<lower=0> s;
  vector[J] u;
  row_vector[J] q;
  array[J] real p;
  vector[K] beta;
  matrix[J, 2] effects;
  matrix[2, J] others;
  array[J] vector[K] slopes;
  vector[N] far;
}
model {
  real total = 0;
  vector[N] line = x;
  array[N] real list = r;
"""
"""What all of them declare."""

_ATOMS = (
    "a", "b", "s", "2", "0.5", "(1 / 2)", "u[g[n]]", "u[h[g[n]]]", "q[g[n]]", "p[g[n]]", "effects[g[n], 2]",
    "effects[g[n]][1]", "others[1, g[n]]", "slopes[g[n], 2]", "slopes[h[g[n]]][1]", "far[n]", "x[n]", "r[n]",
    "w[n]", "k[n]", "(k[n] / 2)", "(k[n] % 2)", "(z[n] == 1)", "X[n, 2]", "v[n, 1]", "v[n][2]", "log1p(k[n])",
    "X[n] * beta", "dot_product(v[n], beta)", "dot_product(beta, X[n])", "beta' * v[n]", "line[n]", "list[n]",
    "u[1 + k[n] % 2]", "(z[n] ? 0.5 : x[n])",
)  # fmt: skip
"""Numbers of a row."""

_FUNCTIONS = (
    "square(tanh({}))",
    "inv_logit({})",
    "fmax({}, 0.1)",
    "pow(inv_logit({}), 2)",
    "exp(0.1 * tanh({}))",
)
"""Functions of them, which stay finite."""

_STATEMENTS = (
    "y[n] ~ normal({}, s);",
    "y[n] ~ normal({}, exp(0.1 * tanh({})));",
    "target += normal_lpdf(y[n] | {}, s);",
    "target += student_t_lupdf({} | 4, x[n], s) - 0.1 * square({});",
    "z[n] ~ bernoulli_logit({});",
    "k[n] ~ poisson_log({} + x[n] * b - 0.3 * far[n]);",
    "k[n] ~ poisson_log(tanh({}));",
    "k[n] ~ neg_binomial_2_log(a + b * x[n] + s * w[n] + tanh({}), s);",
    "y[n] ~ cauchy(a + X[n] * beta - b * x[n], inv_logit({}));",
    "total += normal_lpdf({} | 0, 2);",
    "line[n] = 0.1 * tanh({});",
    "list[n] += 0.1 * tanh({});",
    "if (k[n] > 1) y[n] ~ normal({}, s); else if (z[n]) x[n] ~ cauchy({}, 1); else b ~ normal(a, s);",
)  # fmt: skip
"""Statements about a row."""


def write_program(seed: int, loops: int = 10) -> str:
    """Return a program with random loops."""
    rng = random.Random(seed)
    body = "".join(_write_loop(rng) for _ in range(loops))
    return f"{_DATA}{body}  target += total + normal_lpdf(line | a, s) + normal_lpdf(list | b, s);\n}}\n"


def _write_loop(rng: random.Random) -> str:
    statements = [_fill(rng, statement) for statement in rng.sample(_STATEMENTS, rng.choice((1, 1, 2)))]
    if rng.random() < 0.5:
        statements = [
            f"real m = {_write_number(rng)};",
            *(item.replace("far[n]", "m") for item in statements),
        ]
    first = rng.choice(("1", "1", "2"))
    return f"  for (n in {first} : N) {{ {' '.join(statements)} }}\n"


def _fill(rng: random.Random, statement: str) -> str:
    return statement.format(*(_write_number(rng) for _ in range(statement.count("{}"))))


def _write_number(rng: random.Random, depth: int = 2) -> str:
    if depth == 0 or rng.random() < 0.2:
        return rng.choice(_ATOMS)
    left, right = (_write_number(rng, depth - 1) for _ in range(2))
    shape = rng.random()
    if shape < 0.2:
        return rng.choice(_FUNCTIONS).format(left)
    if shape < 0.35:
        return f"({left}) / (1 + square({right}))"
    if shape < 0.45:
        return f"-({left})"
    operator = rng.choice(("+", "-", "*"))
    is_bare = operator != "*" and rng.random() < 0.5
    return f"{left} {operator} {right}" if is_bare else f"({left}) {operator} ({right})"


def draw_data(seed: int, count: int = 6) -> dict[str, Any]:
    """Return data for any of them."""
    rng = np.random.default_rng(seed)
    data = {
        "g": rng.integers(1, 4, count), "h": rng.integers(1, 4, 3), "k": rng.integers(0, 4, count),
        "z": rng.integers(0, 2, count), "r": rng.normal(size=count), "v": rng.normal(size=(count, 2)),
        "x": rng.normal(size=count), "y": rng.normal(size=count), "w": rng.normal(size=count),
        "X": rng.normal(size=(count, 2)),
    }  # fmt: skip
    return {"N": count, "J": 3, "K": 2, **{name: value.tolist() for name, value in data.items()}}
