"""Progress in words: how much is done, and how long the rest may take."""

import time

from workbench.studies.fits.progress_message import (
    describe_progress,
    describe_sweep_progress,
    format_duration,
)


def test_pieces_of_one_length_tell_the_remaining_time():
    assert describe_progress(time.monotonic() - 30, 3, 9, "searches") == "3 of 9 searches, about 1 min left"
    assert describe_progress(time.monotonic(), 0, 9) == "0 of 9 points"
    assert describe_progress(time.monotonic() - 30, 9, 9) == "9 of 9 points"


def test_a_sweep_tells_the_most_that_refits_may_take():
    assert describe_sweep_progress(5, 7, []) == "5 of 7 points, 0 refits so far"
    assert describe_sweep_progress(6, 8, [8.0]) == "6 of 8 points, 1 refit so far, at most about 16 s left"
    assert describe_sweep_progress(8, 8, [8.0]) == "8 of 8 points, 1 refit so far"


def test_durations_are_rounded_to_their_unit():
    durations = [format_duration(seconds) for seconds in (0.4, 59, 60, 3599, 3600)]
    assert durations == ["0 s", "59 s", "1 min", "60 min", "1 h"]
