"""The rules that a dry run shows are those that the binding followed."""

from typing import Any

import pytest

from tests.binding.refusals import DESIGN, GROUPS, VECTOR, program_text
from workbench import binding, tables
from workbench.binding import RULES, BindingOptions

CASES: dict[str, tuple[str, Any, BindingOptions, list[str]]] = {
    "a column of the variable's name": (VECTOR, "y\n1\n", BindingOptions(), ["own name", "sizes"]),
    "a column that is named": (
        VECTOR,
        "a\n1\n",
        BindingOptions(columns={"y": ("a",)}),
        ["named", "sizes"],
    ),
    "the columns that are left": (
        DESIGN,
        'y,a\n1,"1,200"\n2,30\n',
        BindingOptions(standardize=True),
        ["own name", "matrix", "texts", "sizes", "standardize", "labels"],
    ),
    "groups with one value each": (
        GROUPS,
        "g,u\na,1\nb,2\n",
        BindingOptions(),
        ["own name", "sizes", "groups", "one per group", "labels"],
    ),
    "a number for a vector, and a single number": (
        VECTOR + " vector[2] m; real s;",
        "y,s\n1,2\n",
        BindingOptions(given={"m": 0}),
        ["given", "fill", "own name", "single", "sizes"],
    ),
    "texts": (
        DESIGN + " array[N] int<lower=0, upper=1> w; vector[N] t;",
        "y,town,w,when\n1,a,yes,2026-01-01\n2,b,no,2026-01-02\nNA,b,no,2026-01-02\n",
        BindingOptions(columns={"X": ("town",), "t": ("when:days",)}, missing="drop"),
        ["named", "own name", "texts", "sizes", "0 or 1", "indicators", "dates", "missing", "labels"],
    ),
    "a missing column": (VECTOR, "a\n1\n", BindingOptions(), ["own name"]),
    "missing cells": (VECTOR, "y\n1\nNA\n", BindingOptions(), ["own name", "texts", "missing"]),
    "Stan data": (VECTOR, {"N": 1, "y": [1]}, BindingOptions(), ["Stan data"]),
    "no data": ("", {}, BindingOptions(), []),
}


@pytest.mark.parametrize("name", CASES)
def test_the_rules_that_were_used(program_from, table_from, name):
    data, values, options, expected = CASES[name]
    table = table_from(values) if isinstance(values, str) else tables.from_mapping(values)
    attempt = binding.try_bind(program_from(program_text(data)), table, options)
    assert attempt.data.rules["words"] == [RULES[key] for key in expected]


def test_each_rule_is_used_by_some_binding():
    assert {key for *_, expected in CASES.values() for key in expected} == set(RULES)
