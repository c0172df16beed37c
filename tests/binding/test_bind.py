"""Binding by the rules: which column goes where, what is derived, and the hash of the result."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench import binding, tables
from workbench.binding import BindingOptions
from workbench.errors import BindingError

REGRESSION = """
data {
  int<lower=1> N;
  int<lower=1> K;
  matrix[N, K] X;
  vector<lower=0>[N] y;
  real<lower=0> scale;
}
parameters {
  vector[K] beta;
}
model {
  y ~ normal(X * beta, scale);
}
"""

COUNTS = """
data {
  int N;
  array[N] int<lower=0> n;
  array[N] int<lower=0, upper=n> y;
}
parameters {
  real<lower=0, upper=1> p;
}
model {
  y ~ binomial(n, p);
}
"""

TABLE = "id,age,y,income\na,1,5,10\nb,2,6,20\n"


@pytest.fixture(scope="session")
def regression(program_from):
    return program_from(REGRESSION)


@pytest.fixture(scope="session")
def counts(program_from):
    return program_from(COUNTS)


def test_columns_by_name_and_a_matrix_of_the_other_numeric_columns(regression, table_from):
    bound = binding.bind(regression, table_from(TABLE), BindingOptions(given={"scale": 2.0}))
    values = bound.values
    np.testing.assert_array_equal(values["X"], [[1, 10], [2, 20]])
    np.testing.assert_array_equal(values["y"], [5, 6])
    assert (values["N"], values["K"], values["scale"]) == (2, 2, 2.0)
    origins = {variable.name: variable.origin for variable in bound.variables}
    assert origins["X"] == "columns `age`, `income`"
    assert origins["N"] == "size of `X`"
    assert bound.labels == {"K": ("age", "income"), "N": ("a", "b")}


def test_columns_that_the_user_names_have_priority(regression, table_from):
    options = BindingOptions(columns={"y": ("z",), "X": ("income", "age")}, given={"scale": 1})
    bound = binding.bind(regression, table_from("age,y,income,z\n1,5,10,7\n2,6,20,8\n"), options)
    np.testing.assert_array_equal(bound.values["y"], [7, 8])
    np.testing.assert_array_equal(bound.values["X"], [[10, 1], [20, 2]])


def test_integers_stay_integers(counts, table_from):
    values = binding.bind(counts, table_from("n,y\n3,1\n4,4\n")).values
    assert values["y"].dtype.kind == "i"
    assert values["N"] == 2


@pytest.mark.parametrize(
    ("table", "place"),
    [
        ("n,y\n3,1\n2,5\n", "`y` has 5 at row 2"),
        ("n,y\n3000000000,1\n", "`n` has 3000000000 at row 1"),
    ],
)
def test_a_bound_may_differ_by_row(counts, table_from, table, place):
    with pytest.raises(BindingError) as raised:
        binding.bind(counts, table_from(table))
    assert place in raised.value.message


@settings(max_examples=30, deadline=None)
@given(rows=st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=20))
def test_every_bound_value_is_the_cell_it_came_from(counts, rows):
    """Whatever the counts are, binding neither reorders nor changes them."""
    cells = [(n + y, y) for n, y in rows]
    table = tables.from_frame(pd.DataFrame(cells, columns=["n", "y"]))
    values = binding.bind(counts, table).values
    assert list(zip(values["n"].tolist(), values["y"].tolist(), strict=True)) == cells


def test_the_hash_of_bound_data_sees_every_value(counts, table_from):
    first = binding.bind(counts, table_from("n,y\n3,1\n4,2\n")).sha256
    again = binding.bind(counts, table_from("n,y\n3,1\n4,2\n")).sha256
    other = binding.bind(counts, table_from("n,y\n3,1\n4,3\n")).sha256
    assert first == again
    assert first != other
