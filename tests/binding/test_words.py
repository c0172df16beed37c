"""Every message about a table that does not suit a program: its words, and what the hint says."""

import numpy as np
import pandas as pd
import pytest

from workbench import binding, tables
from workbench.binding import BindingOptions
from workbench.errors import BindingError

VECTOR = "int N; vector[N] y;"
DESIGN = "int N; int K; matrix[N, K] X; vector[N] y;"
GROUPS = "int N; int J; array[N] int<lower=1, upper=J> g; vector[J] u;"


def program_text(data):
    sized = "vector[J] t;" if "int J" in data else ""
    return f"data {{ {data} }}\nparameters {{ real a; {sized} }}\nmodel {{ a ~ normal(0, 1); }}\n"


@pytest.fixture
def refused(program_from, table_from):
    def refused(data, table, **asked):
        with pytest.raises(BindingError) as raised:
            binding.bind(program_from(program_text(data)), table_from(table), BindingOptions(**asked))
        return raised.value.message, raised.value.hint or ""

    return refused


@pytest.mark.parametrize(
    ("data", "table", "asked", "words", "hint"),
    [
        (
            VECTOR,
            "y\n1\n\n2\nNA\n",
            {},
            "column `y` of `table.csv` has an empty cell at row 3",
            "--missing drop",
        ),
        (
            VECTOR,
            "x,y\n1,2\n,NA\n1,NaN\n1,.\n",
            {},
            "an empty cell at row 2, where a number was expected (2 more such cells below: row 3, 4)",
            "or leave such rows out with --missing drop",
        ),
        (
            VECTOR,
            "y\nNA\nNA\n",
            {"missing": "drop"},
            "every row of `table.csv` has a missing cell in a column that is used",
            "fill the gaps",
        ),
        (
            VECTOR,
            "y\n1\ninf\n",
            {},
            "column `y` of `table.csv` has `inf` at row 2, where a number",
            "mend or remove",
        ),
        (
            VECTOR,
            "y\n1\n12x\n",
            {},
            "column `y` of `table.csv` has `12x` at row 2, where a number was expected",
            "mend",
        ),
        (
            VECTOR,
            "y\n2026-01-05\n2026-01-06\n",
            {},
            "column `y` of `table.csv` holds dates (`2026-01-05` at row 1)",
            "--column NAME=y:days",
        ),
        (
            VECTOR,
            "y\n10:00:00\n",
            {},
            "holds times (`10:00:00` at row 1), where numbers were expected",
            "count them",
        ),
        (
            VECTOR,
            "x,y\n1,\n2,\n",
            {},
            "column `y` of `table.csv` holds no cell that is not missing",
            "one number",
        ),
        (
            VECTOR,
            "t,x\n2026-01-05,1\n",
            {"columns": {"y": ("t:moons",)}},
            "`t:moons` asks for dates in `moons`",
            "write t:days",
        ),
        (
            VECTOR,
            "t,x\n2026-01-05,1\n",
            {"columns": {"y": ("x:days",)}},
            "column `x` of `table.csv` holds none",
            "write dates as",
        ),
        (
            VECTOR,
            "1,2\n3,4\n",
            {"columns": {"y": ("a",)}},
            "has no column `a`, which `y` was to take",
            "is the line with the names of the columns missing?",
        ),
        (
            VECTOR,
            "a,b\n3,4\n",
            {"columns": {"y": ("a", "b")}},
            "which cannot be filled from the columns `a`, `b`",
            "--set",
        ),
        (
            VECTOR,
            "y\n1\n2\n",
            {"given": {"N": 3}},
            "of size 3, but its value (column `y`) has size 2",
            "--set must agree",
        ),
        (
            VECTOR,
            "z\n1\n",
            {},
            "but `table.csv` has no column `y`; its columns are `z`",
            "--column y=",
        ),
        (
            VECTOR + " real s;",
            "y\n1\n",
            {},
            "`s` is declared `real` in `model.stan`, line 1",
            "--set s=VALUE",
        ),
        (
            VECTOR + " real s;",
            "y,s\n1,2\n1,3\n",
            {},
            "a single number, but column `s` has 2 at row 1 and 3 at row 2",
            "--set s=VALUE",
        ),
        (
            VECTOR + " int k;",
            "y\n1\n",
            {"given": {"k": 3000000000.0}},
            "given has 3000000000, but `k` is declared `int`",
            "at most 2147483647",
        ),
        (
            VECTOR + " array[N, 2, 2] real z;",
            "y,z\n1,2\n",
            {},
            "which cannot be filled from the column `z`",
            "or all data in Stan's JSON",
        ),
        (
            VECTOR + " tuple(int, real) z;",
            "y,z\n1,2\n",
            {},
            "which cannot be filled from the column `z`",
            "JSON",
        ),
        (
            VECTOR + " complex z;",
            "y,z\n1,2\n",
            {},
            "which cannot be filled from the column `z`",
            "JSON",
        ),
        (
            VECTOR + " matrix[2, 2] z;",
            "y\n1\n",
            {"given": {"z": [[1, 2], [3]]}},
            "the value given is ragged: element 2 has 1 number where element 1 has 2 numbers",
            "rectangular",
        ),
        (
            VECTOR + " array[2, 1, 2] real z;",
            "y\n1\n",
            {"given": {"z": [[[1, 2]], [[3, 4], [5, 6]]]}},
            "ragged: element 2 has 2 numbers where element 1 has 1 number",
            "rectangular",
        ),
        (
            VECTOR + " real z;",
            "y\n1\n",
            {"given": {"z": "many"}},
            "but the value given is `many`",
            "--set z=NUMBER",
        ),
        (
            VECTOR + " real z;",
            "y\n1\n",
            {"given": {"z": float("nan")}},
            "but the value given is `nan`",
            "--set",
        ),
        (
            VECTOR,
            "y\n1\n",
            {"given": {"z": 1}},
            "`z` is not in the data block of `model.stan`, which declares `N`, `y`",
            "",
        ),
        (
            "int N; array[N] int<lower=0> y;",
            "y\n1\n2.5\n",
            {},
            "column `y` has 2.5 at row 2, but `y` is declared `array[N] int<lower=0>` in "
            "`model.stan`, line 1",
            "whole numbers",
        ),
        (
            "int N; array[N] int<lower=0> y;",
            "y\n1\nfew\nmany\n",
            {},
            "column `y` of `table.csv` has `few` at row 2",
            "mend",
        ),
        (
            "int N; array[N] int<lower=0> y;",
            "y\n1\n-2\n-3\n",
            {},
            "column `y` has -2 at row 2 (1 more below), but",
            "the lower bound there is 0",
        ),
        (
            "int N; array[N] int<lower=0, upper=1> y;",
            "y\na\nb\nc\n",
            {},
            "column `y` has 3 levels (`a`, `b`, `c`), but `y` is declared `array[N] int<lower=0, "
            "upper=1>` in `model.stan`, line 1, with 2",
            "merge levels",
        ),
        (
            "int N; array[N] int<lower=0, upper=1> y;",
            "y\na\nb\n",
            {"reference": {"y": "c"}},
            "--reference names `c`, but the levels of column `y` are `a`, `b`",
            "write --reference y=a",
        ),
        (
            "int N; array[N] int<lower=0, upper=1> y;",
            "y\na\nb\n",
            {"reference": {"z": "c"}},
            "has no column `z`, of which --reference names a level",
            "",
        ),
        (
            DESIGN,
            "y,a\n1,2\n",
            {"columns": {"X": ("a", "colour")}},
            "has no column `colour`, which `X` was to take",
            "",
        ),
        (
            DESIGN,
            "y,a\n1,x\n2,x\n",
            {"columns": {"X": ("a",)}},
            "has the single level `x`: it tells no rows apart",
            "leave the column out",
        ),
        (
            DESIGN,
            "y,a\n1,x\n2,\n",
            {"columns": {"X": ("a",)}},
            "column `a` of `table.csv` has an empty cell at row 2",
            "--missing drop",
        ),
        (
            DESIGN.replace("K", "3").replace("int 3;", ""),
            "y,a,b\n1,2,3\n",
            {},
            "of size 1 x 3, but its value (columns `a`, `b`) has size 1 x 2",
            "name 3 columns with --columns X=...",
        ),
        (
            DESIGN + " matrix[N, K] Z;",
            "y,a\n1,2\n",
            {},
            "`X`, `Z` could each take the columns that are left, `a`",
            "--columns X=... --columns Z=...",
        ),
        (
            GROUPS,
            "g,u\na,1\nb,2\na,3\n",
            {},
            "one value for each level of `g`, but column `u` has 1 at row 1 and 3 at row 3, both `a`",
            "constant within each group",
        ),
        (
            GROUPS,
            "g,u\n1,1\n2,2\n4,3\n",
            {},
            "no row of `table.csv` has 3 in column `g`, so that `u`",
            "without gaps",
        ),
        (
            GROUPS,
            "g,u\na,1\nb,2\nc,3\n",
            {"given": {"J": 2}},
            "column `g` has 3 levels (`a`, `b`, `c`), but `g` is declared `array[N] int<lower=1, "
            "upper=J>` in `model.stan`, line 1, with 2",
            "merge levels",
        ),
        (
            GROUPS,
            "g,u\n1,1\n5,2\n",
            {"given": {"J": 4}},
            "column `g` has 5 at row 2, but",
            "the upper bound there is 4",
        ),
        (
            GROUPS,
            "g,u\n1,1\n2.5,2\n",
            {},
            "column `g` has 2.5 at row 2, but `g` is declared",
            "whole",
        ),
        (
            GROUPS,
            "g,u\n1,1\n2,2\n3,3\n4b,4\n",
            {},
            "column `g` of `table.csv` has `4b` at row 4, where a number",
            "mend",
        ),
        (
            GROUPS,
            "g,u\na,1\n,2\n",
            {},
            "column `g` of `table.csv` has an empty cell at row 2",
            "--missing drop",
        ),
    ],
)
def test_what_does_not_suit_is_said(refused, data, table, asked, words, hint):
    message, said = refused(data, table, **asked)
    assert words in message
    assert hint in said


