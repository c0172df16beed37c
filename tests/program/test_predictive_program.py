"""What the predictive program draws, and what it says it cannot: read from its plan, without a compiler."""

import pytest

from workbench.program.predictive_program import iterate_predictive_programs


@pytest.fixture
def plan(program_from):
    """Return the predictive program of a text for sizes that grow with the table."""

    def read(text, *sizes):
        return next(iter(iterate_predictive_programs(program_from(text), frozenset(sizes))))

    return read


def find(program, name):
    return next(item for item in program.new_elements if item.name == name)


AUTHORS = """
data { int N; vector[N] y; }
parameters { real a; real b; real<lower=0> s; }
model { for (t in 2:N) y[t] ~ normal(a + b * y[t - 1], s); }
generated quantities {
  vector[N] y_rep;
  y_rep[1] = y[1];
  for (t in 2:N) y_rep[t] = normal_rng(a + b * y[t - 1], s);
}
"""

CHAIN = """
data { int N; int K; array[N] int<lower=1, upper=K> y; }
parameters { array[K] simplex[K] theta; }
model { for (t in 2:N) y[t] ~ categorical(theta[y[t - 1]]); }
"""


@pytest.mark.parametrize("text", [AUTHORS, CHAIN])
def test_an_outcome_that_goes_on_is_known_whoever_draws_it_and_however_it_enters(plan, text):
    program = plan(text, "N")
    assert [item.is_conditional for item in program.replicates] == [True]
    assert find(program, "y").is_sequential
    assert not find(program, "y").reason
    assert "y_new[1]" in program.source


def test_two_outcomes_that_go_on_together_name_each_other(plan):
    program = plan(
        "data { int N; vector[N] u; vector[N] v; } parameters { real a; real b; real c; real d; } "
        "model { for (t in 2:N) { u[t] ~ normal(a * u[t - 1] + b * v[t - 1], 1); "
        "v[t] ~ normal(c * v[t - 1] + d * u[t - 1], 1); } }",
        "N",
    )
    assert find(program, "u").parents == {"v"}
    assert find(program, "v").parents == {"u"}


def test_a_lag_made_in_transformed_data_does_not_go_on(plan):
    program = plan(
        "data { int N; vector[N] y; } "
        "transformed data { vector[N] lag; lag[1] = 0; for (t in 2:N) lag[t] = y[t - 1]; } "
        "parameters { real a; real b; } model { y ~ normal(a + b * lag, 1); }",
        "N",
    )
    assert (
        "depends on its earlier values through `lag`, computed from them outside" in find(program, "y").reason
    )


GROUPS = "data { int N; int J; array[N] int<lower=1, upper=J> g; vector[N] y; } "


@pytest.mark.parametrize(
    ("parameter", "model", "reason"),
    [
        ("vector[J] z;", "z ~ normal(0, 10); target += -0.5 * dot_self(z);", "a further density"),
        ("vector<lower=0>[J] z;", "log(z) ~ normal(0, 1);", "a density of a function of it"),
        (
            "vector[J] z;",
            "z ~ multi_normal(zeros_vector(J), identity_matrix(J));",
            "all its elements together",
        ),
        ("sum_to_zero_vector[J] z;", "z ~ normal(0, 1);", "depend on each other"),
        ("vector[J] z;", "", "no density of its own"),
    ],
)
def test_new_elements_that_cannot_be_drawn_have_a_reason(plan, parameter, model, reason):
    program = plan(
        f"{GROUPS} parameters {{ {parameter} }} model {{ {model} y ~ normal(z[g], 1); }}", "N", "J"
    )
    assert reason in find(program, "z").reason
    assert not find(program, "z").quantity


@pytest.mark.parametrize(
    ("parameter", "model", "drawn"),
    [
        ("real m; vector[J] z;", "z ~ normal(m, 2);", "normal_rng(m, 2)"),
        ("vector<lower=0>[J] z;", "z ~ cauchy(0, 1);", "z_new[1, "),
        (
            "matrix[2, J] w; vector[J] z;",
            "to_vector(w) ~ std_normal(); z ~ normal(w[1]', 1);",
            "std_normal_rng()",
        ),
    ],
)
def test_new_elements_are_drawn_from_their_own_density(plan, parameter, model, drawn):
    program = plan(
        f"{GROUPS} parameters {{ {parameter} }} model {{ {model} y ~ normal(z[g], 1); }}", "N", "J"
    )
    assert not find(program, "z").reason
    assert drawn in program.source
