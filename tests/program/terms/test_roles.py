"""Each statement of the test programs has the role that the comment beside it gives."""

from __future__ import annotations

import re

import pytest

from tests.program.conftest import MODELS, NAMES, Programs
from workbench.program.describe import describe

_ROLES = re.compile(r"; // ((?:prior|latent|likelihood|unplaced)(?:, \w+)*)$")
"""The comment beside a statement that gives its roles."""


def read_expected_roles(name: str) -> dict[int, set[str]]:
    """Return the roles in the comments of a test program, by line."""
    lines = (MODELS / f"{name}.stan").read_text().splitlines()
    matches = {number: _ROLES.search(line) for number, line in enumerate(lines, start=1)}
    return {number: set(match[1].split(", ")) for number, match in matches.items() if match}


def test_there_are_enough_programs():
    assert len(NAMES) >= 40


@pytest.mark.parametrize("name", NAMES)
def test_every_statement_has_its_role_on_its_line(name: str, programs: Programs):
    roles: dict[int, set[str]] = {}
    for term in programs[name].terms:
        roles.setdefault(term.line, set()).add(term.role)
    assert roles == read_expected_roles(name)


@pytest.mark.parametrize("part", ["head(b, K)", "tail(b, K)", "segment(b, 2, K)", "b[1:K]"])
def test_data_that_say_which_part_of_a_parameter_are_no_observations(part: str, program_from):
    program = program_from(
        f"data {{ int K; }} parameters {{ vector[5] b; }} model {{ {part} ~ normal(0, 1); }}"
    )
    assert [term.role for term in program.terms] == ["prior"]


def test_probabilities_of_fixed_outcomes_are_named_as_that(program_from):
    program = program_from(
        "parameters { real<lower=0, upper=1> a; real<lower=0, upper=1> b; } "
        "model { target += log_sum_exp(bernoulli_lpmf(0 | a), bernoulli_lpmf(1 | b)); }"
    )
    assert [term.reason for term in program.terms] == ["2 probabilities of fixed outcomes"]


DATA = (
    "data { int N; vector[N] y; vector[N] t; array[N] int k; array[N] int<lower=1, upper=3> c; "
    "vector[3] centres; } "
)
"""Outcomes of several kinds, and the centres of known components."""

THETA = "real<lower=0, upper=1> theta;"
MU_SIGMA = "real mu; real<lower=0> sigma;"

HAND_WRITTEN = {
    "a mixture of known components": (
        THETA,
        "for (n in 1:N) target += log_mix(theta, normal_lpdf(y[n] | 0, 1), normal_lpdf(y[n] | 3, 1));",
        ["likelihood"],
    ),
    "the same as a sum of exponentials": (
        THETA,
        "for (n in 1:N) target += log_sum_exp(log(theta) + normal_lpdf(y[n] | 0, 1), "
        "log1m(theta) + normal_lpdf(y[n] | 3, 1));",
        ["likelihood"],
    ),
    "a mixture of many": (
        "simplex[3] p;",
        "for (n in 1:N) { vector[3] lp = log(p); for (j in 1:3) lp[j] += normal_lpdf(y[n] | centres[j], 1); "
        "target += log_sum_exp(lp); }",
        ["likelihood"],
    ),
    "the forward algorithm with known states": (
        "array[3] simplex[3] G;",
        "vector[3] a = rep_vector(0, 3); for (n in 1:N) { vector[3] b; for (j in 1:3) b[j] = "
        "log_sum_exp(a + log(to_vector(G[, j]))) + normal_lpdf(y[n] | centres[j], 1); a = b; } "
        "target += log_sum_exp(a);",
        ["likelihood"],
    ),
    "a choice by data": (
        THETA, "for (n in 1:N) target += k[n] == 1 ? log(theta) : log1m(theta);", ["likelihood"],
    ),
    "a choice by data, before": (
        THETA,
        "for (n in 1:N) { real p; if (k[n] == 1) p = theta; else p = 1 - theta; target += log(p); }",
        ["likelihood"],
    ),
    "contests": (
        "vector[3] b;", "for (n in 1:N) target += log_inv_logit(b[c[n]] - b[k[n]]);", ["likelihood"],
    ),
    "a categorical outcome by its log odds": (
        "vector[3] b;", "for (n in 1:N) target += b[c[n]] - log_sum_exp(b);", ["likelihood"],
    ),
    "the same in two statements": (
        "vector[3] b;",
        "for (n in 1:N) target += b[c[n]]; target += -N * log_sum_exp(b);",
        ["unplaced", "unplaced"],
    ),
    "events and what they are expected to be": (
        "vector<lower=0>[3] rate;",
        "for (n in 1:N) target += log(rate[c[n]]); target += -sum(rate);",
        ["likelihood", "unplaced"],
    ),
    "a normal whose normaliser stands alone": (
        MU_SIGMA,
        "target += -N * log(sigma); target += -0.5 * dot_self(y - mu) / square(sigma);",
        ["unplaced", "likelihood"],
    ),
    "a residual in units of its scale": (
        MU_SIGMA,
        "mu ~ std_normal(); for (n in 1:N) target += -0.5 * square((y[n] - mu) / sigma) - log(sigma);",
        ["prior", "likelihood"],
    ),
    "an effect in units of its scale": (
        MU_SIGMA, "mu ~ std_normal(); y ~ normal(mu * sigma, 1);", ["latent", "likelihood"],
    ),
    "neighbours that are data": (
        "vector[3] phi;",
        "target += -0.5 * dot_self(phi[c] - phi[k]); y ~ normal(phi[c], 1);",
        ["prior", "likelihood"],
    ),
    "neighbours that are data, with a precision": (
        "vector[3] phi; real<lower=0> tau;",
        "target += 0.5 * (N - 1) * log(tau) - 0.5 * tau * dot_self(phi[c] - phi[k]); y ~ normal(phi[c], 1);",
        ["latent", "likelihood"],
    ),
    "the change of variables of a prior": (
        MU_SIGMA,
        "log(sigma) ~ normal(0, 1); target += -log(sigma); y ~ normal(mu, sigma);",
        ["prior", "prior", "likelihood"],
    ),
}  # fmt: skip
"""Parameters, statements, and the role that each of them has, or that nobody can tell."""