SPECIAL = {
    "simplex[2] p;": ([0.5, 0.6], "its elements add up to 1.1, not to 1"),
    "simplex[3] p;": ([-0.5, 0.5, 1], "it has -0.5, where no element may be negative"),
    "sum_to_zero_vector[2] p;": ([1, 2], "its elements add up to 3, not to 0"),
    "unit_vector[2] p;": ([1, 1], "its length is 1.414213562, not 1"),
    "ordered[2] p;": ([2, 1], "its elements do not increase"),
    "positive_ordered[2] p;": ([-1, 1], "its first element is not positive"),
    "cov_matrix[2] p;": ([[1, 2], [2, 1]], "it is not positive definite"),
    "corr_matrix[2] p;": ([[1, 0.1], [0.2, 1]], "it is not symmetric"),
    "corr_matrix[1] p;": ([[2]], "its diagonal is not 1"),
    "cholesky_factor_cov[2] p;": ([[1, 1], [0, 1]], "it is not lower triangular"),
    "cholesky_factor_corr[2] p;": ([[1, 0], [1, 1]], "its rows do not have length 1"),
}


@pytest.mark.parametrize("declared", SPECIAL)
def test_promises_of_special_types(refused, declared):
    value, words = SPECIAL[declared]
    message, _ = refused(f"{VECTOR} {declared}", "y\n1\n", given={"p": value})
    assert words in message
    assert f"`p` is declared `{declared[:-3]}`" in message


