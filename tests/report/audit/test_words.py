"""Priors, times and versions in words."""

import pytest

from workbench.registry.differences import PriorChange
from workbench.report.audit.words import describe_time, join_ranges, shorten, show_prior_change


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        (5.0, 10.0, ("5", "10")),
        (0.123456, 0.123457, ("0.123456", "0.123457")),
        (None, 2.5, ("–", "2.5")),
        ([1.0, 2.0, 3.0], [1.0, 2.5, 3.0], ("[2] 2", "[2] 2.5")),
        ([1.0], [1.0, 2.0], ("1", "1, 2")),
        ([0.0] * 8, [1.0] * 8, ("[1] 0, [2] 0, [3] 0, [4] 0, [5] 0 and 3 more",
                                "[1] 1, [2] 1, [3] 1, [4] 1, [5] 1 and 3 more")),
        ([1.0, "60 values, sha a"], [1.0, "60 values, sha b"], ("60 values, sha a", "60 values, sha b")),
    ],
)  # fmt: skip
def test_a_change_of_a_prior_shows_what_differs(before, after, shown):
    assert show_prior_change(PriorChange("w", before, after)) == shown


def test_a_whole_prior_that_is_not_replaced_is_that_of_the_program():
    change = PriorChange("tau", None, "tau ~ exponential(1);", is_whole=True)
    assert show_prior_change(change) == ("the program's own", "tau ~ exponential(1);")


def test_times_that_are_none_stay_as_they_are():
    assert describe_time("yesterday") == "yesterday"
    assert describe_time("2026-11-29T23:30:00-05:00", has_seconds=True) == "2026-11-30 04:30:00 UTC"


def test_long_notes_are_cut_and_ranges_are_short():
    assert len(shorten("x" * 1000)) < 400
    assert join_ranges([]) == ""
    assert join_ranges([1, 2, 4, 5, 6]) == "1, 2, 4–6"
