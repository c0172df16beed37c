"""Logs say that long stages go on; times of stages sum to the wall time."""

import time

import pytest

from workbench.progress import BRIEF, SILENT, Lines, Timed


def test_a_long_stage_says_in_a_log_that_it_goes_on(capsys):
    with Lines(heartbeat=0.05).stage("Sampling", total=200.0) as stage:
        stage.update(50.0, "warmup, 3 s left\nchain 1: 50 of 200")
        time.sleep(0.3)
    first, *_, last = capsys.readouterr().err.splitlines()
    assert first == "Sampling: 0 s so far, 25%, warmup, 3 s left; chain 1: 50 of 200"
    assert last.startswith("Sampling: 0.")
    assert "so far" not in last


def test_a_stage_in_which_nothing_is_counted_yet_has_no_share(capsys):
    with Lines(heartbeat=0.05).stage("Building", total=2.0) as stage:
        stage.update(0.0, "compiling")
        time.sleep(0.2)
    assert capsys.readouterr().err.splitlines()[0] == "Building: 0 s so far, compiling"


def test_a_short_stage_is_one_line_or_none(capsys):
    with Lines().stage("Checking the fit"):
        pass
    with Lines().stage(BRIEF[0]):
        pass
    assert capsys.readouterr().err == "Checking the fit: 0.0 s\n"


def test_a_stage_that_fails_ends_its_line(capsys):
    with pytest.raises(ValueError, match="wrong"), Lines(heartbeat=0.05).stage("Sampling"):
        raise ValueError("wrong")
    time.sleep(0.2)
    assert capsys.readouterr().err == ""


def test_the_times_of_stages_sum_to_the_wall_time():
    began = time.time()
    times = Timed(SILENT)
    time.sleep(0.1)
    with times.stage("Finding modes"):
        time.sleep(0.2)
        with times.stage("Computing generated quantities"):
            time.sleep(0.1)
    time.sleep(0.1)
    with times.stage("Finding modes"):
        time.sleep(0.1)
    total, _, parts = times.describe(began).partition(" s: ")
    by_stage = {name: float(seconds) for name, seconds in (part.rsplit(" ", 1) for part in parts.split(", "))}
    assert set(by_stage) == {"starting", "finding modes", "other work"}
    assert sum(by_stage.values()) == pytest.approx(float(total), abs=0.16)  # three roundings
    assert by_stage["finding modes"] >= 0.4
    assert by_stage["starting"] >= 0.1
