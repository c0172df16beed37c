"""Directions in which a posterior is constant without end: found where the formula has them, and only there.

Densities are written here in NumPy, on Stan's unconstrained scale without Jacobian; their gradients are by
complex steps, exact to rounding.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import workbench
from tests.estimation.chosen_density import ChosenDensity
from tests.estimation.minimal import make_context
from workbench.estimation.flat_directions import find_flat_directions

Y = np.array([1.2, -0.4, 0.8, 2.0, 0.3, 1.7])
G = np.array([0, 0, 1, 1, 2, 2])
X = np.array([0.5, 1.5, -1.0, 2.0, 0.0, -0.7])

DATA = """
transformed data {
  vector[6] y = [1.2, -0.4, 0.8, 2.0, 0.3, 1.7]';
  array[6] int g = {1, 1, 2, 2, 3, 3};
  vector[6] x = [0.5, 1.5, -1.0, 2.0, 0.0, -0.7]';
}
"""


def log_normal(value, mean, sd=1.0):
    return np.sum(-0.5 * ((value - mean) / sd) ** 2 - np.log(sd))


def differentiate(formula):
    """Return a density with its gradient."""

    def density(point):
        steps = 1e-30j * np.eye(len(point))
        return float(formula(point)), np.array([np.imag(formula(point + step)) / 1e-30 for step in steps])

    return density


def find(parameters, model, formula, program_from, folder):
    program = program_from(f"{DATA} parameters {{ {parameters} }} model {{ {model} }}")
    backend = ChosenDensity(density=differentiate(formula))
    return find_flat_directions(make_context(backend, folder, program))


@pytest.mark.parametrize(
    ("parameters", "model", "formula", "determined", "words"),
    [
        (
            "real a; real b;", "y ~ normal(a + b, 1);", lambda p: log_normal(Y, p[0] + p[1]),
            "a + b", "any number can be added to `a` and taken from `b`",
        ),
        (
            "real a; real b;", "y ~ normal(a - b, 1);", lambda p: log_normal(Y, p[0] - p[1]),
            "a - b", "any number can be added to `a` and `b` without changing the density",
        ),
        (
            "real<lower=0> a; real<lower=0> b;", "y ~ normal(a * b, 1);",
            lambda p: log_normal(Y, np.exp(p[0] + p[1])),
            "a * b", "`a` can be multiplied by any number and `b` divided by it",
        ),
        (
            "real a; real b;", "y ~ normal(a * x + 2 * b * x, 1);",
            lambda p: log_normal(Y, (p[0] + 2 * p[1]) * X),
            "", "the density is constant along a combination of `a` and `b`",
        ),
        (
            "real a; vector[3] u;", "y ~ normal(a + u[g], 1);", lambda p: log_normal(Y, p[0] + p[1:][G]),
            "", "any number can be added to `a` and taken from `u`",
        ),
        (
            "real a; real m; vector[3] u;", "u ~ normal(m, 1); y ~ normal(a + u[g], 1);",
            lambda p: log_normal(p[2:], p[1]) + log_normal(Y, p[0] + p[2:][G]),
            "", "any number can be added to `a` and taken from `m` and `u`",
        ),
        (
            "real a; real b;", "y ~ normal(a, 1);", lambda p: log_normal(Y, p[0]),
            "", "the density does not depend on `b`",
        ),
        (
            "matrix[2, 2] M; real s;", "y ~ normal(M[1, 2] + s, 1); to_vector(M)[1] ~ normal(0, 1);",
            lambda p: log_normal(Y, p[2] + p[4]) + log_normal(p[[0, 1, 3]], 0),
            "M[1,2] + s", "any number can be added to `M[1,2]` and taken from `s`",
        ),
    ],
)  # fmt: skip
def test_a_direction_is_found_and_described(
    parameters, model, formula, determined, words, program_from, tmp_path
):
    (direction,) = find(parameters, model, formula, program_from, tmp_path)
    assert direction.determined == determined
    assert direction.words == words


@pytest.mark.parametrize(
    ("parameters", "model", "formula"),
    [
        ("real a; real b;", "y ~ normal(a + b * x, 1);", lambda p: log_normal(Y, p[0] + p[1] * X)),
        (  # nearly collinear, but not quite
            "real a; real b;", "y ~ normal(a + b, 1); y ~ normal(a, 1000);",
            lambda p: log_normal(Y, p[0] + p[1]) + log_normal(Y, p[0], 1000.0),
        ),
        (  # flat near by, not far away
            "real a; real b;", "y ~ normal(a + b, 1); target += -1e-9 * a^4;",
            lambda p: log_normal(Y, p[0] + p[1]) - 1e-9 * p[0] ** 4,
        ),
        (
            "real a; real<lower=0> s;", "y ~ normal(a, s);",
            lambda p: log_normal(Y, p[0], np.exp(p[1])),
        ),
    ],
)  # fmt: skip
def test_where_the_data_determine_everything_there_is_none(
    parameters, model, formula, program_from, tmp_path
):
    assert find(parameters, model, formula, program_from, tmp_path) == ()


def test_a_program_whose_priors_are_all_proper_is_not_examined(program_from, tmp_path):
    def fail(point):
        raise AssertionError(f"evaluated at {point}")

    program = program_from(
        f"{DATA} parameters {{ real a; real b; }} "
        "model { a ~ normal(0, 1e5); b ~ normal(0, 1e5); y ~ normal(a + b, 1); }"
    )
    context = make_context(ChosenDensity(density=fail), tmp_path, program)
    assert find_flat_directions(context) == ()


def test_several_directions_are_given_one_by_one(program_from, tmp_path):
    directions = find(
        "real a; real b; real c; real d;",
        "y ~ normal(a + b + (c + d) * x, 1);",
        lambda p: log_normal(Y, p[0] + p[1] + (p[2] + p[3]) * X),
        program_from,
        tmp_path,
    )
    assert sorted(direction.determined for direction in directions) == ["a + b", "c + d"]


@pytest.mark.usefixtures("tools")
def test_an_improper_posterior_is_said_first_and_no_advice_is_about_its_symptoms(tmp_path):
    (tmp_path / "sum.stan").write_text(
        "data { int N; vector[N] y; } parameters { real a; real b; real sigma; } "
        "model { y ~ normal(a + b, sigma); }"
    )
    quick = {"method": "nuts", "draws": 100, "warmup": 100, "output": tmp_path / "run"}
    fitted = workbench.fit(tmp_path / "sum.stan", pd.DataFrame({"y": Y}), **quick)
    diagnosis = fitted.results.diagnosis
    assert diagnosis is not None
    assert diagnosis.verdict == "fail"
    assert diagnosis.reasons[0].startswith("The posterior is improper: the data determine only `a + b`")
    advice = {check.code: check.advice for check in diagnosis.checks if check.status == "issue"}
    assert all("WB001" in text for code, text in advice.items() if code != "WB001")
    tips = {check.code for check in diagnosis.checks if check.status == "tip"}
    assert {"WB604", "WB605"} <= tips
