"""Binding: each rule once, and the words for what does not fit."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench import binding, tables
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


@pytest.fixture(scope="session")
def regression(program_from):
    return program_from(REGRESSION)


@pytest.fixture(scope="session")
def counts(program_from):
    return program_from(COUNTS)


def test_columns_by_name_and_a_matrix_from_the_numeric_rest(regression, table_from):
    table = table_from("id,age,y,income\na,1,5,10\nb,2,6,20\n")
    bound = binding.bind(regression, table, given={"scale": 2.0})
    values = bound.values
    np.testing.assert_array_equal(values["X"], [[1, 10], [2, 20]])
    np.testing.assert_array_equal(values["y"], [5, 6])
    assert (values["N"], values["K"], values["scale"]) == (2, 2, 2.0)
    origins = {one.name: one.origin for one in bound.variables}
    assert origins["X"] == "columns `age`, `income`"
    assert origins["N"] == "size of `X`"


def test_labels_come_from_columns_and_from_the_text_column(regression, table_from):
    table = table_from("id,age,y,income\na,1,5,10\nb,2,6,20\n")
    bound = binding.bind(regression, table, given={"scale": 2.0})
    assert bound.labels == {"K": ("age", "income"), "N": ("a", "b")}


def test_instructions_go_before_names(regression, table_from):
    table = table_from("age,y,income,z\n1,5,10,7\n2,6,20,8\n")
    bound = binding.bind(regression, table, columns={"y": ("z",), "X": ("income", "age")}, given={"scale": 1})
    np.testing.assert_array_equal(bound.values["y"], [7, 8])
    np.testing.assert_array_equal(bound.values["X"], [[10, 1], [20, 2]])


def test_integers_stay_integers(counts, table_from):
    values = binding.bind(counts, table_from("n,y\n3,1\n4,4\n")).values
    assert values["y"].dtype.kind == "i"
    assert values["N"] == 2


@pytest.mark.parametrize(
    ("table", "columns", "given", "words"),
    [
        ("age,y\n1,5\n2,-0.3\n", {}, {"scale": 1}, "column `y` has -0.3 at row 2, but `y` is declared "
         "`vector<lower=0>[N]` in `model.stan`, line 6"),
        ("age,y\n1,5\n2,x\n", {}, {"scale": 1}, "column `y` of `table.csv` has `x` at row 2"),
        ("age,yy\n1,5\n", {}, {"scale": 1}, "no column `y`; its columns are `age`, `yy`"),
        ("age,y\n1,5\n", {}, {}, "no column `scale`"),
        ("age,y\n1,5\n", {"y": ("incme",)}, {"scale": 1}, "no column `incme`, which `y` was to take"),
        ("age,y\n1,5\n", {}, {"scale": 1, "sclae": 2}, "`sclae` is not in the data block of `model.stan`"),
        ("age,y\n1,5\n", {}, {"scale": "big"}, "the value given is `big`"),
        ("age,y\n1,5\n", {}, {"scale": -1}, "has -1, but `scale` is declared `real<lower=0>`"),
        ("age,y\n1,5\n", {}, {"scale": 1, "N": 3},
         "of size 3 x 1, but its value (column `age`) has size 1 x 1"),
        ("age,y\n1,5\n", {}, {"scale": 1, "K": 1.5}, "`K` is declared `int<lower=1>`"),
        ("age,y\n1,5\n", {}, {"scale": [1, 2]}, "has size 2"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_in_words(regression, table_from, table, columns, given, words):
    with pytest.raises(BindingError) as raised:
        binding.bind(regression, table_from(table), columns=columns, given=given)
    assert words in raised.value.message


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("n,y\n3,1.5\n", "column `y` has 1.5 at row 1, but `y` is declared"),
        ("n,y\n3,1\n2,5\n", "column `y` has 5 at row 2"),
        ("n,y\n3000000000,1\n", "column `n` has 3000000000 at row 1"),
    ],
)
def test_integers_out_of_range(counts, table_from, table, words):
    with pytest.raises(BindingError) as raised:
        binding.bind(counts, table_from(table))
    assert words in raised.value.message


def test_a_misspelt_column_gets_the_closest_one_as_a_hint(program_from, table_from):
    program = program_from(
        "data { int N; vector[N] dose; } parameters { real a; } model { dose ~ normal(a, 1); }"
    )
    with pytest.raises(BindingError) as raised:
        binding.bind(program, table_from("age,dsoe\n1,5\n"))
    assert raised.value.hint == "name one with --column dose=dsoe"


@settings(max_examples=30, deadline=None)
@given(rows=st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=20))
def test_every_bound_value_is_the_cell_it_came_from(counts, rows):
    """Whatever the counts, binding neither reorders nor changes them."""
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
