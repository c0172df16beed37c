"""Dates as numbers, in each unit; what is not a date is refused."""

import numpy as np
import pandas as pd
import pytest

from workbench import tables
from workbench.errors import BindingError

DATES = ["2024-02-29 12:00:00", "2024-03-01 00:00:00", "2025-03-01 06:00:00"]


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("seconds", [0, 43200, 31600800]),
        ("hours", [0, 12, 8778]),
        ("days", [0, 0.5, 365.75]),
        ("weeks", [0, 0.5 / 7, 365.75 / 7]),
        ("years", [0, 0.5 / 365.25, 365.75 / 365.25]),
        ("year", [2024, 2024, 2025]),
        ("month", [2, 3, 3]),
        ("day", [29, 1, 1]),
        ("weekday", [4, 5, 6]),
        ("yearday", [60, 61, 60]),
        ("hour", [12, 0, 6]),
    ],
)
def test_dates_as_numbers(unit, expected):
    table = tables.from_frame(pd.DataFrame({"when": pd.to_datetime(DATES)}))
    np.testing.assert_allclose(tables.dates_to_numbers(table, "when", unit)[0], expected)


def test_later_data_count_from_the_same_date():
    old = tables.from_frame(pd.DataFrame({"when": pd.to_datetime(["2024-01-01"])}))
    new = tables.from_frame(pd.DataFrame({"when": pd.to_datetime(["2024-01-11"])}))
    _, since = tables.dates_to_numbers(old, "when", "days")
    np.testing.assert_array_equal(tables.dates_to_numbers(new, "when", "days", since)[0], [10])


def test_times_with_a_zone_are_counted_in_utc():
    times = pd.to_datetime(["2024-01-01T00:00+02:00", "2024-01-01T00:00+00:00"], utc=True)
    table = tables.from_frame(pd.DataFrame({"when": times}))
    np.testing.assert_array_equal(tables.dates_to_numbers(table, "when", "hours")[0], [0, 2])


def test_dates_that_do_not_suit_are_refused():
    table = tables.from_frame(
        pd.DataFrame({"when": pd.to_datetime(pd.Series(["2024-01-01", None])), "x": [1, 2]})
    )
    with pytest.raises(BindingError, match=r"`when:moons`.*seconds"):
        tables.dates_to_numbers(table, "when", "moons")
    with pytest.raises(BindingError, match="column `x` of `data` holds none"):
        tables.dates_to_numbers(table, "x", "days")
    with pytest.raises(BindingError, match=r"empty cell at row 2.*date"):
        tables.dates_to_numbers(table, "when", "days")
    with pytest.raises(BindingError) as raised:
        tables.to_numbers(table, "when")
    assert "dates (`2024-01-01 00:00:00` at row 1)" in raised.value.message
    assert "--column NAME=when:days" in (raised.value.hint or "")
