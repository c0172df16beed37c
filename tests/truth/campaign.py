"""Commands as processes, for campaigns that kill them, cut their power, or fill their disks."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest

from tests.cli.conftest import ENTRY
from tests.conftest import DATA
from workbench.results import run_directory
from workbench.studies import study_directory

REPORT_LAST = ("fit", "continue")
"""Commands that publish a run before its report is drawn."""

QUICK = ("--chains", "2", "--draws", "60", "--warmup", "100", "--quiet")
"""Options of a fit that takes a moment."""

SWEEP = ("--vary", "theta_prior_a=1,2", "--methods", "nuts", "--no-prior-predictive", "--quiet")
"""Options of a study that takes a moment."""


def name_command(verb: str, number: int) -> tuple[str, ...]:
    """Return the arguments of a command; those of a fit differ in their seed."""
    return {
        "fit": ("fit", "beta_binomial", "-o", "run", "--seed", str(number + 2), *QUICK),
        "continue": ("continue", "run", "--draws", "10", "--quiet"),
        "sensitivity": ("sensitivity", "run", "-o", "study", *SWEEP),
        "report": ("report", "run"),
        "predict": ("predict", "run", "new.csv", "-o", "predictions.csv", "--quiet"),
    }[verb]


def start(
    *arguments: str | Path, folder: Path, variables: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """Start `workbench ARGUMENTS` in a folder, with further environment variables."""
    argv = [sys.executable, "-P", "-c", ENTRY, *map(str, arguments)]
    return subprocess.Popen(
        argv,
        cwd=folder,
        env=os.environ | (variables or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def run(
    *arguments: str | Path, folder: Path, variables: Mapping[str, str] | None = None, timeout: float = 600
) -> subprocess.CompletedProcess[str]:
    """Run `workbench ARGUMENTS` in a folder to its end."""
    process = start(*arguments, folder=folder, variables=variables)
    try:
        out, err = process.communicate(timeout=timeout)
    finally:
        end(process)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def kill_after(seconds: float, *arguments: str | Path, folder: Path) -> int:
    """Start a command, kill it after a time, and return its exit code: that of the kill, or its own."""
    process = start(*arguments, folder=folder)
    time.sleep(seconds)
    process.kill()
    process.communicate()
    end(process)
    return process.returncode


def end(process: subprocess.Popen[str]) -> None:
    """End whatever a command has left running."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def list_hidden(folder: Path) -> list[str]:
    """Return the hidden names below a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob(".*"))


def make_place(folder: Path) -> None:
    """Fill a folder with a run in which the user has put files, its predictions and its study."""
    peas = pd.read_csv(DATA / "mendel_peas.csv")
    peas.to_csv(folder / "new.csv", index=False)
    made = [run(*name_command(verb, -1), folder=folder) for verb in ("fit", "predict", "sensitivity")]
    assert [done.returncode for done in made] == [0, 0, 0], made
    (folder / "run" / "notes.txt").write_text("mine")
    (folder / "run" / "study").mkdir()
    (folder / "run" / "study" / "study.json").write_text("mine")


def check_place(folder: Path, *, has_report: bool = True) -> None:
    """Check that everything is there and whole.

    A run is complete before its report is drawn. Where something may have ended that, the report may be
    missing, and is drawn now; that of an earlier run never stays.
    """
    if not has_report and not (folder / "run" / "report.html").exists():
        drawn = run("report", "run", folder=folder)
        assert drawn.returncode == 0, drawn.stderr
    fit = run_directory.read(folder / "run")
    posterior = fit.tree["posterior"].to_dataset()
    assert posterior.sizes["draw"] == fit.results.nuts.draws
    summary = pd.read_csv(folder / "run" / "summary.csv")
    assert summary["nuts_mean"][0] == pytest.approx(fit.results.nuts.estimates["theta"].mean, rel=1e-12)
    assert (folder / "run" / "report.html").read_text().rstrip().endswith("</html>")
    assert (folder / "run" / "notes.txt").read_text() == "mine"
    assert (folder / "run" / "study" / "study.json").read_text() == "mine"
    assert len(pd.read_csv(folder / "predictions.csv")) > 0
    study = study_directory.read(folder / "study")
    assert study.results.conclusion.verdict
    json.loads((folder / "study" / "study.json").read_text())
