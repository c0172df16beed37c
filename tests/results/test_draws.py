"""Columns made into arrays: every shape Stan prints."""

import numpy as np
import pytest

from workbench.backends import RawRun
from workbench.binding import BoundData
from workbench.results import draws

TEXT = """
data {
  int K;
}
parameters {
  real a;
  matrix[2, K] M;
  array[2] vector[K] v;
  cov_matrix[K] S;
  tuple(real, vector[2]) pair;
}
model {
  a ~ normal(0, 1);
}
"""

COLUMNS = (
    "a",
    *(f"M[{i},{j}]" for j in (1, 2, 3) for i in (1, 2)),
    *(f"v[{i},{j}]" for j in (1, 2, 3) for i in (1, 2)),
    *(f"S[{i},{j}]" for j in (1, 2, 3) for i in (1, 2, 3)),
    "pair.1",
    "pair.2[1]",
    "pair.2[2]",
)


@pytest.fixture
def dataset(program_from):
    values = np.arange(2 * 5 * len(COLUMNS), dtype=float).reshape(2, 5, len(COLUMNS))
    run = RawRun(COLUMNS, values)
    program = program_from(TEXT)
    data = BoundData(None, (), {"K": ("x", "y", "z")})  # type: ignore[arg-type]
    names = ("a", "M", "v", "S", "pair.1", "pair.2")
    return values, draws.read_variables(run, program, data, names, ("chain", "draw"))


def test_each_cell_is_its_column(dataset):
    values, read = dataset
    for position, column in enumerate(COLUMNS):
        name, _, inside = column.partition("[")
        index = tuple(int(part) - 1 for part in inside[:-1].split(",")) if inside else ()
        np.testing.assert_array_equal(read[name].values[..., *index], values[:, :, position], err_msg=column)


def test_arrays_of_tuples_and_complex_numbers_are_there_part_by_part(program_from):
    text = "parameters { array[2] tuple(real, vector[1]) p; complex z; complex_vector[1] c; } model { }"
    columns = ("p[1].1", "p[1].2[1]", "p[2].1", "p[2].2[1]", "z[real]", "z[imag]", "c[1,real]", "c[1,imag]")
    run = RawRun(columns, np.arange(16.0).reshape(1, 2, 8))
    data = BoundData(None, ())  # type: ignore[arg-type]
    read = draws.read_variables(run, program_from(text), data, ("p", "z", "c"), ("chain", "draw"))
    assert set(read.data_vars) == set(columns)
    assert read["c[1,imag]"].values.tolist() == [[7.0, 15.0]]


def test_dims_are_the_declared_sizes_and_no_dim_comes_twice(dataset):
    _, read = dataset
    assert read["M"].dims == ("chain", "draw", "M_dim_0", "K")
    assert read["S"].dims == ("chain", "draw", "K", "S_dim_1")
    assert read["S"].coords["S_dim_1"].values.tolist() == ["x", "y", "z"]
    assert read["M"].coords["M_dim_0"].values.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("column", "label"),
    [
        ("a", "a"),
        ("M[1,2]", "M[1,y]"),
        ("S[3,1]", "S[z,x]"),
        ("pair.2[1]", "pair.2[1]"),
        ("gone[1]", "gone[1]"),
    ],
)
def test_labels(program_from, column, label):
    assert draws.label_column(column, program_from(TEXT), {"K": ("x", "y", "z")}) == label
