"""Run directories: whole or not at all."""

import json
import os

import arviz_stats
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from arviz_stats.base import array_stats

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


def test_the_summary_has_the_columns_and_numbers_of_arviz(run):
    with xr.open_datatree(run / "fit.nc", engine="h5netcdf") as tree:
        expected = arviz_stats.summary(tree, ci_kind="eti", ci_prob=0.95, round_to="none")
        posterior = tree["posterior"].to_dataset().load()
    frame = pd.read_csv(run / "summary.csv")
    assert frame.columns[: 2 + len(expected.columns)].tolist() == ["parameter", "label", *expected.columns]
    found = frame.set_index("label").loc[expected.index, expected.columns]
    same = [name for name in expected.columns if name not in ("sd", "ess_tail")]
    np.testing.assert_allclose(found[same], expected[same], rtol=1e-4)
    by_name = frame.set_index("parameter")
    for name, draws in (("alpha", posterior["alpha"]), ("eta[2]", posterior["eta"][..., 1])):
        values = draws.to_numpy()
        tail = array_stats.ess(values, method="tail", prob=(0.05, 0.95))
        np.testing.assert_allclose(by_name["ess_tail"][name], tail, rtol=1e-4)
        np.testing.assert_allclose(by_name["sd"][name], values.std(ddof=1), rtol=1e-5)
    np.testing.assert_array_equal(frame["mean"], frame["nuts_mean"])


def test_the_summary_of_a_fit_without_chains_has_no_columns_of_draws(fitted):
    frame = store.tabulate_estimates({**fitted.record, "nuts": {"status": "skipped", "estimates": {}}})
    assert not {"mean", "r_hat", "eti95_lb"} & set(frame.columns)
    assert "mle_value" in frame.columns


def test_the_summary_names_the_level_of_its_intervals(fitted):
    frame = store.tabulate_estimates({**fitted.record, "interval": {"level": 0.995}})
    assert {"eti99.5_lb", "eti99.5_ub"} <= set(frame.columns)


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


@pytest.mark.parametrize("content", ["{}", "[]", "", '{"schema": 1}', "[" * 100_000])
def test_a_file_of_that_name_makes_no_run(fitted, tmp_path, content):
    (tmp_path / "project" / "src").mkdir(parents=True)
    (tmp_path / "project" / "run.json").write_text(content)
    (tmp_path / "project" / "src" / "thesis.txt").write_text("years of work")
    with pytest.raises(StoreError, match=r"holds `run\.json` and `src`, and is not a run"):
        store.write(fitted, "", tmp_path / "project")
    assert (tmp_path / "project" / "src" / "thesis.txt").read_text() == "years of work"


def test_what_the_user_put_into_a_run_stays(run, fitted):
    (run / "notes.txt").write_text("years of work")
    (run / "study" / "kept").mkdir(parents=True)
    (run / "study" / "study.json").write_text("a study")
    store.write(store.with_entries(fitted, {"seed": 99}), "<html></html>", run)
    assert run_directory.read(run).record["seed"] == 99
    assert {path.name for path in run.iterdir()} == {*FILES, "notes.txt", "study"}
    assert (run / "notes.txt").read_text() == "years of work"
    assert (run / "study" / "study.json").read_text() == "a study"


def fail(fit):
    return store.with_entries(fit, {"nuts": {"status": "failed", "reason": "no time.", "estimates": {}}})


def test_a_fit_that_failed_stays_beside_one_that_did_not(run, fitted):
    failed = store.choose_place(fail(fitted), run)
    assert failed.name == "run.failed"
    store.write(fail(fitted), "", failed)
    assert store.find_earlier(failed) == run
    assert store.choose_place(fail(fitted), run) == failed
    assert store.choose_place(fitted, run) == run
    assert store.choose_place(fail(fitted), failed) == failed


def test_a_fit_that_failed_takes_a_place_without_results(fitted, tmp_path):
    place = tmp_path / "run"
    assert store.choose_place(fail(fitted), place) == place
    store.write(fail(fitted), "", place)
    assert store.choose_place(fail(fitted), place) == place
    assert store.find_earlier(place) is None


def test_the_place_of_a_failed_fit_is_checked_with_that_of_the_run(run):
    (run.parent / "run.failed").mkdir()
    (run.parent / "run.failed" / "thesis.txt").touch()
    with pytest.raises(StoreError, match=r"run\.failed` holds `thesis\.txt`"):
        store.check_place(run)


def test_draws_on_a_full_disk_end_in_a_sentence(run, fitted, monkeypatch):
    """HDF5 ends the process with a segmentation fault where it is told."""

    def refuse(descriptor, data, position):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", refuse)
    before = (run / "run.json").read_bytes()
    with pytest.raises(StoreError, match=r"run` could not be written: the disk is full: .* kB were needed"):
        store.write(store.with_entries(fitted, {"seed": 99}), "", run)
    assert (run / "run.json").read_bytes() == before
    assert not list(run.parent.glob(".*"))


def test_a_run_whose_writer_was_killed_between_two_renames_is_put_back(run):
    run.rename(run.with_name(".run.old-999999999"))
    assert run_directory.read(run).record["seed"]


def test_what_a_killed_run_left_is_removed_by_the_next(fitted, tmp_path):
    left = tmp_path / ".run.partial-999999999"
    left.mkdir()
    own = tmp_path / f".run.partial-{os.getppid()}"
    own.mkdir()
    store.write(fitted, "", tmp_path / "run")
    assert not left.exists()
    assert own.exists(), "another process is still writing there"


@pytest.mark.parametrize("read", [run_directory.read, run_directory.require_run, run_directory.read_record])
def test_a_study_is_called_one_and_its_commands_are_named(tmp_path, read):
    (tmp_path / "study.json").write_text("{}")
    with pytest.raises(RunNotFound, match="is a study of the prior") as refusal:
        read(tmp_path)
    assert f"`workbench show {tmp_path}`" in (refusal.value.hint or "")
    assert f"`workbench report {tmp_path}`" in (refusal.value.hint or "")


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
