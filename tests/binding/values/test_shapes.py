"""Values whose shape no declaration has."""

import pytest

from workbench import tables
from workbench.binding import BindingOptions
from workbench.binding.bind import try_bind

PROGRAM = """
data { int<lower=0> N; int<lower=1> K; matrix[N, K] X; vector[N] y; }
parameters { vector[K] beta; }
model { y ~ normal(X * beta, 1); }
"""


@pytest.mark.parametrize("size", [[], [1, 2], [[]]])
def test_a_list_where_a_size_is_declared(program_from, size):
    data = tables.from_mapping({"N": 3, "K": size, "X": [[1], [2], [3]], "y": [1, 2, 3]})
    problems = try_bind(program_from(PROGRAM), data, BindingOptions()).problems
    assert "`K` is declared `int<lower=1>`" in problems[0].message
    assert "so its size must be 1 (a single number)" in problems[0].message
