"""Where commands write: refused by name before anything is computed, or written whole."""

import os
import subprocess
import sys

import pytest

from tests.cli.conftest import SCHOOLS
from tests.report.simulated import simulate_fit
from workbench.results import store


@pytest.fixture
def run(tmp_path):
    return store.write(simulate_fit(draws=40), "", tmp_path / "run")


def make_project(place):
    (place / "src").mkdir(parents=True)
    (place / "run.json").write_text("{}")
    (place / "src" / "thesis.txt").write_text("years of work")


def make_link(place):
    place.symlink_to(place.parent / "elsewhere")


def make_file(place):
    place.write_text("years of work")


PLACES = {
    "project": (make_project, "`project` holds `run.json` and `src`, and is not a run: nothing was written."),
    "link": (make_link, "`link` is a link, where a run was to be written."),
    "file": (make_file, "`file` is a file, where a run was to be written."),
    "x" * 256: (lambda place: None, "has 256 bytes, and at most 255 are allowed."),
    ".": (lambda place: None, "`.` is the folder you are in, so it cannot become a run."),
}
"""By the name that is given: how the place is made, and what is said of it."""


@pytest.mark.parametrize("name", PLACES)
def test_a_fit_refuses_its_place_before_it_needs_stan(workbench, tmp_path, name):
    make, sentence = PLACES[name]
    make(tmp_path / name)
    before = sorted(tmp_path.rglob("*"))
    done = workbench("fit", *SCHOOLS, "-o", name)
    assert done.returncode == 5
    assert sentence in done.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_a_study_and_a_continued_run_refuse_theirs_too(workbench, tmp_path, run):
    make_project(tmp_path / "project")
    for command in (("sensitivity", "run"), ("sensitivity", *SCHOOLS), ("continue", "run")):
        done = workbench(*command, "-o", "project")
        assert done.returncode == 5
        assert "`project` holds `run.json` and `src`, and is not a" in done.stderr
    assert (tmp_path / "project" / "src" / "thesis.txt").read_text() == "years of work"


def test_predictions_refuse_a_folder_and_a_link(workbench, tmp_path, run):
    (tmp_path / "link.csv").symlink_to(tmp_path / "precious.csv")
    for output, words in (("run", "is a folder"), ("link.csv", "is a link"), ("no/" * 2000, "bytes")):
        done = workbench("predict", "run", "new.csv", "-o", output)
        assert (done.returncode, words in done.stderr) == (5, True)
    assert not (tmp_path / "precious.csv").exists()


def test_a_report_does_not_follow_a_link_in_the_run(workbench, tmp_path, run):
    (tmp_path / "precious").write_text("years of work")
    (run / "report.html").unlink()
    (run / "report.html").symlink_to(tmp_path / "precious")
    done = workbench("report", "run")
    assert done.returncode in (0, 5)
    assert (tmp_path / "precious").read_text() == "years of work"


def test_a_report_does_not_wait_for_a_pipe_in_the_run(workbench, tmp_path, run):
    (run / "report.html").unlink()
    os.mkfifo(run / "report.html")
    done = workbench("report", "run")
    assert done.returncode == 5
    assert "`run/report.html` is a pipe or a device" in done.stderr


def test_figures_join_what_is_in_their_folder(workbench, tmp_path, run):
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "notes.txt").write_text("years of work")
    assert workbench("report", "run", "--figures", "figures").returncode == 0
    names = {path.name for path in (tmp_path / "figures").iterdir()}
    assert "notes.txt" in names
    assert {name.rpartition(".")[2] for name in names} == {"svg", "png", "txt"}


def test_figures_where_a_file_is(workbench, tmp_path, run):
    (tmp_path / "figures").write_text("years of work")
    done = workbench("report", "run", "--figures", "figures")
    assert done.returncode == 5
    assert "`figures` is a file, not a folder" in done.stderr


def test_an_output_never_takes_the_place_of_a_run_a_program_or_what_is_read(workbench, tmp_path, run):
    (tmp_path / "new.csv").write_text("y\n1\n")
    (tmp_path / "mine.stan").write_text("model { }")
    store.write(simulate_fit(draws=40, seed=2), "", tmp_path / "other")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for command, output, reason in (
        (("predict", "run", "new.csv"), "run/run.json", "`run/run.json` belongs to the run in"),
        (("predict", "run", "new.csv"), "new.csv", "`new.csv` is read: it would be lost."),
        (("predict", "run", "new.csv"), "mine.stan", "`mine.stan` is a Stan program."),
        (("report", "run", "other"), "other/fit.nc", "`other/fit.nc` belongs to the run in"),
        (("report", "run", "other"), "run/report.html", "`run/report.html` belongs to the run in"),
    ):
        done = workbench(*command, "--output", output)
        assert done.returncode == 5
        assert reason in done.stderr
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_folder_with_the_name_of_a_file_of_a_run_is_refused(workbench, tmp_path, run):
    (run / "report.html").unlink()
    (run / "report.html").mkdir()
    (run / "report.html" / "thesis.txt").write_text("years of work")
    done = workbench("fit", *SCHOOLS, "-o", "run", "--no-report")
    assert done.returncode == 5
    assert "`run/report.html` is a folder, where a file of a run was to be written." in done.stderr
    assert (run / "report.html" / "thesis.txt").read_text() == "years of work"


def test_a_folder_where_a_failed_fit_would_be_kept_is_named_with_the_reason(workbench, tmp_path, run):
    make_project(tmp_path / "run.failed")
    done = workbench("fit", *SCHOOLS, "-o", "run")
    assert done.returncode == 5
    assert "a fit that fails would be kept in `run.failed`: `run.failed` holds `run.json`" in done.stderr


def test_too_little_memory_for_libraries_is_said_before_they_are_imported(tmp_path, run):
    command = f"ulimit -v 600000; exec {sys.executable} -P -m workbench check run"
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 4
    assert "1 GB of memory is needed, but a limit allows 0.61 GB." in done.stderr
