"""The index of a caller's table comes back with what is predicted for its rows, whatever index that is."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from workbench.prediction.row_index import index_draws, index_rows

INDEXES: dict[str, Any] = {
    "numbers": pd.RangeIndex(3),
    "filtered": pd.Index([7, 2, 2], name="id"),
    "yes or no": pd.Index([True, False, True]),
    "texts": pd.Index(["p", "p", "q"]),
    "mixed": pd.Index([1, "x", None], dtype=object),
    "dates": pd.DatetimeIndex(["2024-03-01", "2024-01-01", "2024-03-01"], tz="UTC", name="day"),
    "months": pd.PeriodIndex(["2024-03", "2024-01", "2024-01"], freq="M"),
    "intervals": pd.IntervalIndex.from_breaks([0, 1, 2, 3]),
    "categories": pd.CategoricalIndex(["u", "v", "u"], categories=["v", "u"], ordered=True),
    "levels": pd.MultiIndex.from_tuples([("u", 1), ("u", 1), ("v", 2)], names=["site", 7]),
}


def make_frame(rows: list[Any]) -> pd.DataFrame:
    numbers = pd.array(rows, dtype="Int64")
    return pd.DataFrame({"row": numbers, "label": ["" if pd.isna(row) else str(row) for row in numbers]})


@pytest.mark.parametrize("kind", INDEXES)
def test_rows_have_the_entries_of_the_table(kind):
    """Three rows of two outcomes."""
    index = INDEXES[kind]
    indexed = index_rows(make_frame([1, 2, 3, 1, 2, 3]), index)
    pd.testing.assert_index_equal(indexed.index, index.take([0, 1, 2, 0, 1, 2]))
    first = {"numbers": "1", "filtered": "7", "dates": "2024-03-01", "months": "2024-03", "levels": "u, 1"}
    if kind in first:
        assert indexed["label"].iloc[3].startswith(first[kind])


@pytest.mark.parametrize("kind", INDEXES)
def test_what_has_no_row_has_a_missing_entry(kind):
    index = INDEXES[kind]
    indexed = index_rows(make_frame([1, 2, 3, None]), index)
    assert indexed.index[:3].equals(index) or indexed.index[:3].tolist() == index.tolist()
    entry = indexed.index[3]
    assert all(map(pd.isna, entry if isinstance(entry, tuple) else [entry]))
    assert indexed["label"].iloc[3] == ""
    assert indexed.index.names == index.names


def test_labels_of_the_data_stay():
    index = INDEXES["texts"]
    assert index_rows(make_frame([1, 2, 3]).assign(label="Ann"), index)["label"].tolist() == ["Ann"] * 3
    left_out = index_rows(make_frame([1, 3]).assign(label=["row 1", "row 3"]), index)
    assert left_out["label"].tolist() == ["p", "q"]
    assert index_rows(make_frame([1, 2]), None).index.tolist() == [0, 1]
    assert index_rows(make_frame([None]), index).index.tolist() == [0]
    assert index_rows(make_frame([61, 62]), index, first=61).index.tolist() == ["p", "p"]


@pytest.mark.parametrize("kind", INDEXES)
def test_draws_have_it_as_their_coordinate(kind):
    index = INDEXES[kind]
    labels = ("row", np.array(["1", "2", "3"], dtype=object))
    draws = xr.Dataset({"y_rep": (("draw", "row"), np.zeros((2, 3)))}, {"row": [1, 2, 3], "label": labels})
    found = index_draws(draws, index)
    assert found["label"].to_numpy().tolist() == index_rows(make_frame([1, 2, 3]), index)["label"].tolist()
    if kind == "numbers":
        assert found["row"].to_numpy().tolist() == [1, 2, 3]
    elif kind == "levels":
        assert (found["site"].to_numpy().tolist(), found["7"].to_numpy().tolist()) == (
            ["u", "u", "v"],
            [1, 1, 2],
        )
    else:
        assert found.indexes["row"].equals(index.rename("row"))
        assert found["row"].attrs.get("long_name") == index.name


def test_levels_called_as_arrays_are_get_another_name():
    index = pd.MultiIndex.from_tuples([(1, 2)], names=["draw", "y_rep"])
    labels = ("row", np.array(["1"], dtype=object))
    draws = xr.Dataset({"y_rep": (("draw", "row"), np.zeros((2, 1)))}, {"row": [1], "label": labels})
    found = index_draws(draws, index)
    assert found["draw_"].to_numpy().tolist() == [1]
    assert found["y_rep_"].to_numpy().tolist() == [2]
