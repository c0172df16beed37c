"""Reading a run: the right element, or a clear nothing."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from workbench.report import reading

MATRIX = np.arange(2 * 3 * 4 * 5, dtype=float).reshape(2, 3, 4, 5)
TREE = xr.DataTree.from_dict(
    {
        "/posterior": xr.Dataset(
            {
                "S": (("chain", "draw", "i", "j"), MATRIX),
                "bad": (("chain", "draw"), np.full((2, 3), np.nan)),
            }
        )
    }
)


def test_element_of_a_matrix_counts_from_one():
    found = reading.values(TREE, "posterior", "S[2,5]")
    assert found is not None
    np.testing.assert_array_equal(found, MATRIX[:, :, 1, 4])


@pytest.mark.parametrize("name", ["S", "S[2]", "S[5,1]", "S[0]", "S[0,1]", "other", "bad", "pair.1"])
def test_what_is_not_there_or_not_finite_is_none(name):
    assert reading.values(TREE, "posterior", name) is None


def test_missing_group_is_none():
    assert reading.values(TREE, "laplace", "S[1,1]") is None
    assert reading.statistic(TREE, "energy") is None


def test_numbers_that_are_none_nan_or_words_are_none():
    mapping = {"a": None, "b": float("nan"), "c": "1", "d": True, "e": 2}
    assert [reading.number(mapping, key) for key in "abcdef"] == [None, None, None, None, 2.0, None]


@pytest.mark.parametrize("value", [None, 4, "words", {"a": 1}, [], [1, "x"]])
def test_what_is_no_list_of_entries_has_none(value):
    assert reading.entries({"starts": value}, "starts") == []
