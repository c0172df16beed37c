"""Columns folded back into Stan's JSON."""

import pytest

from workbench.estimation.initial import initial_values

TEXT = """
parameters {
  real mu;
  matrix[2, 3] A;
  array[2] tuple(real, vector[2]) pair;
  complex z;
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


def test_parameters_come_back_nested_and_derived_ones_are_left_out(program):
    columns = [
        "mu", "A[1,1]", "A[2,1]", "A[1,2]", "A[2,2]", "A[1,3]", "A[2,3]",
        "pair[1].1", "pair[1].2[1]", "pair[1].2[2]", "pair[2].1", "pair[2].2[1]", "pair[2].2[2]",
        "z[real]", "z[imag]", "twice",
    ]  # fmt: skip
    assert initial_values(columns, range(1, 17), program) == {
        "mu": 1.0,
        "A": [[2.0, 4.0, 6.0], [3.0, 5.0, 7.0]],
        "pair": [{"1": 8.0, "2": [9.0, 10.0]}, {"1": 11.0, "2": [12.0, 13.0]}],
        "z": [14.0, 15.0],
    }
