"""Every program with vectorised statements has the log density and the gradient that its author wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.program.conftest import MODELS, NAMES, read_data
from tests.program.executable import Executable, build
from tests.program.rewrite.vectorise.random_programs import draw_data as draw_random_data
from tests.program.rewrite.vectorise.random_programs import write_program
from workbench.program import Program, read_program
from workbench.program.syntax.printer import to_text
from workbench.toolchain import Toolchain

_TOLERANCE = 1e-10
"""Largest relative difference of log densities and gradients."""

_POINTS = 8
"""How many random points they are compared at."""

_QUICK = ("regression_loop",)
"""Programs that the default tests compile; `make truth` compiles all."""

PROGRAMS = [
    pytest.param(name, marks=() if name in _QUICK else pytest.mark.truth)
    for name in NAMES
    if name not in {"functions_refused", "reads_target"}
]
"""The test programs that have an instrumented one."""

FORMS = """
data {
  int<lower=0> N;
  int<lower=1> J;
  int<lower=1> K;
  array[N] int<lower=1, upper=J> g;
  array[N] int<lower=0> k;
  array[N] int<lower=0, upper=1> z;
  array[N] int<lower=1, upper=3> kind;
  array[N] vector[K] v;
  vector[N] x;
  vector<lower=0>[N] y;
  matrix[N, K] X;
}
parameters {
  real a;
  real b;
  real<lower=0> s;
  vector[J] u;
  vector[K] beta;
  matrix[J, 2] effects;
  matrix[3, K] B;
  vector[3] c;
  ordered[2] cuts;
}
transformed parameters {
  vector[N] line;
  for (n in 1 : N) {
    line[n] = a + effects[g[n], 1] * x[n];
    line[n] -= square(b) / (1 + k[n] / 2);
  }
}
model {
  real total = 0;
  for (j in 1 : J) u[j] ~ normal(0, 2);
  for (j in 1 : J) for (i in 1 : 2) effects[j, i] ~ std_normal();
  to_vector(B) ~ std_normal();
  for (n in 1 : N) {
    real h = k[n];
    real m = u[g[n]] + b * x[n] - h / 2;
    m += effects[g[n], 2] / s * x[n];
    y[n] ~ normal(m, exp(-0.1 * m));
    x[n] ~ normal(line[n], s);
  }
  for (n in 1 : N) z[n] ~ bernoulli_logit(a - dot_product(v[n], beta) + u[g[n]]);
  for (n in 2 : N) k[n] ~ poisson_log(a + X[n - 1] * beta - x[n] * b * s);
  for (n in 1 : N) target += neg_binomial_2_log_lpmf(k[n] | b * x[n] + s * z[n], s);
  for (n in 1 : N) kind[n] ~ ordered_logistic(X[n] * beta, cuts);
  for (n in 1 : N) kind[n] ~ categorical_logit(c + B * v[n]);
  for (n in 1 : N) target += binomial_logit_lupmf(z[n] | 1, X[n] * beta) + log(s) - 0.1 * square(u[g[n]] - a);
  for (n in 1 : N) total += normal_lpdf(x[n] | u[1 + k[n] % 2], s);
  target += total;
  for (n in 1 : N) {
    if (z[n] == 1) y[n] ~ exponential(s);
    else if (k[n] > 1) target += exponential_lccdf(y[n] | s * exp(x[n] * b));
    else target += normal_lpdf(a | 0, 1);
  }
  y ~ normal(a + X * beta + 2 * x, s);
}
"""
"""A program with every form that is rewritten."""


def draw_data(count: int = 7) -> dict[str, Any]:
    """Return data for it."""
    rng = np.random.default_rng(8)
    data = {
        "g": rng.integers(1, 4, count),
        "k": rng.integers(0, 5, count),
        "z": rng.integers(0, 2, count),
        "kind": rng.integers(1, 4, count),
        "v": rng.normal(size=(count, 2)),
        "x": rng.normal(size=count),
        "y": rng.exponential(size=count),
        "X": rng.normal(size=(count, 2)),
    }
    return {"N": count, "J": 3, "K": 2, **{name: value.tolist() for name, value in data.items()}}


@pytest.fixture(scope="module")
def forms(tools, tmp_path_factory):
    """Return that program, and its two executables."""
    folder = tmp_path_factory.mktemp("forms")
    (folder / "forms.stan").write_text(FORMS)
    program = read_program(folder / "forms.stan", tools.stanc, is_optimised=True)
    assert program.instrumented is not None
    stay = [item.text for item in program.instrumented.vectorisations if not item.vectorised]
    assert stay == ["for (j in 1 : J)"]  # the outer of two loops
    return program, build_both(program, tools, folder)


@pytest.mark.truth
@pytest.mark.parametrize("count", [7, 1, 0])
def test_every_form_has_the_same_density_and_gradient(forms, count):
    program, executables = forms
    compare(program, executables, draw_data(count))


@pytest.mark.truth
def test_what_is_said_of_constants_holds(forms):
    """Both drop the same constants: there is no difference between them at all."""
    program, (original, vectorised) = forms
    assert program.instrumented.is_exact
    original.write_data(draw_data())
    vectorised.write_data({**draw_data(), **program.instrumented.make_data()})
    points = np.random.default_rng(2).uniform(-1, 1, (3, original.count_parameters()))
    np.testing.assert_allclose(
        vectorised.log_density(points)[0], original.log_density(points)[0], rtol=_TOLERANCE
    )


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_vectorised_program_has_the_same_density_and_gradient(name, tools, tmp_path):
    program = read_program(MODELS / f"{name}.stan", tools.stanc, is_optimised=True)
    assert program.instrumented is not None
    assert all(bool(item.vectorised) != bool(item.reason) for item in program.instrumented.vectorisations)
    if program.instrumented.is_vectorised:
        compare(program, build_both(program, tools, tmp_path), read_data(name))


@pytest.mark.truth
@pytest.mark.parametrize("seed", range(1, 7))
def test_random_loops_have_the_same_density_and_gradient(seed, tools, tmp_path):
    (tmp_path / "random.stan").write_text(write_program(seed))
    program = read_program(tmp_path / "random.stan", tools.stanc, is_optimised=True)
    assert program.instrumented is not None
    assert all(item.vectorised for item in program.instrumented.vectorisations)
    executables = build_both(program, tools, tmp_path)
    for count in (6, 1, 0):
        compare(program, executables, draw_random_data(seed, count))


def build_both(program: Program, tools: Toolchain, folder: Path) -> tuple[Executable, Executable]:
    """Compile the author's program and the vectorised one, which stanc optimises."""
    assert program.instrumented is not None
    return (
        build(program.name, to_text(program.tree), tools, folder / "original"),
        build(program.name, program.instrumented.source, tools, folder / "vectorised", optimized=True),
    )


def compare(program: Program, executables: tuple[Executable, Executable], data: dict[str, Any]) -> None:
    """Compare the vectorised program with the author's at random points."""
    assert program.instrumented is not None
    original, vectorised = executables
    original.write_data(data)
    vectorised.write_data({**data, **program.instrumented.make_data()})
    points = np.random.default_rng(5).uniform(-1, 1, (_POINTS, original.count_parameters()))
    expected, expected_gradients = original.log_density(points)
    density, gradients = vectorised.log_density(points)
    assert np.isfinite(expected).all()
    constant = np.median(density - expected)
    size = max(1.0, np.abs(expected).max())
    assert np.abs(density - expected - constant).max() < _TOLERANCE * size
    assert np.abs(gradients - expected_gradients).max() < _TOLERANCE * max(
        1.0, np.abs(expected_gradients).max()
    )
