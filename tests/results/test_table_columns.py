"""The columns that a run keeps by row: groups that the program leaves out, and times."""

import numpy as np
import pandas as pd
import pytest

from workbench import tables
from workbench.binding import BoundData
from workbench.results.table_columns import build_table_columns

ROWS = 12


def keep(columns, used=()):
    """Return what is kept of a table of which a program uses some columns."""
    table = tables.from_frame(pd.DataFrame(columns))
    return build_table_columns(BoundData(table, (), rules={"variables": {"x": list(used)}}))


def names(kept, kind):
    return list(kept[f"{kind}_column"].values) if f"{kind}_column" in kept.coords else []


COLUMNS = {
    "site": ["north", "south", None] * 4,
    "batch": [1, 2, 3, 4] * 3,
    "smoker": [True, False] * 6,
    "id": range(ROWS),
    "name": [f"person {k}" for k in range(ROWS)],
    "weight": np.linspace(50, 60, ROWS),
    "constant": ["a"] * ROWS,
}


def test_repeated_texts_and_whole_numbers_are_groups():
    kept = keep(COLUMNS)
    assert names(kept, "group") == ["site", "batch", "smoker"]
    assert kept["group"].dtype == np.int32
    assert kept["group"].values[:4, 0].tolist() == [0, 1, -1, 0]
    assert names(kept, "time") == []


def test_a_column_that_the_program_uses_is_no_group_left_out():
    assert names(keep(COLUMNS, used=["batch", "site:days"]), "group") == ["smoker"]


def test_texts_are_not_kept():
    assert not any("north" in str(values.values) for values in keep(COLUMNS).variables.values())


@pytest.mark.parametrize(
    ("name", "is_time"),
    [
        ("day", True),
        ("visitDay", True),
        ("Year_of_birth", True),
        ("t", True),
        ("yearly", False),
        ("x", False),
    ],
)
def test_numbers_are_times_by_their_name(name, is_time):
    kept = keep({name: np.linspace(0, 1, ROWS)}, used=[name])
    assert names(kept, "time") == ([name] if is_time else [])


def test_dates_are_times_whether_used_or_not():
    dates = pd.date_range("2026-01-01", periods=ROWS, freq="D")
    kept = keep({"when": dates, "text": dates.strftime("%Y-%m-%d")}, used=["when:days"])
    assert names(kept, "time") == ["when", "text"]
    np.testing.assert_allclose(kept["time"].values[:, 0], np.arange(ROWS))


def test_a_missing_time_is_not_a_number():
    kept = keep({"day": [1.0, np.nan] * 6})
    assert np.isnan(kept["time"].values[1, 0])


def test_stan_data_have_no_columns():
    assert not build_table_columns(BoundData(tables.from_mapping({"N": 2, "y": [1.0, 2.0]}), ()))
    assert not build_table_columns(BoundData(tables.no_data(), ()))
