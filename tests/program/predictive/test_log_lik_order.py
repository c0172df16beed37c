"""The entries of `log_lik` follow the elements of the outcomes, or have no order."""

from __future__ import annotations

import pytest

DECLARATIONS = (
    "data { int N; int M; vector[N] y; array[N] int z; vector[M] w; array[2] int at; } "
    "transformed data { vector[N] t = log(y); } parameters { real a; } model { a ~ normal(0, 1); "
)
ORDERED = [
    ("y ~ normal(a, 1);", (("y",),)),
    ("for (n in 1:N) y[n] ~ normal(a, 1);", (("y",),)),
    ("y ~ normal(a, 1); w ~ normal(a, 1);", (("y",), ("w",))),
    ("for (n in 1:N) { y[n] ~ normal(a, 1); z[n] ~ poisson_log(a); }", (("y", "z"),)),
    ("{ w ~ normal(a, 2); } for (n in 1:N) z[n] ~ poisson_log(a);", (("w",), ("z",))),
    ("log(y) ~ normal(a, 1);", (("y",),)),
    ("target += normal_lpdf(y | a, 1);", (("y",),)),
    ("for (n in 1:N) target += log_mix(0.5, normal_lpdf(y[n] | a, 1), normal_lpdf(y[n] | 0, 1));", (("y",),)),
    ("for (n in 1:N) { if (z[n] == 0) target += a; else z[n] ~ poisson_log(a); }", (("z",),)),
    (
        "for (n in 1:N) { if (z[n]) { target += a; y[n] ~ cauchy(a, 1); } else y[n] ~ normal(a, 1); }",
        (("y",),),
    ),
    ("if (!M) { vector[N] e = rep_vector(a, N); y ~ normal(e, 1); }", (("y",),)),
]
UNORDERED = [
    "for (n in 2:N) y[n] ~ normal(a, 1);",
    "for (n in 1:M) y[n] ~ normal(a, 1);",
    "for (n in 1:N) y[N - n + 1] ~ normal(a, 1);",
    "for (n in 1:N) if (z[n] > 0) y[n] ~ normal(a, 1);",
    "y[at] ~ normal(a, 1);",
    "if (M) y ~ normal(a, 1); w ~ normal(a, 1);",
    "real r = a; y - r ~ normal(a, 1);",
    "for (n in 1:N) { y[n] ~ normal(a, 1); y[n] ~ normal(a, 2); }",
    "y ~ multi_normal(rep_vector(a, N), identity_matrix(N));",
    "for (n in 1:N) { if (z[n] == 0) continue; y[n] ~ normal(a, 1); }",
    "y ~ normal(a, 1); w[at] ~ normal(a, 1);",
]


@pytest.mark.parametrize(("statements", "order"), ORDERED)
def test_entries_follow_the_elements_of_outcomes(program_from, statements, order):
    instrumented = program_from(f"{DECLARATIONS} {statements} }}").instrumented
    assert instrumented.outputs.log_lik_order == order


@pytest.mark.parametrize("statements", UNORDERED)
def test_entries_that_are_not_the_elements_in_order_have_no_order(program_from, statements):
    instrumented = program_from(f"{DECLARATIONS} {statements} }}").instrumented
    assert instrumented.outputs.log_lik_order == ()
