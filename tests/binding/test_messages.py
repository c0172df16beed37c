"""What is said about data that do not suit, and about data that may not be what they seem."""

import math
from pathlib import Path

import numpy as np
import pytest

from tests.binding.refusals import (
    DESIGN,
    GROUPS,
    REFUSALS,
    STAN_BLOCK,
    STAN_VALUES,
    VECTOR,
    program_text,
)
from tests.snapshot import assert_recorded
from workbench import binding, tables
from workbench.binding import BindingOptions
from workbench.errors import BindingError

RECORD = Path(__file__).with_name("messages.txt")

SCALES = "y,a,one,b,small\n" + "".join(
    f"{i},{i % 5},1,{2 * (i % 5) + 3},{(i % 3) / 1e6}\n" for i in range(30)
)

REMARKED = {
    "predictors": (DESIGN, SCALES, BindingOptions()),
    "rows left out, and predictors standardized": (
        DESIGN,
        "y,a\n1,2\n,3\n3,5\n4,\n5,1\n",
        BindingOptions(missing="drop", standardize=True),
    ),
    "one row left out": (VECTOR, "y\n1\nNA\n", BindingOptions(missing="drop")),
    "nothing to standardize": (VECTOR, "y\n1\n", BindingOptions(standardize=True)),
    "levels, a similar name and text beside a matrix": (
        "int N; int J; array[N] int<lower=1, upper=J> g; vector[N] Total_Cost; matrix[N, 1] X;"
        " array[N] int<lower=0, upper=1> w;",
        "g,total cost,x,name,w\nu,1,5,a,no\nv,2,6,b,yes\n",
        BindingOptions(),
    ),
    "one value for each group": (GROUPS, "g,u\n1,1\n2,2\n", BindingOptions(given={"J": 2})),
    "groups without rows": (
        "int N; int J; array[N] int<lower=1, upper=J> g;",
        "g\n1\n2\n4\n",
        BindingOptions(),
    ),
    "indicators, dates and a column not used": (
        DESIGN + " vector[N] t;",
        "y,region,when,N\n1,south,2026-01-31,7\n2,north,2026-03-02,8\n",
        BindingOptions(columns={"X": ("region", "when:month"), "t": ("when:days",)}),
    ),
    "numbers written for people, an identifier and levels that differ in case": (
        DESIGN + " int J; array[N] int<lower=1, upper=J> g;",
        'y,ID,price,share,g\n1,5,"$1,200.50",5%,North\n2,6,$30,6%,north\n3,7,"$1,500",7.5%,South\n',
        BindingOptions(),
    ),
    "identifiers with blanks in their names": (
        DESIGN,
        "y,Case No,my id,a\n1,3,6,0.5\n2,4,7,0.75\n",
        BindingOptions(),
    ),
    "yes and no in several spellings": (
        DESIGN + " array[N] int<lower=0, upper=1> w;",
        "y,smoker,w\n1,Yes,Y\n2,no,n\n3,NO,yes\n",
        BindingOptions(columns={"X": ("smoker",)}),
    ),
    "a single number for an array, and an indicator of one level": (
        DESIGN + " vector[K] m;",
        "y,town\n1,Rome\n2,Oslo\n",
        BindingOptions(columns={"X": ("town=Rome",)}, given={"m": 0}),
    ),
    "words for missing cells": (
        DESIGN,
        "y,a,b\n1,n/a,2\n2,-,3\n3,4,missing\n4,5,6\n5,,1\n6,2,9\n",
        BindingOptions(missing="drop"),
    ),
    "the same number in every row": (VECTOR + " real s;", "y,s\n1,2\n3,2\n", BindingOptions()),
    "Stan data": (
        STAN_BLOCK,
        {**STAN_VALUES, "y": [1, float("inf")], "more": 1},
        BindingOptions(standardize=True),
    ),
}


@pytest.fixture
def bind(program_from, table_from):
    """Bind a table or Stan's data to a program with this data block."""

    def bind(data, values, options):
        table = table_from(values) if isinstance(values, str) else tables.from_mapping(values)
        return binding.bind(program_from(program_text(data)), table, options)

    return bind


