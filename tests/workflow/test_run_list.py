"""The runs and studies of a folder: each in a row, whatever else the folder holds."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import workbench
from tests.report.simulated import simulate_fit
from workbench.errors import RequestError
from workbench.report.terminal import to_text
from workbench.results import store
from workbench.results.run_identity import hash_estimates
from workbench.studies.store import RECORD as STUDY_RECORD
from workbench.studies.store import REPORT as STUDY_REPORT
from workbench.workflow import run_list
from workbench.workflow.pages.runs import build_runs_page
from workbench.workflow.run_list import list_runs

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
RECORD = simulate_fit().record


def write(folder: Path, record: object, name: str = "run.json") -> Path:
    folder.mkdir(parents=True)
    (folder / name).write_text(json.dumps(record), encoding="utf-8")
    return folder


def make_time(**ago: float) -> str:
    return (NOW - timedelta(**ago)).isoformat()


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    folder = tmp_path / "reports"
    old = write(folder / "old", {**RECORD, "created": make_time(days=3)})
    (old / "report.html").write_text("<html>")
    write(folder / "new", {**RECORD, "created": make_time(hours=2)})
    study = {
        "schema": 1, "created": make_time(minutes=5), "model": {"name": "m"}, "data": {"path": "a/d.csv"},
        "conclusion": {"verdict": "caution"}, "base": {"verdict": "fail"},
    }  # fmt: skip
    write(old / "study", study, "study.json")
    write(folder / "foreign", {}, "other.json")
    write(folder / "newer", {**RECORD, "schema": 2})
    write(folder / "typed", {**RECORD, "model": 3})
    (folder / "cut").mkdir()
    (folder / "cut" / "run.json").write_text('{"schema": 1, "cre')
    (folder / "linked").mkdir()
    (folder / "linked" / "run.json").symlink_to("/etc/passwd")
    (folder / ".hidden").mkdir()
    (folder / "README.md").write_text("not a run")
    return folder


def test_the_newest_comes_first_with_its_numbers(reports):
    study, new, old = (entry for entry in list_runs(reports) if not entry.reason)
    assert [entry.folder.name for entry in (study, new, old)] == ["study", "new", "old"]
    assert (study.kind, study.verdict, study.rhat_max, study.data) == ("study", "caution", None, "d.csv")
    assert (old.kind, old.model, old.rows) == ("run", "simulated", RECORD["data"]["rows"])
    rhats = [numbers["rhat"] for numbers in RECORD["nuts"]["estimates"].values()]
    assert old.rhat_max == max(rhats)
    assert old.verdict == RECORD["diagnosis"]["verdict"]
    assert (old.report, new.report) == (reports / "old" / "report.html", None)


def test_what_is_no_run_is_listed_with_the_reason(reports):
    reasons = {entry.folder.name: entry.reason for entry in list_runs(reports) if entry.reason}
    assert set(reasons) == {"foreign", "newer", "typed", "cut", "linked"}
    assert "no run.json and no study.json" in reasons["foreign"]
    assert "has schema 2; this workbench reads 1" in reasons["newer"]
    assert "expected `object`" in reasons["typed"].lower()
    assert "truncated" in reasons["cut"]
    assert "symbolic link" in reasons["linked"]


def test_a_folder_that_is_a_run_lists_itself_and_its_study(reports):
    assert [entry.folder.name for entry in list_runs(reports / "old")] == ["study", "old"]


def test_a_study_of_a_run_that_was_replaced_since_is_marked(reports):
    (study,) = [entry for entry in list_runs(reports) if entry.kind == "study"]
    assert not study.is_of_earlier_run  # its record does not tell
    place = reports / "old" / "study" / STUDY_RECORD
    content = json.loads(place.read_text())
    estimates = simulate_fit().results.nuts.estimates
    place.write_text(json.dumps({**content, "run_hash": hash_estimates(estimates)}))
    assert "(study)" in to_text(build_runs_page(list_runs(reports), reports, NOW), width=400)
    name, *_ = RECORD["nuts"]["estimates"]
    moved = {**RECORD["nuts"]["estimates"], name: {**RECORD["nuts"]["estimates"][name], "mean": 7.0}}
    run = {**RECORD, "nuts": {**RECORD["nuts"], "estimates": moved}}
    (reports / "old" / "run.json").write_text(json.dumps(run))
    assert [entry.is_of_earlier_run for entry in list_runs(reports / "old")] == [True, False]
    text = to_text(build_runs_page(list_runs(reports), reports, NOW), width=400)
    assert "caution (study of an earlier run)" in text


def test_failed_chains_have_no_r_hat(tmp_path):
    write(tmp_path / "run", {**RECORD, "nuts": {**RECORD["nuts"], "status": "failed"}})
    assert list_runs(tmp_path)[0].rhat_max is None


def test_the_page_says_how_long_ago(reports):
    text = to_text(build_runs_page(list_runs(reports), reports, NOW), width=400)
    for words in ("5 minutes ago", "2 hours ago", "3 days ago", "caution (study)", "not listed"):
        assert words in text


def test_names_cannot_act_on_the_terminal(tmp_path):
    write(tmp_path / "run", {**RECORD, "model": {"name": "a\x1b[31m"}})
    assert "\x1b" not in to_text(build_runs_page(list_runs(tmp_path), tmp_path, NOW))


def test_no_folder_is_a_sentence(tmp_path):
    with pytest.raises(RequestError, match="there is no such folder"):
        list_runs(tmp_path / "none")
    (tmp_path / "file").write_text("")
    with pytest.raises(RequestError, match="it is not a folder"):
        list_runs(tmp_path / "file")
    assert "There are none yet" in to_text(build_runs_page(list_runs(tmp_path), tmp_path))


def test_names_of_files_are_those_that_are_written():
    assert run_list._REPORTS == {store.RECORD: store.REPORT, STUDY_RECORD: STUDY_REPORT}


def test_runs_are_a_frame_in_python(tmp_path):
    fit = simulate_fit()
    store.write(fit, None, tmp_path / "run")
    (tmp_path / "other").mkdir()
    frame = workbench.runs(tmp_path)
    assert list(frame["kind"]) == ["run", ""]
    assert workbench.load(frame["folder"][0]).results.model.name == frame["model"][0]
    assert frame["rhat_max"][0] == max(one["rhat"] for one in fit.record["nuts"]["estimates"].values())
    assert frame["created"].dt.tz is not None
    assert "neither" in frame["reason"][1]
    (tmp_path / "empty").mkdir()
    assert list(workbench.runs(tmp_path / "empty").columns) == list(frame.columns)
    with pytest.raises(workbench.WorkbenchError, match="no such folder"):
        workbench.runs(tmp_path / "elsewhere")


def test_a_fit_is_shown_in_python(tmp_path, capsys):
    fit = workbench.load(store.write(simulate_fit(), None, tmp_path / "run"))
    fit.show()
    assert "verdict: " in capsys.readouterr().out
    fit.show("tau")
    assert "├" in capsys.readouterr().out
    fit.show("tau", format="json")
    (row,) = json.loads(capsys.readouterr().out)
    assert row["mean"] == fit.results.posterior("tau").mean
    with pytest.raises(workbench.WorkbenchError, match="not a format"):
        fit.show(format="pdf")  # type: ignore[arg-type]
    with pytest.raises(workbench.WorkbenchError, match="not a quantity"):
        fit.show("tua")
