"""Levels: their order, and the codes that stand for them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.binding.refusals import GROUPS, program_text
from workbench import binding, tables
from workbench.binding.columns.levels import sort_naturally

TEXTS = st.text(st.characters(categories=["L", "N", "P", "Z"]), max_size=8)


@given(levels=st.lists(TEXTS, max_size=8))
def test_the_natural_order_does_not_depend_on_the_order_before(levels):
    ordered = sort_naturally(levels)
    assert sorted(ordered) == sorted(levels)
    assert sort_naturally(ordered[::-1]) == ordered


def test_categories_keep_their_own_order(program_from):
    order = ["low", "high", "never"]
    frame = pd.DataFrame({"g": pd.Categorical(["high", "low", "high"], categories=order), "u": [1.0, 2, 1]})
    bound = binding.bind(program_from(program_text(GROUPS)), tables.from_frame(frame))
    np.testing.assert_array_equal(bound.values["g"], [2, 1, 2])
    np.testing.assert_array_equal(bound.values["u"], [2, 1])
    assert bound.labels["J"] == ("low", "high")


def test_new_rows_may_spell_yes_and_no_in_other_ways(program_from, table_from):
    program = program_from(program_text("int N; array[N] int<lower=0, upper=1> won;"))

    def rebind(old, new):
        rules = binding.bind(program, table_from(old)).rules
        return binding.rebind(rules, program, table_from(new)).values["won"].tolist()

    assert rebind("won\nYes\nNo\n", "won\nyes\nNO\ny\n") == [1, 0, 1]
    assert rebind("won\nYes\nno\nyes\n", "won\nYes\nNo\n") == [1, 0]


@pytest.mark.parametrize("levels", [("N", "S"), ("t", "y"), ("No", "Unknown", "Yes"), ("no", "NO")])
def test_other_levels_stay_apart(program_from, table_from, levels):
    program = program_from(program_text(GROUPS))
    table = table_from("g,u\n" + "".join(f"{level},1\n" for level in levels))
    assert set(binding.bind(program, table).labels["J"]) == set(levels)


def test_levels_with_thousands_of_digits_are_sorted_by_value():
    long = "9" * 5000
    assert sort_naturally([long, f"1{long}", "a10", "a9", "007", "8"]) == (
        "007",
        "8",
        long,
        f"1{long}",
        "a9",
        "a10",
    )
