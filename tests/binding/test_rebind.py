"""New data bound as the data of a run: levels, reference levels, dates and scales are those of the run."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workbench import binding, tables
from workbench.binding import BindingOptions
from workbench.binding.rebind import keep_known_options
from workbench.errors import BindingError

PROGRAM = """
data {
  int N; int J; int K; int S;
  array[N] int<lower=1, upper=J> school; vector[J] size; array[J] int<lower=1, upper=S> state;
  matrix[N, K] X; array[N] int<lower=0, upper=1> won; vector[N] t; real scale;
}
parameters { vector[J] a; vector[K] b; vector[S] c; }
model { a ~ normal(0, 1); b ~ normal(0, 1); c ~ normal(0, 1); }
"""

OLD = """school,size,state,age,region,won,when
Choate,3,CT,20,south,yes,2026-01-01
Andover,2,MA,30,north,no,2026-01-11
Exeter,1,MA,40,west,no,2026-01-21
"""

OPTIONS = BindingOptions(
    columns={"X": ("age", "region"), "t": ("when:days",)},
    given={"scale": 2.5},
    reference={"region": "west", "won": "yes"},
    standardize=True,
)


@pytest.fixture
def rebind(program_from, table_from):
    program = program_from(PROGRAM)
    old = binding.bind(program, table_from(OLD), OPTIONS)
    stored = json.loads(json.dumps(dict(old.rules)))
    return lambda text: binding.rebind(stored, program, table_from(text))


def test_new_rows_follow_the_rules_of_the_run(rebind):
    values = rebind(
        "age,when,region,won,school,extra\n60,2026-01-06,west,yes,Exeter,1\n30,2025-12-31,south,no,Choate,1\n"
    ).values
    np.testing.assert_array_equal(values["school"], [3, 2])
    np.testing.assert_array_equal(values["X"], [[3, 0, 0], [0, 0, 1]])
    np.testing.assert_array_equal(values["won"], [0, 1])
    np.testing.assert_array_equal(values["t"], [5, -1])
    np.testing.assert_array_equal(values["size"], [2, 3, 1])
    np.testing.assert_array_equal(values["state"], [2, 1, 2])
    assert (values["N"], values["J"], values["K"], values["S"], values["scale"]) == (2, 3, 3, 2, 2.5)


HEADER = "school,age,region,won,when\n"
ROW = "Exeter,20,south,yes,2026-01-01\n"


@pytest.mark.parametrize(
    ("text", "places", "hint"),
    [
        (
            HEADER + ROW.replace("Exeter", "Groton"),
            ("column `school`", "`table.csv`", "`Groton`", "row 1", "`Andover`, `Choate`, `Exeter`"),
            "fit again",
        ),
        (HEADER + ROW + ROW.replace("south", "east"), ("column `region`", "`east`", "row 2"), "fit again"),
        (HEADER + ROW.replace("yes", "maybe"), ("column `won`", "`maybe`", "row 1"), "fit again"),
        (HEADER.replace("age", "years") + ROW, ("`table.csv`", "no column `age`"), "new data need"),
        (HEADER + ROW + ROW.replace("20,", ","), ("column `age`", "row 2"), "leave such rows out (row 1"),
    ],
)
def test_what_did_not_occur_in_the_fit_is_named(rebind, text, places, hint):
    with pytest.raises(BindingError) as raised:
        rebind(text)
    assert [place for place in places if place not in raised.value.message] == []
    assert hint in (raised.value.hint or "")


KINDS = "data { int N; int K; matrix[N, K] X; array[N] int<lower=1, upper=2> c; vector[N] y; } " + (
    "parameters { vector[K] b; } model { b ~ normal(0, 1); y ~ normal(X * b, 1); }"
)
"""A program with a matrix of predictors, and codes."""

NUMBERS, TEXTS = "a,b,c,y\n1,5,1,1\n3,6,2,2\n4,9,1,3\n", "a,b,c,y\n1,u,s,1\n3,v,t,2\n4,u,s,3\n"
CHOSEN = BindingOptions(columns={"X": ("a", "b"), "c": ("c",)})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            NUMBERS,
            "a,b,c,y\n1,low,1,1\n2,high,2,2\n",
            r"`b` of `table\.csv` has `low` at row 1 .* a number was",
        ),
        (NUMBERS, "a,b,c,y\n1,5,x,1\n2,6,y,2\n", r"column `c` .* has `x` at row 1 .* where a number was"),
        (TEXTS, "a,b,c,y\n1,0,s,1\n2,1,t,2\n", "column `b` .* has `0`, `1`, first at row 1"),
        (TEXTS, "a,b,c,y\n1,u,1,1\n2,v,2,2\n", "column `c` .* has `1`, `2`, first at row 1"),
    ],
)
def test_numbers_stay_numbers_and_texts_stay_levels(program_from, table_from, old, new, message):
    """Two texts would make one indicator, as many columns as the numbers did: a number without meaning."""
    program = program_from(KINDS)
    stored = json.loads(json.dumps(dict(binding.bind(program, table_from(old), CHOSEN).rules)))
    binding.rebind(stored, program, table_from(old))
    with pytest.raises(BindingError, match=message):
        binding.rebind(stored, program, table_from(new))


def test_numbers_of_groups_stay_numbers(program_from, table_from):
    program = program_from(
        "data { int N; int J; array[N] int<lower=1, upper=J> g; vector[N] y; } parameters { vector[J] z; } "
        "model { z ~ normal(0, 1); y ~ normal(z[g], 1); }"
    )
    old = binding.bind(program, table_from("g,y\n1,1\n2,2\n2,3\n"), BindingOptions())
    stored = json.loads(json.dumps(dict(old.rules)))
    with pytest.raises(BindingError, match=r"column `g` .* has `x` at row 1"):
        binding.rebind(stored, program, table_from("g,y\nx,1\nz,2\n"))


def test_numbers_that_python_holds_as_texts_are_refused(program_from, table_from):
    program = program_from(KINDS)
    stored = json.loads(json.dumps(dict(binding.bind(program, table_from(NUMBERS), CHOSEN).rules)))
    frame = pd.DataFrame(
        {"a": [1, 2], "b": pd.Series(["5", "6"], dtype=object), "c": [1, 2], "y": [1.0, 2.0]}
    )
    with pytest.raises(BindingError, match="column `b` of `data` holds its numbers as text") as raised:
        binding.rebind(stored, program, tables.from_frame(frame))
    assert raised.value.hint == "convert the column to numbers"


def test_hints_name_the_options_of_the_caller_alone(program_from, table_from):
    program = program_from("data { int N; vector[N] x; vector[N] y; } model { y ~ normal(x, 1); }")
    old = binding.bind(program, table_from("x,y\n1,2\n2,3\n"), BindingOptions())
    stored = json.loads(json.dumps(dict(old.rules)))
    for options, ending in (((), "leave such rows out ("), (("--missing",), "out with --missing drop (")):
        with pytest.raises(BindingError) as raised:
            binding.rebind(stored, program, table_from("x,y\n,1\n2,2\n"), options=options)
        assert ending in str(raised.value.hint)
    dates = table_from("x,y\n2026-01-01,1\n2026-01-02,2\n")
    with pytest.raises(BindingError, match="holds dates") as raised:
        binding.rebind(stored, program, dates)
    assert (
        raised.value.hint
        == "new rows are bound as those of the fit were: give their columns in the same form"
    )


def test_no_hint_of_a_binding_keeps_an_option_for_those_without():
    hints = re.findall(r"hint: (.*)", Path(__file__).with_name("messages.txt").read_text())
    assert sum("--" in hint for hint in hints) > 10
    assert [hint for hint in hints if "--" in str(keep_known_options(hint))] == []


def test_requested_indicators_and_single_levels_are_bound_again(program_from, table_from):
    program = program_from(
        "data { int N; int K; matrix[N, K] X; } parameters { vector[K] b; } model { b ~ normal(0, 1); }"
    )
    options = BindingOptions(columns={"X": ("town=Rome", "month:indicators")})
    old = binding.bind(program, table_from("town,month\nRome,1\nOslo,3\n"), options)
    rules = json.loads(json.dumps(dict(old.rules)))
    new = binding.rebind(rules, program, table_from("month,town\n3,Bonn\n1,Rome\n3,Rome\n"))
    np.testing.assert_array_equal(new.values["X"], [[0, 1], [1, 0], [1, 1]])
    with pytest.raises(BindingError, match="`2`, first at row 1"):
        binding.rebind(rules, program, table_from("month,town\n2,Bonn\n"))


def test_many_levels_of_an_earlier_binding_need_no_request(program_from, table_from):
    program = program_from(
        "data { int N; int K; matrix[N, K] X; } parameters { vector[K] b; } model { b ~ normal(0, 1); }"
    )
    towns = [f"t{i}" for i in range(30)]
    rules = {
        **binding.bind(program, table_from("X1\n1\n")).rules,
        "variables": {"X": ["town"]},
        "columns": {"town": {"levels": towns}},
    }
    assert binding.rebind(rules, program, table_from("town\nt1\n")).values["K"] == 29
