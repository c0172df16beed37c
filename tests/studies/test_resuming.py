"""A study that was killed goes on; what fails is a row; the same study again makes no fit."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from typing import ClassVar

import pytest

from tests.cli.conftest import ENTRY
from workbench.backends.cmdstan import CmdStanBackend
from workbench.errors import ChainFailed
from workbench.studies import parse_axis
from workbench.studies import store as studies
from workbench.workflow import sensitivity, study_options

pytestmark = pytest.mark.usefixtures("tools")

ASKED = study_options.StudyOptions(
    axes=(parse_axis("mu.sigma=0.2,0.5,1,2,4"),), methods=("nuts",), with_prior=False, refit="all", jobs=2
)


@pytest.fixture
def counted(monkeypatch):
    """The number of times NUTS was run, and points that fail: by the value of `mu.sigma`."""

    class Counting(CmdStanBackend):
        runs: ClassVar[list[float]] = []
        failing: ClassVar[set[float]] = set()

        def sample(self, job, method, **options):
            import json

            sigma = float(json.loads(job.data.read_text())["prior_mu_sigma"])
            if sigma in self.failing:
                raise ChainFailed("sampling stopped: the machine was unplugged.")
            self.runs.append(sigma)
            return super().sample(job, method, **options)

    Counting.runs, Counting.failing = [], set()
    monkeypatch.setattr("workbench.backends.cmdstan.CmdStanBackend", Counting)
    return Counting


def test_the_same_study_again_makes_no_fit(normal_files, options, counted, tmp_path):
    asked = replace(ASKED, output=tmp_path / "study")
    first = sensitivity.study_files(normal_files[0], normal_files[1], options, asked)
    assert sorted(counted.runs) == [0.2, 0.5, 1, 2, 4]  # the base is the point at 1
    counted.runs.clear()
    second = sensitivity.study_files(normal_files[0], normal_files[1], options, asked)
    assert counted.runs == []
    assert first.frame.equals(second.frame)
    wider = replace(asked, axes=(parse_axis("mu.sigma=0.2,0.5,1,2,4,8"),))
    sensitivity.study_files(normal_files[0], normal_files[1], options, wider)
    assert counted.runs == [8]


def test_a_failing_point_is_a_row_with_its_reason_and_is_tried_again(
    normal_files, options, counted, tmp_path
):
    asked = replace(ASKED, output=tmp_path / "study")
    counted.failing.add(0.5)
    study = sensitivity.study_files(normal_files[0], normal_files[1], options, asked)
    failed = study.frame[study.frame["status"] == "failed"].to_dict("records")
    assert [(row["mu.sigma"], row["reason"]) for row in failed] == [
        (0.5, "sampling stopped: the machine was unplugged.")
    ]
    assert study.record["fits"]["failed"] == 1
    assert any("1 point has no posterior" in words for words in study.record["conclusion"]["reasons"])
    assert "the machine was unplugged" in (tmp_path / "study" / studies.REPORT).read_text()
    counted.failing.clear()
    counted.runs.clear()
    again = sensitivity.study_files(normal_files[0], normal_files[1], options, asked)
    assert counted.runs == [0.5]
    assert (again.frame["status"] == "ok").all()


def test_a_killed_study_repeats_nothing(normal_files, tmp_path):
    argv = [
        sys.executable, "-P", "-c", ENTRY, "sensitivity", *map(str, normal_files), "-o", "study",
        "--vary", "mu.sigma=0.2:4:log:8", "--refit", "all", "--methods", "nuts", "--no-prior-predictive",
        "--draws", "2000", "--quiet",
    ]  # fmt: skip
    kept = tmp_path / "study" / "kept"
    child = subprocess.Popen(argv, cwd=tmp_path, start_new_session=True)
    deadline = time.monotonic() + 300
    while len(list(kept.glob("*.nc"))) < 3 and child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert child.poll() is None, "it was to be killed half-way"
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    finished = {path: path.stat().st_mtime_ns for path in kept.glob("*.nc")}
    assert 3 <= len(finished) < 9
    assert not (tmp_path / "study" / studies.RECORD).exists()
    subprocess.run(argv, cwd=tmp_path, check=True, capture_output=True)
    assert {path: path.stat().st_mtime_ns for path in finished} == finished
    assert len(list(kept.glob("*.nc"))) == 9
    study = studies.read(tmp_path / "study")
    assert study.record["fits"]["failed"] == 0


def test_a_damaged_piece_is_made_anew(normal_files, options, counted, tmp_path):
    asked = replace(ASKED, axes=(parse_axis("mu.sigma=0.2,1"),), output=tmp_path / "study")
    sensitivity.study_files(normal_files[0], normal_files[1], options, asked)
    for path in (tmp_path / "study" / "kept").glob("*.nc"):
        path.write_bytes(path.read_bytes()[:1000])
    counted.runs.clear()
    sensitivity.study_files(normal_files[0], normal_files[1], options, asked)
    assert sorted(counted.runs) == [0.2, 1]


def test_the_report_is_drawn_anew_from_its_files(study, study_folder):
    report = study_folder / studies.REPORT
    before = report.read_text()
    report.unlink()
    assert sensitivity.redraw_study(study_folder).read_text() == before
