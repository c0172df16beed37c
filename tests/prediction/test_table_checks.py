"""New rows in another unit are told by their range; ordinary held-out rows never are."""

import numpy as np
import pandas as pd
import pytest

from tests.conftest import DATA
from workbench import binding
from workbench.binding import BindingOptions
from workbench.prediction.table_checks import collect_columns, describe_ranges, describe_unused, is_far


def list_columns():
    for path in sorted(DATA.glob("*.csv")):
        frame = pd.read_csv(path).select_dtypes("number")
        yield from ((f"{path.stem}: {name}", frame[name].dropna().to_numpy(float)) for name in frame)


def test_no_half_of_a_bundled_table_is_far_from_the_other():
    random = np.random.default_rng(0)
    false, tried = [], 0
    for name, values in list_columns():
        for _ in range(20):
            is_fitted = random.random(len(values)) < 0.5
            tried += 1
            if is_far(values[is_fitted], values[~is_fitted]):
                false.append(name)
        single = random.integers(len(values))
        if is_far(np.delete(values, single), values[[single]]):
            false.append(f"{name}, one row")
    assert tried > 1000
    assert false == []


AGE = np.linspace(30, 80, 40)

FAR = {
    "months for years": (AGE, AGE * 12, ", about 12 times as large: is"),
    "years for months": (AGE * 12, AGE, ", about 12 times as small: is"),
    "grams for kilograms": (np.linspace(0.2, 4, 30), np.array([1500.0, 2500.0]), "0.2 to 4 in the fit"),
    "percent for shares": (np.linspace(-0.2, 0.9, 30), np.linspace(-20, 90, 30), "from -20 to 90 here: is"),
    "one row": (AGE, np.array([400.0]), "from 400 to 400 here"),
}
"""A column in the fit and in new rows, and words of the sentence about it."""


@pytest.mark.parametrize("case", FAR)
def test_another_unit(case):
    fitted, new, words = FAR[case]
    (sentence,) = describe_ranges({"age": fitted}, {"age": new})
    assert words in sentence


def test_what_is_no_other_unit():
    assert not is_far(AGE, AGE + 20)
    assert not is_far(AGE, np.append(AGE, 9000.0))  # one cell is a matter of that cell
    assert not is_far(AGE[:9], AGE * 12)  # too few rows for a range
    assert not is_far(np.tile([0.0, 1.0], 20), np.array([5.0, 5.0]))
    assert not is_far(AGE, np.array([np.nan]))
    assert not is_far(np.exp(np.linspace(0, 5, 40)), np.array([10_000.0]))  # wide on the log scale
    assert describe_ranges({"x": AGE}, {"z": AGE * 12}) == []


PROGRAM = """
data {
  int N; int J; int K;
  array[N] int<lower=1, upper=J> school; matrix[N, K] X; vector[N] t; array[N] int<lower=0> visits;
  vector[J] size;
}
parameters { vector[J] a; vector[K] b; real c; }
model { a ~ normal(size, 1); b ~ normal(0, 1); visits ~ poisson_log(a[school] + X * b + c * t); }
"""


def test_columns_are_compared_on_the_scale_of_the_table(program_from, table_from):
    """Levels, groups, dates and indicators have no unit."""
    rows = [f"{'ab'[n % 2]},{3 + n % 2},{30 + n},{1.5 + n / 100},2026-01-{n + 1:02},{n}" for n in range(20)]
    table = table_from("\n".join(["school,size,age,height,when,visits", *rows]))
    options = BindingOptions(columns={"X": ("age", "height"), "t": ("when:days",)}, standardize=True)
    fitted = binding.bind(program_from(PROGRAM), table, options)
    new = binding.rebind(
        fitted.rules,
        program_from(PROGRAM),
        table_from("school,age,height,when,visits\na,31,150,2036-01-01,2\nb,35,170,2036-02-01,3\n"),
    )
    columns = collect_columns(new)
    assert set(columns) == {"age", "height", "visits"}
    np.testing.assert_allclose(columns["height"], [150, 170])
    assert describe_ranges(collect_columns(fitted), columns) == [
        "`height` runs from 1.5 to 1.69 in the fit and from 150 to 170 here, about 100 times as large: is it "
        "in the same unit?"
    ]


def test_columns_that_the_fit_did_not_have():
    assert describe_unused(["y", "x", "id"], ["x"], ["id", "x"]) == ""
    assert describe_unused([], [], "abcdefgh") == (
        "the table of the fit had no columns `a`, `b`, `c`, `d`, `e` and 3 more: they are not used."
    )
