"""New data bound as the data of a run: levels, reference levels, dates and scales are those of the run."""

import json

import numpy as np
import pytest

from workbench import binding
from workbench.binding import BindingOptions
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
        (HEADER + ROW + ROW.replace("20,", ","), ("column `age`", "row 2"), "--missing drop"),
    ],
)
def test_what_did_not_occur_in_the_fit_is_named(rebind, text, places, hint):
    with pytest.raises(BindingError) as raised:
        rebind(text)
    assert [place for place in places if place not in raised.value.message] == []
    assert hint in (raised.value.hint or "")


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