@pytest.fixture
def refuse(bind):
    """Return the error of a binding that is refused."""

    def refuse(refusal):
        with pytest.raises(BindingError) as raised:
            bind(refusal.data, refusal.values, refusal.options)
        return raised.value

    return refuse


@pytest.mark.parametrize("refusal", REFUSALS, ids=[refusal.name for refusal in REFUSALS])
def test_a_refusal_names_the_place_and_a_remedy(refuse, refusal):
    error = refuse(refusal)
    assert type(error) is BindingError
    assert [text for text in refusal.place if text not in error.message] == []
    assert refusal.hint in (error.hint or "")


def test_the_sentences_are_those_recorded(bind, refuse):
    entries = []
    for refusal in REFUSALS:
        error = refuse(refusal)
        hints = [f"hint: {error.hint}"] if error.hint else []
        entries.append([f"refused: {refusal.name}", error.message, *hints])
    for name, (data, values, options) in REMARKED.items():
        bound = bind(data, values, options)
        tips = [f"tip: {tip}" for tip in bound.tips]
        remarks = [f"{one.name} ({one.origin}): {one.remark}" for one in bound.variables if one.remark]
        entries.append([f"accepted: {name}", *tips, *remarks])
    assert_recorded(RECORD, "\n\n".join("\n    ".join(entry) for entry in entries) + "\n")


def test_all_problems_are_reported_at_once(program_from, table_from):
    program = program_from(program_text("int N; vector<lower=0>[N] y; vector[N] z; real s; array[N] int k;"))
    table = table_from("y,k\n-1,1.5\n2,2\n")
    attempt = binding.try_bind(program, table, BindingOptions(columns={"q": ("y",)}))
    messages = [problem.message for problem in attempt.problems]
    for place in ("`q`", "column `z`", "column `s`", "-1 at row 1", "1.5 at row 1"):
        assert any(place in message for message in messages), place
    assert len(messages) == 5
    assert [variable.name for variable in attempt.data.variables] == ["N", "y", "k"]


@pytest.mark.parametrize(("column", "suggested"), [("age", "COLUMN"), ("wages", "wages"), ("wge", "wge")])
def test_only_a_column_with_a_similar_name_is_suggested(bind, column, suggested):
    with pytest.raises(BindingError) as caught:
        bind(VECTOR.replace("y", "wage"), f"{column}\n1\n2\n", BindingOptions())
    assert caught.value.hint == f"name its column with --column wage={suggested}"


def test_tips_about_predictors(bind):
    tips = bind(DESIGN, SCALES, BindingOptions()).tips
    assert len(tips) == 3
    for tip, place in zip(tips, ("`one` of `X`", "`b` of `X`", "of `X`"), strict=True):
        assert place in tip
    assert "--standardize" in tips[2]


def test_no_tips_about_good_predictors(bind):
    rng = np.random.default_rng(1)
    rows = "\n".join(",".join(f"{cell:.6f}" for cell in row) for row in rng.normal(size=(50, 4)))
    assert bind(DESIGN, "y,a,b,c\n" + rows, BindingOptions()).tips == ()


def test_unequal_scales_are_told_from_a_ratio_of_100(bind):
    def find(factor):
        rows = "".join(f"{i},{i % 7},{factor * (i % 5)}\n" for i in range(35))
        return bind(DESIGN, "y,a,b\n" + rows, BindingOptions()).tips

    ratio = math.sqrt((5**2 - 1) / (7**2 - 1))  # of the SDs of 0..4 and 0..6
    assert find(99 / ratio) == ()
    (tip,) = find(101 / ratio)
    assert "`b` varies 101 times as much as `a`" in tip


def test_a_rare_indicator_is_not_on_a_small_scale(bind):
    rows = "".join(f"{i},{int(i == 3)},{i % 41}\n" for i in range(410))
    assert np.std(np.arange(41)) > 100 * np.std(np.arange(410) == 3)
    assert bind(DESIGN, "y,rare,age\n" + rows, BindingOptions()).tips == ()
