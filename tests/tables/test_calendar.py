"""When rows were, and which come next: against pandas' own calendars."""

import numpy as np
import pandas as pd
import pytest

from workbench import tables
from workbench.errors import BindingError
from workbench.tables import advance, check_next_rows, find_calendar


def find(**columns):
    return find_calendar(tables.from_frame(pd.DataFrame(columns)))


def write_next(calendar, count=4):
    return [calendar.write(time) for time in calendar.list_next(count)]


@pytest.mark.parametrize("frequency", ["D", "2D", "W", "h", "15min", "MS", "2MS", "QS", "YS", "ME", "QE"])
def test_the_next_times_are_those_of_pandas(frequency):
    dates = pd.date_range("2019-02-01", periods=30, freq=frequency)
    calendar = find(y=np.arange(26.0), when=dates[:26])
    assert calendar.columns == ("when",)
    np.testing.assert_array_equal(calendar.list_next(4), dates[26:].to_numpy().astype("datetime64[us]"))
    shown = dates[26:].strftime("%Y-%m-%d %H:%M" if frequency in ("h", "15min") else "%Y-%m-%d")
    assert write_next(calendar) == shown.tolist()


def test_days_late_in_a_month_step_by_months_only_where_each_month_has_them():
    dates = pd.to_datetime(["2021-01-28", "2021-02-28", "2021-03-28", "2021-04-28"])
    assert write_next(find(when=dates), 2) == ["2021-05-28", "2021-06-28"]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"year": [2008, 2008, 2008], "quarter": [2, 3, 4]}, ["2009 Q1", "2009 Q2"]),
        ({"Year": [1984, 1984, 1985], "Month": [11, 12, 1]}, ["1985-02", "1985-03"]),
        ({"year": [1984, 1986, 1988]}, ["1990", "1992"]),
        ({"time": ["1969-11", "1969-12", "1970-01"]}, ["1970-02", "1970-03"]),
        ({"time": ["1969 Q3", "1969 Q4", "1970 Q1"]}, ["1970 Q2", "1970 Q3"]),
        ({"time": ["1969-11-30", "1969-12-01", "1969-12-02"]}, ["1969-12-03", "1969-12-04"]),
    ],
)
def test_years_quarters_and_months_are_times_too(columns, expected):
    assert write_next(find(**columns), 2) == expected


@pytest.mark.parametrize(
    "columns",
    [
        {"y": [1.0, 2.0, 3.0]},
        {"year": [1, 2, 3]},
        {"year": [2001, 2001, 2002]},
        {"year": [2001, 2002, np.nan]},
        {"year": [2001.5, 2002.5, 2003.5]},
        {"year": [2001, 2001, 2001], "month": [11, 12, 13]},
        {"name": ["1969-01", "north", "south"]},
        {"when": pd.to_datetime(["2021-01-02", "2021-01-01", "2021-01-03"])},
        {"when": pd.to_datetime(["2021-01-01", "2021-01-02"])},
    ],
)
def test_other_columns_are_no_times(columns):
    assert find(**columns) is None


def refuse(calendar, dates, count=None):
    table = tables.from_frame(pd.DataFrame({"when": pd.to_datetime(dates)}))
    with pytest.raises(BindingError) as raised:
        check_next_rows(calendar, table, count or len(dates))
    return f"{raised.value.message} {raised.value.hint}"


def test_gaps_overlaps_and_other_orders_are_refused_with_their_dates():
    calendar = find(when=pd.date_range("2020-01-01", periods=5, freq="D"))
    assert "`data` begins at 2020-01-05, and the fit ends at 2020-01-05" in refuse(
        calendar, ["2020-01-05", "2020-01-06"]
    )
    gap = refuse(calendar, ["2020-01-08"])
    assert "row 1 of `data` is 2020-01-08: after 2020-01-05, the fit's last row, 2020-01-06 was" in gap
    assert "give every row in between" in gap
    assert "row 3" in refuse(calendar, ["2020-01-06", "2020-01-07", "2020-01-09"])
    order = refuse(calendar, ["2020-01-07", "2020-01-06"])
    assert "row 2, 2020-01-06, comes after 2020-01-07" in order
    assert "row 2 of `data` has no time" in refuse(calendar, ["2020-01-06", None])
    table = tables.from_frame(pd.DataFrame({"when": pd.to_datetime(["2020-01-06", "2020-03-01"])}))
    found = check_next_rows(calendar, table, 1)  # rows beyond the horizon are not examined
    assert found is not None
    assert len(found) == 1


def test_a_fit_whose_rows_run_backwards_is_refused():
    calendar = find(when=pd.date_range("2020-01-01", periods=5, freq="D")[::-1])
    with pytest.raises(BindingError, match="run backwards in time: its last one is the earliest, 2020-01-01"):
        check_next_rows(calendar, None, 3)


def test_times_at_uneven_steps_have_no_next_but_an_order():
    calendar = find(when=pd.to_datetime(["2020-01-01", "2020-01-02", "2020-01-06"]))
    assert check_next_rows(calendar, None, 2) is None
    assert "the next row is after 2020-01-06" in refuse(calendar, ["2020-01-06"])
    table = tables.from_frame(pd.DataFrame({"when": pd.to_datetime(["2020-01-09", "2020-01-10"])}))
    found = check_next_rows(calendar, table, 2)
    assert found is not None
    assert [calendar.write(time) for time in found] == ["2020-01-09", "2020-01-10"]


def test_a_calendar_goes_on_with_rows_that_follow_and_ends_with_others():
    calendar = find(year=[2001, 2002, 2003])
    assert write_next(advance(calendar, tables.from_frame(pd.DataFrame({"year": [2004, 2005]}))), 1) == [
        "2006"
    ]
    assert advance(calendar, tables.from_frame(pd.DataFrame({"year": [2003]}))) is None
    assert advance(calendar, tables.from_frame(pd.DataFrame({"y": [2003]}))) is None