def test_every_problem_is_told_at_once(program_from, table_from):
    program = program_from(program_text("int N; vector<lower=0>[N] y; vector[N] z; real s; array[N] int k;"))
    table = table_from("y,k\n-1,1.5\n2,2\n")
    examined = binding.try_bind(program, table, BindingOptions(columns={"q": ("y",)}))
    said = " | ".join(one.message for one in examined.problems)
    for words in (
        "`q` is not in the data block",
        "no column `z`",
        "no column `s`",
        "has -1 at row 1",
        "has 1.5 at",
    ):
        assert words in said
    assert [one.name for one in examined.data.variables] == ["N", "y", "k"]


@pytest.fixture
def told(program_from, table_from):
    def told(data, table, **asked):
        bound = binding.bind(program_from(program_text(data)), table_from(table), BindingOptions(**asked))
        return bound.tips, {one.name: one.remark for one in bound.variables}

    return told


def test_tips_about_predictors(told):
    table = "y,a,one,b,small\n" + "".join(
        f"{i},{i % 5},1,{2 * (i % 5) + 3},{(i % 3) / 1e6}\n" for i in range(30)
    )
    tips, _ = told(DESIGN, table)
    said = " | ".join(tips)
    assert (
        "predictor `one` of `X` is constant: its coefficient cannot be told apart from an intercept" in said
    )
    assert "predictor `b` of `X` is determined by `a`: the data cannot tell their coefficients apart" in said
    assert "the standard deviation of `b` is" in said
    assert "times that of `small`; --standardize puts them on one" in said
    assert len(tips) == 3


