"""A Stan data file is used as it is, once its values are checked against the declarations."""

import numpy as np
import pytest

from tests.binding.refusals import PAIRS, STAN_BLOCK, STAN_VALUES, pair, program_text
from workbench import binding, tables
from workbench.binding import BindingOptions


@pytest.fixture
def bind(program_from):
    def bind(values, data=STAN_BLOCK, **options):
        table = tables.from_mapping(values)
        return binding.bind(program_from(program_text(data)), table, BindingOptions(**options))

    return bind


def test_values_are_used_as_they_are(bind):
    bound = bind({**STAN_VALUES, "more": 1})
    assert bound.values["d"]["1"] == 3
    assert np.shape(bound.values["e"]) == (2, 0)
    assert np.shape(bound.values["z"]) == (2, 2)
    assert {variable.origin for variable in bound.variables} == {"`data`"}
    assert len(bound.tips) == 1
    assert "`more`" in bound.tips[0]


def test_a_value_given_by_name_replaces_the_one_in_the_file(bind):
    assert bind(STAN_VALUES, given={"s": 4}).values["s"] == 4


def test_values_that_are_not_finite_get_a_tip(bind):
    tips = bind({**STAN_VALUES, "y": [1, float("inf")]}, standardize=True).tips
    assert len(tips) == 2
    assert "`y`" in tips[0]
    assert "--standardize" in tips[1]


def test_arrays_of_tuples_are_nested_lists(bind):
    rows = [[pair(11), pair(12), pair(13)], [pair(21), pair(22), pair(23)]]
    bound = bind({"N": 3, "d": rows}, PAIRS)
    assert [[element["1"] for element in row] for row in bound.values["d"]] == [[11, 12, 13], [21, 22, 23]]
    assert bound.values["d"][1][2]["2"].tolist() == [23, 0.5]
    variable = next(variable for variable in bound.variables if variable.name == "d")
    assert (variable.shape, variable.first, variable.has_tuples) == ((2, 3), "(tuples)", True)


def test_the_hash_sees_the_members_of_tuples(bind):
    rows = [[pair(11)], [pair(21)]]
    changed = [[pair(12)], [pair(21)]]
    assert bind({"N": 1, "d": rows}, PAIRS).sha256 != bind({"N": 1, "d": changed}, PAIRS).sha256


def test_empty_vectors_of_special_types_are_allowed(bind):
    bound = bind({"K": 0, "p": [], "q": []}, "int K; ordered[K] p; cov_matrix[K] q;")
    assert bound.values["p"].shape == (0,)
    assert bound.values["q"].shape == (0, 0)


def test_rows_are_those_of_the_outcomes(program_from):
    program = program_from(
        "data { int N; int E; vector[N] y; vector[N] z; array[E] int node; }"
        " parameters { real m; } model { y ~ normal(m, 1); z ~ normal(m, 1); }"
    )
    values = {"N": 3, "E": 5, "y": [1, 2, 3], "z": [1, 2, 3], "node": [1, 2, 3, 1, 2]}
    bound = binding.bind(program, tables.from_mapping(values))
    assert (bound.rows, binding.to_record(bound)["rows"]) == (3, 3)


def test_outcomes_of_several_lengths_have_no_number_of_rows(program_from):
    program = program_from(
        "data { int N; int M; vector[N] y; vector[M] z; }"
        " parameters { real m; } model { y ~ normal(m, 1); z ~ normal(m, 1); }"
    )
    values = {"N": 1, "M": 2, "y": [1], "z": [1, 2]}
    assert binding.bind(program, tables.from_mapping(values)).rows is None
