"""`workbench report`: one run redrawn, several side by side, pictures as files, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_bad_input import assert_refused
from tests.report.simulated import simulate_fit
from workbench.results import store


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("runs")
    return [store.write(simulate_fit(draws=40, seed=seed), "", folder / f"run {seed}") for seed in (1, 2)]


def test_one_run_is_redrawn_in_its_place(workbench, runs):
    done = workbench("report", runs[0])
    assert done.returncode == 0
    assert done.stdout.strip() == str(runs[0] / "report.html")
    assert "simulated" in (runs[0] / "report.html").read_text(encoding="utf-8")


def test_pictures_become_files(workbench, runs, tmp_path):
    assert workbench("report", runs[0], "--figures", tmp_path / "pictures").returncode == 0
    names = {path.name for path in (tmp_path / "pictures").iterdir()}
    assert {"marginals-mu.svg", "marginals-mu.png", "energy-energy.svg", "predictive-y-y-pit.png"} <= names


def test_several_runs_are_put_side_by_side(workbench, runs, tmp_path):
    target = tmp_path / "both.html"
    done = workbench("report", *runs, "--output", target)
    assert (done.returncode, done.stdout.strip()) == (0, str(target))
    assert "Comparison of runs" in target.read_text(encoding="utf-8")


def test_a_file_for_one_run_is_refused(workbench, runs):
    done = workbench("report", runs[0], "--output", "x.html")
    assert_refused(done, 2, "--output", hint="several runs")


def test_a_folder_without_a_run_is_refused(workbench, runs, tmp_path):
    assert_refused(workbench("report", runs[0], tmp_path), 5, f"`{tmp_path}`", "`run.json`")


def test_a_place_that_cannot_be_written_is_named(workbench, runs, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    target = tmp_path / "file" / "both.html"
    assert_refused(workbench("report", *runs, "--output", target), 5, f"`{target}`")
    figures = tmp_path / "file"
    assert_refused(workbench("report", runs[0], "--figures", figures), 5, f"`{figures}`")
