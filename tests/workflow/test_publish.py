"""A run is published before its report is drawn: whatever ends that, the run is complete."""

import json

import pytest

from tests.report.simulated import simulate_fit
from workbench.errors import StoreError
from workbench.results import run_directory, store
from workbench.workflow import report
from workbench.workflow.publish import add_report, publish_run

WITHOUT_REPORT = {"run.json", "fit.nc", "summary.csv", "console.log"}


@pytest.fixture
def earlier(tmp_path):
    return store.write(simulate_fit(draws=40, seed=1), "<html>the earlier report</html>", tmp_path / "run")


def list_files(folder):
    return {path.name for path in folder.iterdir()}


def test_the_report_is_added_to_the_published_run(tmp_path):
    fit = publish_run(simulate_fit(draws=40), tmp_path / "run")
    assert list_files(fit.folder) == WITHOUT_REPORT
    add_report(fit)
    assert list_files(fit.folder) == {*WITHOUT_REPORT, "report.html"}


def test_the_report_of_an_earlier_run_does_not_stay_with_the_new_one(earlier):
    fit = publish_run(simulate_fit(draws=40, seed=2), earlier)
    assert list_files(earlier) == WITHOUT_REPORT
    assert run_directory.read(earlier).record["seed"] == fit.record["seed"]


def test_an_interrupt_while_the_report_is_drawn_leaves_the_run_and_says_so(earlier, monkeypatch):
    def interrupt(_):
        raise KeyboardInterrupt

    fit = publish_run(simulate_fit(draws=40, seed=2), earlier)
    published = json.loads((earlier / "run.json").read_text())
    monkeypatch.setattr(report, "build_fit_report", interrupt)
    with pytest.raises(KeyboardInterrupt, match=r"the run in `.*run` is complete; `workbench report .*run`"):
        add_report(fit)
    assert list_files(earlier) == WITHOUT_REPORT
    assert json.loads((earlier / "run.json").read_text()) == published


def test_a_report_that_cannot_be_written_leaves_the_run_and_says_so(earlier, monkeypatch):
    def fail(*_):
        raise StoreError("the disk is full.", hint="free space there")

    fit = publish_run(simulate_fit(draws=40, seed=2), earlier)
    monkeypatch.setattr("workbench.files.replace_file", fail)
    with pytest.raises(StoreError, match="the disk is full") as raised:
        add_report(fit)
    assert raised.value.hint == (
        f"free space there; the run in `{earlier}` is complete; `workbench report {earlier}` draws its report"
    )
    assert list_files(earlier) == WITHOUT_REPORT


def test_a_run_never_gets_the_report_of_another_that_it_has_replaced(earlier):
    first = publish_run(simulate_fit(draws=40, seed=2), earlier)
    publish_run(simulate_fit(draws=40, seed=3), earlier)
    add_report(first)
    assert list_files(earlier) == WITHOUT_REPORT
    with pytest.raises(StoreError, match="was replaced while its report was drawn"):
        report.write_report(first, earlier / "report.html")


def test_a_fit_without_a_folder_gets_no_report():
    add_report(simulate_fit(draws=40))