def test_no_tips_about_good_predictors(told):
    rng = np.random.default_rng(1)
    rows = "\n".join(",".join(f"{cell:.6f}" for cell in row) for row in rng.normal(size=(50, 4)))
    assert told(DESIGN, "y,a,b,c\n" + rows)[0] == ()


def test_tips_about_rows_left_out_and_standardizing(told):
    tips, remarks = told(DESIGN, "y,a\n1,2\n,3\n3,5\n4,\n5,1\n", missing="drop", standardize=True)
    assert tips[0] == "2 rows with a missing cell left out: `2`, `4`."
    assert (
        "`X` is standardized: priors of its coefficients are about one standard deviation of a predictor."
        in tips
    )
    assert remarks["X"] == "standardized."
    assert told(VECTOR, "y\n1\n", standardize=True)[0] == (
        "there is no matrix of predictors to standardize.",
    )


def test_remarks(told):
    _, remarks = told(
        "int N; int J; array[N] int<lower=1, upper=J> g; vector[N] Total_Cost; matrix[N, 1] X;"
        " array[N] int<lower=0, upper=1> w;",
        "g,total cost,x,name,w\nu,1,5,a,no\nv,2,6,b,yes\n",
    )
    assert remarks["g"] == "u = 1, v = 2."
    assert remarks["Total_Cost"] == "taken from `total cost`, the only name like it."
    assert remarks["X"] == "not taken unasked: `name`."
    _, remarks = told(
        "int T; int N; array[N] int<lower=1, upper=T> g; vector[T] s;", "g,s\n1,1\n2,2\n", given={"T": 2}
    )
    assert remarks["s"] == "one value for each level of `g`."


def test_a_name_that_two_columns_resemble_is_not_forgiven(refused):
    message, _ = refused("int N; vector[N] iq;", "IQ,I.Q\n1,2\n")
    assert "has no column `iq`; its columns are `IQ`, `I.Q`" in message


STAN_DATA = (
    "int N; vector[N] y; tuple(int, vector[2]) d; array[2] complex z; array[N, 0] int e; real<lower=0> s;"
)


@pytest.fixture
def from_stan(program_from):
    def bind(values, data=STAN_DATA, **asked):
        table = tables.from_mapping(values)
        return binding.bind(program_from(program_text(data)), table, BindingOptions(**asked))

    return bind


STAN_VALUES = {"N": 2, "y": [1, 2], "d": {"1": 3, "2": [1, 2]}, "z": [[1, 2], [3, 4]], "e": [[], []], "s": 1}


PAIRS = "int N; array[2, N] tuple(int<lower=0>, vector[2]) d;"


def pair(number):
    return {"1": number, "2": [number, 0.5]}


