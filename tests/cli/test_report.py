"""`workbench report`: one run redrawn, several side by side, pictures as files, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.report.simulated import simulated_fit
from workbench.cli.app import app
from workbench.results import store


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("runs")
    return [store.write(simulated_fit(draws=40, seed=seed), "", folder / f"run {seed}") for seed in (1, 2)]


def _report(*arguments: object):
    return CliRunner().invoke(app, ["report", *map(str, arguments)])


def test_one_run_is_redrawn_in_its_place(runs):
    done = _report(runs[0])
    assert done.exit_code == 0
    assert done.stdout.strip() == str(runs[0] / "report.html")
    assert "simulated" in (runs[0] / "report.html").read_text(encoding="utf-8")


def test_pictures_become_files(runs, tmp_path):
    assert _report(runs[0], "--figures", tmp_path / "pictures").exit_code == 0
    names = {path.name for path in (tmp_path / "pictures").iterdir()}
    assert {"marginals-mu.svg", "marginals-mu.png", "energy-energy.svg", "predictive-y-y-pit.png"} <= names


def test_several_runs_are_put_side_by_side(runs, tmp_path):
    target = tmp_path / "both.html"
    done = _report(*runs, "--output", target)
    assert (done.exit_code, done.stdout.strip()) == (0, str(target))
    assert "Comparison of runs" in target.read_text(encoding="utf-8")


def test_a_file_for_one_run_is_refused_in_words(runs):
    done = _report(runs[0], "--output", "x.html")
    assert done.exit_code == 2
    assert "--output was given with a single run." in done.stderr
    assert "for a comparison of several runs" in done.stderr


def test_a_folder_without_a_run_is_refused_in_words(runs, tmp_path):
    done = _report(runs[0], tmp_path)
    assert done.exit_code == 5
    assert "there is no `run.json`" in done.stderr


def test_a_place_that_cannot_be_written_is_said(runs, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = _report(*runs, "--output", tmp_path / "file" / "both.html")
    assert done.exit_code == 5
    assert "the comparison could not be written" in done.stderr
    done = _report(runs[0], "--figures", tmp_path / "file")
    assert done.exit_code == 5
    assert "the pictures could not be written" in done.stderr
