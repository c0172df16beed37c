"""Whether a program reads outcomes where it predicts; if its text cannot say no, each request is tried."""

import pytest

from workbench.program.predictive.dependence import find_dependent

PROGRAM = """
data {{ int<lower=1> N; vector[N] x; vector[N] y; }}
parameters {{ real beta; real<lower=0> sigma; }}
model {{ y ~ normal(x * beta, sigma); }}
generated quantities {{ {0} }}
"""


@pytest.mark.parametrize(
    ("statements", "is_dependent"),
    [
        ("array[N] real y_rep = normal_rng(x * beta, sigma);", False),
        ("vector[size(y)] y_rep; for (n in 1:rows(y)) y_rep[n] = normal_rng(x[n] * beta, sigma);", False),
        ("vector[N] e = y - x * beta; array[N] real y_rep = normal_rng(x * beta, sigma);", False),
        ("array[N] real y_rep = normal_rng(y, sigma);", True),
        ("real m = mean(y); array[N] real y_rep = normal_rng(m + x * beta, sigma);", True),
        ("vector[N] y_rep = x; if (y[1] > 0) { y_rep = 2 * x; }", True),
        ("vector[N] y_rep; for (n in 1:N) { real a = y[n]; real b = a; y_rep[n] = b; }", True),
        ("vector[N] y_rep = x; for (n in 1:N) y_rep[n] += size(y) * y[n];", True),
    ],
)
def test_values_are_followed_and_shapes_are_not(program_from, statements, is_dependent):
    tree = program_from(PROGRAM.format(statements)).tree
    assert ("y_rep" in find_dependent(tree, ["y"], is_shape_known=True)) == is_dependent
