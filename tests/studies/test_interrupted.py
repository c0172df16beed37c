"""A study that is interrupted continues; a failure is a row; the same study again makes no fit."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from typing import ClassVar

import pytest

from tests.cli.conftest import ENTRY
from tests.studies import normal_mean
from workbench.backends.stan import StanBackend
from workbench.errors import ChainFailed
from workbench.studies import parse_axis, store, study_directory
from workbench.workflow.sensitivity import redraw_study
from workbench.workflow.study_options import StudyOptions

pytestmark = pytest.mark.usefixtures("tools")

OPTIONS = StudyOptions(
    axes=(parse_axis("mu.sigma=0.2,0.5,1,2,4"),), methods=("nuts",), with_prior=False, refit="all", jobs=2
)


@pytest.fixture
def backend(monkeypatch):
    """A backend that records the runs of NUTS, and fails at some points, by the value of `mu.sigma`."""

    class RecordingBackend(StanBackend):
        runs: ClassVar[list[float]] = []
        failing: ClassVar[set[float]] = set()

        def sample(self, job, method, **options):
            sigma = float(json.loads(job.data.read_text())["prior_mu_sigma"])
            if sigma in self.failing:
                raise ChainFailed("sampling stopped: the machine was unplugged.")
            self.runs.append(sigma)
            return super().sample(job, method, **options)

    monkeypatch.setattr("workbench.backends.stan.StanBackend", RecordingBackend)
    return RecordingBackend


def test_the_same_study_again_makes_no_fit(normal_files, fit_options, backend, tmp_path):
    options = replace(OPTIONS, output=tmp_path / "study")
    first = normal_mean.run_study(normal_files, fit_options, options)
    assert sorted(backend.runs) == [0.2, 0.5, 1, 2, 4]  # the base is the point at 1
    backend.runs.clear()
    second = normal_mean.run_study(normal_files, fit_options, options)
    assert backend.runs == []
    assert first.frame.equals(second.frame)
    wider = replace(options, axes=(parse_axis("mu.sigma=0.2,0.5,1,2,4,8"),))
    normal_mean.run_study(normal_files, fit_options, wider)
    assert backend.runs == [8]


def test_a_failing_point_is_a_row_with_its_reason_and_is_tried_again(
    normal_files, fit_options, backend, tmp_path
):
    options = replace(OPTIONS, output=tmp_path / "study")
    backend.failing.add(0.5)
    study = normal_mean.run_study(normal_files, fit_options, options)
    failed = study.frame[study.frame["status"] == "failed"].to_dict("records")
    assert [(row["mu.sigma"], row["reason"]) for row in failed] == [
        (0.5, "sampling stopped: the machine was unplugged.")
    ]
    assert study.results.fits.failed == 1
    assert any("1 point has no posterior" in reason for reason in study.results.conclusion.reasons)
    assert "the machine was unplugged" in (tmp_path / "study" / store.REPORT).read_text()
    backend.failing.clear()
    backend.runs.clear()
    again = normal_mean.run_study(normal_files, fit_options, options)
    assert backend.runs == [0.5]
    assert (again.frame["status"] == "ok").all()


def test_a_killed_study_repeats_nothing(normal_files, tmp_path):
    argv = [
        sys.executable, "-P", "-c", ENTRY, "sensitivity", *map(str, normal_files), "-o", "study",
        "--vary", "mu.sigma=0.2:4:log:8", "--refit", "all", "--methods", "nuts", "--no-prior-predictive",
        "--draws", "2000", "--quiet",
    ]  # fmt: skip
    cache = tmp_path / "study" / store.CACHE
    child = subprocess.Popen(argv, cwd=tmp_path, start_new_session=True)
    deadline = time.monotonic() + 300
    while len(list(cache.glob("*.nc"))) < 3 and child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert child.poll() is None, "it ended before it could be killed"
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    finished = {path: path.stat().st_mtime_ns for path in cache.glob("*.nc")}
    assert 3 <= len(finished) < 9
    assert not (tmp_path / "study" / store.RECORD).exists()
    subprocess.run(argv, cwd=tmp_path, check=True, capture_output=True)
    assert {path: path.stat().st_mtime_ns for path in finished} == finished
    assert len(list(cache.glob("*.nc"))) == 9
    assert study_directory.read(tmp_path / "study").results.fits.failed == 0


def test_a_damaged_file_of_the_cache_is_made_again(normal_files, fit_options, backend, tmp_path):
    options = replace(OPTIONS, axes=(parse_axis("mu.sigma=0.2,1"),), output=tmp_path / "study")
    normal_mean.run_study(normal_files, fit_options, options)
    for path in (tmp_path / "study" / store.CACHE).glob("*.nc"):
        path.write_bytes(path.read_bytes()[:1000])
    backend.runs.clear()
    normal_mean.run_study(normal_files, fit_options, options)
    assert sorted(backend.runs) == [0.2, 1]


def test_the_report_is_drawn_again_from_the_files(study, study_folder):
    report = study_folder / store.REPORT
    before = report.read_text()
    report.unlink()
    assert redraw_study(study_folder).read_text() == before
