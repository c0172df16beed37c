"""What stands in the place of a loop, and the reasons for which one stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.program import Program, Stanc, read_program

_HEAD = """
functions {
  real twice(real x) { return 2 * x; }
}
data {
  int<lower=0> N;
  int<lower=1> J;
  int<lower=1> K;
  array[N] int<lower=1, upper=J> g;
  array[N] int<lower=0> k;
  array[N] int<lower=0, upper=1> z;
  array[N] int<lower=1, upper=4> level;
  array[N] int<lower=1, upper=3> kind;
  array[N] real r;
  array[N] vector[K] v;
  vector[N] x;
  vector[N] y;
  row_vector[N] w;
  matrix[N, K] X;
  int<lower=0> flag;
}
parameters {
  real a;
  real b;
  real<lower=0> s;
  vector[J] u;
  vector[K] beta;
  matrix[J, 2] effects;
  array[J] vector[K] slopes;
  array[N] vector[K] far;
  ordered[3] cuts;
  vector[3] c;
  vector[J + 1] longer;
  matrix[3, K] B;
}
model {
  real t = 0;
  to_vector(effects) ~ std_normal();
"""
"""A program up to the loop that a test adds."""

_CASES = {
    # plain elements, of vectors and of arrays
    "y[n] ~ normal(a, s);": "y ~ normal(a, s);",
    "r[n] ~ normal(u[g[n]], s);": "row_data ~ normal(u[g], s);",
    "w[n] ~ normal(a, s);": "row_data ~ normal(a, s);",
    "z[n] ~ bernoulli_logit(u[g[n]]);": "z ~ bernoulli_logit(u[g]);",
    "target += normal_lpdf(y[n] | u[g[n]], s);": "target += normal_lpdf(y | u[g], s);",
    "target += normal_lupdf(y[n] | a, s) + normal_lpdf(x[n] | b, 1);": (
        "target += normal_lupdf(y | a, s); target += normal_lpdf(x | b, 1);"
    ),
    "target += -square(y[n] - u[g[n]]);": "target -= sum(square(y - u[g]));",
    # definitions
    "real m = u[g[n]]; y[n] ~ normal(m, s);": "y ~ normal(u[g], s);",
    "int j = g[n]; y[n] ~ normal(u[j] * effects[j, 1], s);": "y ~ normal(u[g] .* effects[g, 1], s);",
    "real m = a; m += u[g[n]]; y[n] ~ normal(m, s);": "y ~ normal((a + u)[g], s);",
    # operators, which group as the author's do
    "y[n] ~ normal(a / u[g[n]] * effects[g[n], 2], s);": "y ~ normal(a ./ u[g] .* effects[g, 2], s);",
    "y[n] ~ normal(u[g[n]] / a * effects[g[n], 2], s);": "y ~ normal((u[g] / a) .* effects[g, 2], s);",
    "y[n] ~ normal(u[g[n]] - (a - effects[g[n], 2]), s);": "y ~ normal(u[g] - (a - effects[g, 2]), s);",
    "y[n] ~ normal(-u[g[n]] ^ 2, exp(u[g[n]]));": "y ~ normal(-(u[g] .^ 2), exp(u[g]));",
    "y[n] ~ normal(s * u[g[n]] + longer[g[n]], s);": "y ~ normal((s * u)[g] + longer[g], s);",
    # integers stay integers: what is computed from data is computed row by row, once
    "y[n] ~ normal(u[g[n]] * (k[n] / 2), s);": "y ~ normal(u[g] .* row_data, s);",
    "real h = k[n]; y[n] ~ normal(u[g[n]] * (h / 2), s);": "y ~ normal(u[g] .* (h_2 / 2), s);",
    "y[n] ~ normal(u[1 + k[n] % 2], s);": "y ~ normal(u[row_index], s);",
    "y[n] ~ normal(u[g[n]] + 1 / 2, s);": "y ~ normal((u + 1 / 2)[g], s);",
    # linear predictors
    "y[n] ~ normal(a + X[n] * beta, s);": "y ~ normal_id_glm(X, a, beta, s);",
    "y[n] ~ normal(a + dot_product(X[n], beta), s);": "y ~ normal_id_glm(X, a, beta, s);",
    "y[n] ~ normal(dot_product(v[n], beta), s);": "y ~ normal_id_glm(row_data, 0, beta, s);",
    "y[n] ~ normal(u[g[n]] - b * x[n], s);": "y ~ normal_id_glm(design, u[g], [-b]', s);",
    "z[n] ~ bernoulli_logit(a + b * x[n] + s * k[n]);": "z ~ bernoulli_logit_glm(design, a, [b, s]');",
    "k[n] ~ poisson_log(a + X[n] * beta + log(x[n]));": "k ~ poisson_log_glm(X, a + row_data, beta);",
    "k[n] ~ neg_binomial_2_log(X[n] * beta + b * x[n], s);": (
        "k ~ neg_binomial_2_log_glm(design, 0, append_row(beta, [b]'), s);"
    ),
    "target += bernoulli_logit_lupmf(z[n] | X[n] * beta);": (
        "target += bernoulli_logit_glm_lupmf(z | X, 0, beta);"
    ),
    "level[n] ~ ordered_logistic(X[n] * beta, cuts);": "level ~ ordered_logistic_glm(X, beta, cuts);",
    "level[n] ~ ordered_logistic(a + X[n] * beta, cuts);": "level ~ ordered_logistic(a + X * beta, cuts);",
    "k[n] ~ neg_binomial_2_log(X[n] * beta, u[g[n]]);": "k ~ neg_binomial_2_log(X * beta, u[g]);",
    "y[n] ~ normal(u[g[n]] * x[n], s);": "y ~ normal(u[g] .* x, s);",
    "y[n] ~ normal(effects[g[n]][1] + effects[g[n], 2] * x[n], s);": (
        "y ~ normal(effects[g, 1] + effects[g, 2] .* x, s);"
    ),
    "y[n] ~ normal(slopes[g[n], 2], s);": "y ~ normal(to_vector(slopes[g, 2]), s);",
    "kind[n] ~ categorical_logit(c + B * v[n]);": "kind ~ categorical_logit_glm(row_data, c, B');",
    "kind[n] ~ categorical_logit((X[n] * B')');": (
        "kind ~ categorical_logit_glm(X, zeros_vector(cols(B')), B');"
    ),
    # conditions that the data decide
    "if (z[n]) y[n] ~ normal(u[g[n]], s); else target += normal_lccdf(y[n] | a, s);": (
        "y[selected] ~ normal(u[g[selected]], s); target += normal_lccdf(y[selected_2] | a, s);"
    ),
    "real m = u[g[n]] * x[n]; if (z[n] == 1) y[n] ~ normal(m, s); else y[n] ~ cauchy(m, m);": (
        "y[selected] ~ normal(m_2[selected], s); y[selected_2] ~ cauchy(m_2[selected_2], m_2[selected_2]);"
    ),
    # what does not vary by row counts as often as there are rows
    "target += log(s) + normal_lpdf(y[n] | a, s);": (
        "target += (N > 0 ? N * log(s) : 0); target += normal_lpdf(y | a, s);"
    ),
    "1 ~ bernoulli_logit(a);": "target += (N > 0 ? N * bernoulli_logit_lupmf(1 | a) : 0);",
    "t += normal_lpdf(y[n] | a, s);": "t += normal_lpdf(y | a, s);",
    # several values for each row
    "v[n] ~ multi_normal(far[n], identity_matrix(K));": "v ~ multi_normal(far, identity_matrix(K));",
    "v[n] ~ multi_normal(slopes[g[n]], identity_matrix(K));": (
        "v ~ multi_normal(slopes[g], identity_matrix(K));"
    ),
}
"""Bodies of `for (n in 1 : N)`, and what stands in the place of the loop."""

_REASONS = {
    "if (u[g[n]] > 0) y[n] ~ normal(a, s);": "condition",
    "if (z[n]) { real m = a; y[n] ~ normal(m, s); }": "branch",
    "y[n] ~ normal(a, s) T[0, ];": "truncated",
    "y[n] ~ normal(twice(u[g[n]]), s);": "`twice`",
    "y[n] ~ normal(a, s); print(n);": "`print`",
    "target += x[n] * normal_lpdf(y[n] | a, s);": "`normal_lpdf`",
    "t += u[g[n]]; y[n] ~ normal(t, s);": "`t`",
    "t = a;": "does not vary by row",
    "target += log_mix(0.5, normal_lpdf(y[n] | a, s), 0);": "`log_mix`",
    "y[n] ~ normal(effects[g[n], 1 + z[n]], s);": "two indices",
    "y[n] ~ normal(sum(u[1 : g[n]]), s);": "`sum`",
    "y[n] ~ normal(dot_product(slopes[g[n]], v[n]), s);": "both vary by row",
    "v[n] ~ normal(a, s);": "vectorised statement already",
    "vector[2] m = effects[g[n]]'; y[n] ~ normal(m[1], s);": "declares a container",
    "for (i in 1 : K) v[n, i] ~ normal(a, s);": "another loop",
    "y[n] ~ normal(z[n] ? a : b, s);": "no form",
}
"""Bodies of loops that stay, and a word of the reason."""


def read(body: str, stanc: Stanc, folder: Path, head: str = "for (n in 1 : N)", before: str = "") -> Program:
    file = folder / "loop.stan"
    file.write_text(f"{_HEAD}{before}\n  {head} {{ {body} }}\n}}\n")
    return read_program(file, stanc, is_optimised=True)


def find_loop(program: Program):
    assert program.instrumented is not None
    return next(item for item in program.instrumented.vectorisations if item.text.startswith("for"))


@pytest.mark.parametrize("body", _CASES)
def test_a_loop_becomes_vectorised_statements(body, stanc, tmp_path):
    assert find_loop(read(body, stanc, tmp_path)).vectorised == _CASES[body]


@pytest.mark.parametrize("body", _REASONS)
def test_a_loop_that_stays_says_why(body, stanc, tmp_path):
    program = read(body, stanc, tmp_path)
    loop = find_loop(program)
    assert not loop.vectorised
    assert _REASONS[body] in loop.reason
    assert program.instrumented is not None
    assert loop.text in program.instrumented.source


@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [
        (
            "for (n in 2 : N)",
            "y[n] ~ normal(u[g[n - 1]] + y[n - 1], s);",
            "y[2 : N] ~ normal(u[g[2 - 1 : N - 1]] + y[2 - 1 : N - 1], s);",
        ),
        ("for (n in 1 : N - 1)", "y[1 + n] ~ normal(a, s);", "y[1 + 1 : 1 + N - 1] ~ normal(a, s);"),
        ("for (n in 1 : J)", "u[n] ~ normal(a, s);", "u ~ normal(a, s);"),
        ("for (n in 1 : J)", "y[n] ~ normal(u[n], s);", "y[1 : J] ~ normal(u, s);"),
        ("for (n in K : N)", "y[n] ~ normal(a, s);", "y[K : N] ~ normal(a, s);"),
    ],
)
def test_bounds_that_are_not_sizes_become_ranges(head, body, expected, stanc, tmp_path):
    assert find_loop(read(body, stanc, tmp_path, head)).vectorised == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("m[n] = u[g[n]] * x[n];", "m = u[g] .* x;"),
        ("m[n] = 0;", "m = rep_vector(0, N);"),
        ("m[n] += a; y[n] ~ normal(m[n], s);", "m = m + a; y ~ normal(m, s);"),
        ("real old = m[n]; m[n] = a; y[n] ~ normal(old, s);", "m = rep_vector(a, N); y ~ normal(old_2, s);"),
    ],
)
def test_elements_of_a_vector_are_assigned_together(body, expected, stanc, tmp_path):
    program = read(body, stanc, tmp_path, before="vector[N] m = x;")
    assert find_loop(program).vectorised == expected


@pytest.mark.parametrize("body", ["m[n] = m[n - 1] + u[g[n]];", "m[n] = sum(m);", "m[g[n]] = x[n];"])
def test_rows_that_depend_on_other_rows_stay_a_loop(body, stanc, tmp_path):
    before = "vector[N] m = x;"
    assert find_loop(read(body, stanc, tmp_path, "for (n in 2 : N)", before)).reason


def test_rows_that_meet_a_condition_are_counted_in_transformed_data(stanc, tmp_path):
    program = read("if (z[n]) y[n] ~ normal(u[k[n] % 2 + 1], s);", stanc, tmp_path)
    assert program.instrumented is not None
    text = " ".join(program.instrumented.source.split())
    assert "for (n in 1 : N) { if ((z[n])) n_selected += 1; } array[n_selected] int selected;" in text
    assert "int n = selected[i_3]; row_index[i_3] = k[n] % 2 + 1;" in text
    assert "normal_lupdf(y[selected] | u[row_index], s)" in text


def test_a_density_that_drops_other_constants_is_not_exact(stanc, tmp_path):
    for body, is_exact in (
        ("k[n] ~ neg_binomial_2_log(X[n] * beta, s);", False),
        ("target += neg_binomial_2_log_lupmf(k[n] | X[n] * beta, s);", False),
        ("target += neg_binomial_2_log_lpmf(k[n] | X[n] * beta, s);", True),
        ("k[n] ~ neg_binomial_2_log(u[g[n]], s);", True),
        ("k[n] ~ poisson_log(X[n] * beta);", True),
    ):
        program = read(body, stanc, tmp_path)
        assert program.instrumented is not None
        assert program.instrumented.is_exact == is_exact


def test_nothing_is_computed_before_a_loop_that_may_not_run(stanc, tmp_path):
    program = read("y[n] ~ normal(u[1 + k[n] % 2], s);", stanc, tmp_path, "if (flag) for (n in 1 : N)")
    assert find_loop(program).reason


def test_a_program_is_left_alone_unless_it_is_optimised(stanc, tmp_path):
    read("y[n] ~ normal(a, s);", stanc, tmp_path)
    program = read_program(tmp_path / "loop.stan", stanc)
    assert program.instrumented is not None
    assert not program.instrumented.vectorisations
    assert "for (n in 1 : N)" in program.instrumented.source.partition("generated quantities")[0]
