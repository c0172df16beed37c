"""`workbench show` and `workbench runs`: what a stored run says, without Stan."""

from __future__ import annotations

import csv
import json

import pytest

from tests.report.simulated import simulate_fit
from workbench.results import store


@pytest.fixture
def run(tmp_path):
    return store.write(simulate_fit(), None, tmp_path / "reports" / "run")


def test_a_run_is_shown_as_a_fit_prints_it(workbench, run):
    done = workbench("show", run)
    assert done.returncode == 0, done.stderr
    assert "verdict: " in done.stdout
    assert "tau" in done.stdout


def test_a_quantity_is_shown_with_its_density(workbench, run):
    done = workbench("show", run, "tau")
    assert done.returncode == 0, done.stderr
    assert "tau by method" in done.stdout
    assert "├" in done.stdout


def test_an_unknown_quantity_is_a_sentence(workbench, run):
    done = workbench("show", run, "tua")
    assert done.returncode == 2
    assert "`tua` is not a quantity of this run." in done.stderr
    assert "`tau`" in done.stderr


def test_the_works_to_cite_are_a_bibtex_file(workbench, run):
    done = workbench("show", run, "--cite")
    assert done.stdout.startswith("@misc{stan,")
    assert "hoffman2014nuts" in done.stdout


def test_runs_are_listed_and_read_by_programs(workbench, run):
    assert "caution" in workbench("runs").stdout
    (entry,) = json.loads(workbench("runs", "--json").stdout)
    assert entry["folder"] == "reports/run"
    assert entry["kind"] == "run"
    missing = workbench("runs", "elsewhere")
    assert missing.returncode == 2
    assert "there is no such folder" in missing.stderr


def test_what_only_a_run_has_is_refused_of_a_study(workbench, tmp_path):
    study = tmp_path / "study"
    study.mkdir()
    (study / "study.json").write_text("{}")
    for option in ("tau", "--cite"):
        done = workbench("show", study, option)
        assert done.returncode == 2
        assert "is a study" in done.stderr
    done = workbench("show", study)
    assert done.returncode != 0
    assert "has schema None" in done.stderr


def test_the_study_of_a_run_does_not_hide_the_run(workbench, run):
    (run / "study.json").write_text("{}")
    assert "tau by method" in workbench("show", run, "tau").stdout


def test_a_table_is_printed_for_documents_and_programs(workbench, run):
    text = (run / "summary.csv").read_text(encoding="utf-8")
    stored = {row["parameter"]: row for row in csv.DictReader(text.splitlines())}
    printed = list(csv.DictReader(workbench("show", run, "--format", "csv").stdout.splitlines()))
    assert {row["parameter"]: row for row in printed} == stored
    (tau,) = json.loads(workbench("show", run, "tau", "--format", "json").stdout)
    assert tau["mean"] == float(stored["tau"]["mean"])
    markdown = workbench("show", run, "theta_raw", "--format", "md").stdout.splitlines()
    names = [line.split("|")[1].strip() for line in markdown[2:]]
    assert names == ["`theta_raw[school A]`", "`theta_raw[2]`", "`theta_raw[3]`"]
    latex = workbench("show", run, "theta_raw", "--format", "latex").stdout
    assert latex.startswith("\\begin{tabular}")
    assert "theta\\_raw[" in latex


def test_a_format_that_is_not_known_and_two_outputs_are_refused(workbench, run):
    unknown = workbench("show", run, "--format", "pdf")
    assert unknown.returncode == 2
    assert "'md'" in unknown.stderr
    for command in (["show", run, "--cite"], ["runs", "--json"]):
        both = workbench(*command, "--format", "csv")
        assert both.returncode == 2
        assert "give one of them" in both.stderr


def test_runs_are_listed_in_every_format(workbench, run):
    (entry,) = json.loads(workbench("runs", "--format", "json").stdout)
    assert entry["kind"] == "run"
    (row,) = csv.DictReader(workbench("runs", "--format", "csv").stdout.splitlines())
    assert row["folder"] == "reports/run"
    assert float(row["rhat_max"]) == entry["rhat_max"]
    assert workbench("runs", "--format", "md").stdout.count("\n") == 3
    assert "\\bottomrule" in workbench("runs", "--format", "latex").stdout