@pytest.mark.parametrize("what", HAND_WRITTEN)
def test_what_reads_outcomes_is_no_prior(what: str, program_from):
    parameters, model, roles = HAND_WRITTEN[what]
    program = program_from(f"{DATA} parameters {{ {parameters} }} model {{ {model} }}")
    assert [term.role for term in program.terms] == roles


JACOBIANS = {
    "in the loop of the residual": (
        "for (n in 1:N) { (y[n] - mu) / sigma ~ std_normal(); target += -log(sigma); }",
        ["likelihood", "likelihood"],
    ),
    "after all residuals": (
        "(y - mu) / sigma ~ std_normal(); target += -2 * log(sigma);",
        ["likelihood", "unplaced"],
    ),
    "of a parameter in no residual": (
        "(y - mu) ~ normal(0, sigma); target += -log(sigma);",
        ["likelihood", "prior"],
    ),
}  # fmt: skip
"""A residual and what may be its Jacobian, with their roles."""


@pytest.mark.parametrize("where", JACOBIANS)
def test_the_jacobian_of_a_residual_is_no_prior(where: str, program_from):
    model, roles = JACOBIANS[where]
    program = program_from(f"{DATA} parameters {{ {MU_SIGMA} }} model {{ {model} }}")
    assert [term.role for term in program.terms] == roles


def test_a_jacobian_that_is_not_placed_prevents_leave_one_out(program_from):
    model = "(y - mu) / sigma ~ std_normal(); target += -N * log(sigma);"
    program = program_from(f"{DATA} parameters {{ {MU_SIGMA} }} model {{ {model} }}")
    assert {item.feature for item in program.obstacles} >= {"roles", "loo"}


@pytest.mark.parametrize(
    ("model", "roles"),
    [
        ("theta ~ beta(1 + sum(k), 1 + N - sum(k));", ["unplaced"]),
        ("theta ~ beta(1 + sum(k), 2); k ~ bernoulli(theta);", ["prior", "likelihood"]),
        ("theta ~ beta(1 + N, 1);", ["prior"]),
        ("theta ~ normal(y, 1);", ["prior"]),
        ("theta ~ normal(2 * y, 1);", ["unplaced"]),
        ("theta ~ normal(0, 1); theta ~ normal(y, t);", ["prior", "unplaced"]),
        ("theta ~ beta(1, 1);", ["prior"]),
    ],
)
def test_a_posterior_written_as_a_density_is_no_prior(model: str, roles: list[str], program_from):
    program = program_from(f"{DATA} parameters {{ {THETA} }} model {{ {model} }}")
    assert [term.role for term in program.terms] == roles
    can = {item.name: item.reason for item in describe(program).capabilities}
    assert ("unclear" in can["MLE"]) == ("unplaced" in roles)
