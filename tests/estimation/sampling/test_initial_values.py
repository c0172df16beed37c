"""Columns nested into Stan's JSON."""

import pytest

from tests.estimation.minimal import declare, make_program
from workbench.estimation.sampling.initial_values import nest_initial_values

TEXT = """
parameters {
  real mu;
  matrix[2, 3] A;
  array[2] tuple(real, vector[2]) pair;
  complex z;
  array[2, 3] tuple(real, real) grid;
}
transformed parameters {
  real twice = 2 * mu;
}
model {
  mu ~ normal(0, 1);
}
"""


@pytest.fixture(scope="module")
def program(program_from):
    return program_from(TEXT)


def test_parameters_are_nested_and_transformed_ones_left_out(program):
    columns = [
        "mu", "A[1,1]", "A[2,1]", "A[1,2]", "A[2,2]", "A[1,3]", "A[2,3]",
        "pair[1].1", "pair[1].2[1]", "pair[1].2[2]", "pair[2].1", "pair[2].2[1]", "pair[2].2[2]",
        "z[real]", "z[imag]",
        *(f"grid[{i},{j}].{part}" for j in (1, 2, 3) for i in (1, 2) for part in (1, 2)), "twice",
    ]  # fmt: skip
    numbers = [*range(1, 16), *(100 * i + 10 * j + p for j in (1, 2, 3) for i in (1, 2) for p in (1, 2)), 0]
    nested = nest_initial_values(columns, numbers, program)
    in_stans_order = [[cell["1"] for cell in row] for row in nested.pop("grid")]
    assert in_stans_order == [[111, 211, 121], [221, 131, 231]]
    assert nested == {
        "mu": 1.0,
        "A": [[2.0, 4.0, 6.0], [3.0, 5.0, 7.0]],
        "pair": [{"1": 8.0, "2": [9.0, 10.0]}, {"1": 11.0, "2": [12.0, 13.0]}],
        "z": [14.0, 15.0],
    }


def test_an_array_of_one_element_stays_an_array():
    program = make_program(parameters=(declare("a"), declare("b", "vector", 1)))
    assert nest_initial_values(("a", "b[1]"), (1.0, 2.0), program) == {"a": 1.0, "b": [2.0]}