def test_arrays_of_tuples_are_taken_and_put_in_stans_order(from_stan, program_from):
    rows = [[pair(11), pair(12), pair(13)], [pair(21), pair(22), pair(23)]]
    bound = from_stan({"N": 3, "d": rows}, PAIRS)
    assert [[one["1"] for one in row] for row in bound.values["d"]] == [[11, 12, 13], [21, 22, 23]]
    assert bound.values["d"][1][2]["2"].tolist() == [23, 0.5]
    (one,) = (one for one in bound.variables if one.name == "d")
    assert (one.shape, one.first, one.has_tuples) == ((2, 3), "(tuples)", True)
    ordered = binding.order_tuples(bound.values, program_from(program_text(PAIRS)).data)
    assert [[one["1"] for one in row] for row in ordered["d"]] == [[11, 21, 12], [22, 13, 23]]
    rows[0][1] = pair(14)
    assert from_stan({"N": 3, "d": rows}, PAIRS).sha256 != bound.sha256


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([[pair(1)], [pair(2)]], "`d` is declared `array[2, N] tuple(int<lower=0>, vector[2])`"),
        ([[pair(1), pair(1)], [pair(2)]], "has size 2 x ?"),
        ([[pair(1), {"1": 2}], [pair(2), pair(3)]], "the value given is not of that form"),
        ([pair(1), pair(2)], "the value given is not of that form"),
        ([[pair(1), pair(1)], [pair(2), pair(-2)]], "`d.1`"),
    ],
)
def test_arrays_of_tuples_that_do_not_fit_are_refused(from_stan, rows, words):
    with pytest.raises(BindingError) as raised:
        from_stan({"N": 2, "d": rows}, PAIRS)
    assert words in raised.value.message


def test_stan_data_are_used_as_they_are(from_stan):
    bound = from_stan({**STAN_VALUES, "more": 1})
    assert bound.values["d"]["1"] == 3
    assert np.shape(bound.values["e"]) == (2, 0)
    assert np.shape(bound.values["z"]) == (2, 2)
    assert bound.tips == ("`data` also has `more`, which the program does not declare.",)
    assert {one.origin for one in bound.variables} == {"`data`"}
    assert from_stan(STAN_VALUES, given={"s": 4}).values["s"] == 4


@pytest.mark.parametrize(
    ("changed", "asked", "words"),
    [
        ({"y": [1, 2, 3]}, {}, "of size 2, but its value (`data`) has size 3"),
        ({"s": -1}, {}, "`data` has -1, but `s` is declared `real<lower=0>`"),
        ({"N": 2.5}, {}, "`N` is declared `int`, but the value given is `2.5`"),
        ({"d": [3]}, {}, "but the value given is not of that form"),
        ({"d": {"1": 2.5, "2": [1, 2]}}, {}, "`d.1` is declared `int`, but the value given is `2.5`"),
        ({"d": {"1": 3, "2": [1]}}, {}, "of size 2, but its value (`data`) has size 1"),
        ({"y": [1, [2]]}, {}, "ragged: element 2 has 1 number where element 1 has a single number"),
        ({}, {"columns": {"y": ("y",)}}, "--column names columns, but `data` is Stan's own data"),
        ({}, {"reference": {"y": "y"}}, "--reference names columns, but `data` is Stan's own data"),
    ],
)  # fmt: skip
def test_stan_data_are_held_against_the_declarations(from_stan, changed, asked, words):
    with pytest.raises(BindingError) as raised:
        from_stan({**STAN_VALUES, **changed}, **asked)
    assert words in raised.value.message


def test_stan_data_without_a_variable(from_stan):
    with pytest.raises(BindingError) as raised:
        from_stan({name: value for name, value in STAN_VALUES.items() if name != "y"})
    assert "but `data` has no `y`; it has `N`, `d`, `z`, `e`, `s`" in raised.value.message


def test_stan_data_that_are_not_finite_are_said(from_stan):
    tips = from_stan({**STAN_VALUES, "y": [1, float("inf")]}, standardize=True).tips
    assert tips == (
        "`y` holds numbers that are not finite.",
        "--standardize does nothing to Stan's own data.",
    )


def test_categories_keep_their_own_order(program_from):
    order = ["low", "high", "never"]
    frame = pd.DataFrame({"g": pd.Categorical(["high", "low", "high"], categories=order), "u": [1.0, 2, 1]})
    bound = binding.bind(program_from(program_text(GROUPS)), tables.from_frame(frame))
    np.testing.assert_array_equal(bound.values["g"], [2, 1, 2])
    np.testing.assert_array_equal(bound.values["u"], [2, 1])
    assert bound.labels["J"] == ("low", "high")


def test_sizes_named_differently_by_two_matrices_have_no_names(program_from, table_from):
    program = program_from(program_text("int N; int K; matrix[N, K] X; matrix[N, K] Z;"))
    bound = binding.bind(program, table_from("a,b\n1,2\n"), columns={"X": ("a",), "Z": ("b",)})
    assert "K" not in bound.labels
