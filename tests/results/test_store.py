"""Run directories: whole or not at all."""

import json
import os

import pandas as pd
import pytest
import xarray as xr

from workbench.errors import RunIncomplete, RunNotFound, StoreError
from workbench.results import run_directory, store

FILES = {"run.json", "fit.nc", "summary.csv", "console.log", "report.html"}


@pytest.fixture
def run(fitted, tmp_path):
    return store.write(fitted, "<html></html>", tmp_path / "run")


def test_a_run_has_its_files_and_nothing_is_left_beside_it(run, tmp_path):
    assert {path.name for path in run.iterdir()} == FILES
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_what_is_read_back_is_what_was_written(run, fitted):
    again = run_directory.read(run)
    assert again.record == json.loads(store.dump(fitted.record))
    xr.testing.assert_identical(again.tree["posterior"].to_dataset(), fitted.tree["posterior"].to_dataset())


def test_the_summary_has_a_row_for_each_parameter(run):
    frame = pd.read_csv(run / "summary.csv")
    assert frame["parameter"].tolist() == ["alpha", "beta[1]", "beta[2]", "eta[1]", "eta[2]"]
    assert {"label", "mle_se", "map_value", "nuts_rhat", "gap_in_sd"} <= set(frame.columns)


def test_a_second_run_takes_the_place_of_the_first(run, fitted):
    store.write(store.with_entries(fitted, {"seed": 99}), "<html></html>", run)
    assert run_directory.read(run).record["seed"] == 99


def test_a_failing_write_leaves_the_earlier_run_as_it_was(run, fitted, monkeypatch):
    before = {path.name: path.read_bytes() for path in run.iterdir()}

    def full(_record):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "dump", full)
    with pytest.raises(StoreError, match="the disk is full"):
        store.write(fitted, "<html></html>", run)
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before
    assert [path.name for path in run.parent.iterdir()].count(run.name) == 1
    assert not list(run.parent.glob(".run.*"))


def test_a_folder_that_is_not_a_run_is_not_overwritten(fitted, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(StoreError, match="is not a run"):
        store.write(fitted, "", tmp_path / "mine")
    with pytest.raises(StoreError, match=r"thesis\.txt` is a file, where a run was to be written"):
        store.write(fitted, "", tmp_path / "mine" / "thesis.txt")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


def test_what_a_killed_run_left_is_removed_by_the_next(fitted, tmp_path):
    left = tmp_path / ".run.partial-999999999"
    left.mkdir()
    own = tmp_path / f".run.partial-{os.getppid()}"
    own.mkdir()
    store.write(fitted, "", tmp_path / "run")
    assert not left.exists()
    assert own.exists(), "another process is still writing there"


def test_no_run_and_half_a_run_are_told_apart(run, tmp_path):
    with pytest.raises(RunNotFound, match=r"no `run\.json`"):
        run_directory.read(tmp_path / "none")
    (run / "fit.nc").write_bytes(b"not netCDF")
    with pytest.raises(RunIncomplete, match="is damaged"):
        run_directory.read(run)


def test_a_run_of_another_schema_is_refused(run):
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**record, "schema": 999}))
    with pytest.raises(RunIncomplete, match="schema 999"):
        run_directory.read(run)
