"""A replicate that the author draws is matched with the outcome on its scale."""

from __future__ import annotations

import pytest

QUANTITIES = {
    "same": "array[N] real y_rep = normal_rng(rep_vector(mu, N), s);",
    "loop": "vector[N] y_rep; for (n in 1:N) y_rep[n] = normal_rng(mu, s);",
    "exp": "vector[N] y_rep; for (n in 1:N) y_rep[n] = exp(normal_rng(mu, s));",
    "lognormal": "array[N] real y_rep = lognormal_rng(rep_vector(mu, N), s);",
    "column": "array[N] real w_rep = lognormal_rng(rep_vector(mu, N), s);",
    "made": "array[N] real z_rep = normal_rng(rep_vector(mu, N), s);",
    "unknown": "vector[N] y_rep = rep_vector(mu, N);",
    "none": "",
}


def find_replicate(program_from, transformed, model, quantities):
    program = program_from(f"""
data {{ int N; vector<lower=0>[N] w; }}
transformed data {{ {transformed} }}
parameters {{ real mu; real<lower=0> s; }}
model {{ {model} }}
generated quantities {{ {quantities} }}
""")
    (replicate,) = program.replicates
    return replicate, program.instrumented


@pytest.mark.parametrize(
    ("drawn", "name", "outcome"),
    [
        ("same", "y_rep", "z"),
        ("loop", "y_rep", "z"),
        ("exp", "y_rep", "w"),
        ("lognormal", "y_rep", "w"),
        ("column", "w_rep", "w"),
        ("made", "z_rep", "z"),
        ("unknown", "z_rep", "z"),
        ("none", "z_rep", "z"),
    ],
)
def test_of_an_outcome_made_in_transformed_data(drawn, name, outcome, program_from):
    replicate, instrumented = find_replicate(
        program_from, "vector[N] z = log(w);", "z ~ normal(mu, s);", QUANTITIES[drawn]
    )
    assert (replicate.name, replicate.outcome) == (name, outcome)
    assert replicate.is_drawn_by_author is (drawn not in {"unknown", "none"})
    assert instrumented.outputs.observed == {"z": "z_observed"}
    assert replicate.density_of == ("z" if outcome == "w" else "")


@pytest.mark.parametrize(
    ("drawn", "is_authors"), [("same", False), ("exp", True), ("column", True), ("unknown", True)]
)
def test_of_a_function_of_the_outcome_in_the_density(drawn, is_authors, program_from):
    replicate, _ = find_replicate(program_from, "", "log(w) ~ normal(mu, s);", QUANTITIES[drawn])
    assert replicate.outcome == "w"
    assert replicate.is_drawn_by_author is is_authors


def test_of_censored_values_there_are_predictions_but_no_replicates(program_from):
    model = "for (n in 1:N) if (w[n] < 5) w[n] ~ exponential(s); else target += exponential_lccdf(5 | s);"
    replicate, _ = find_replicate(
        program_from, "", model, "array[N] real y_rep = exponential_rng(rep_vector(s, N));"
    )
    assert (replicate.name, replicate.prediction) == ("", "y_rep")
    assert "censored" in replicate.reason
