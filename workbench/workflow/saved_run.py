"""A stored run made ready to run again: its program built, its request whole, from its own files alone."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from workbench import program, toolchain
from workbench.backends import Start
from workbench.backends.base import ANYWHERE
from workbench.estimation import estimate
from workbench.program import Program, Role
from workbench.progress import SILENT, Progress
from workbench.request import FitRequest
from workbench.results import Fit
from workbench.results.saved_request import kept_request, reopen
from workbench.toolchain import Settings
from workbench.workflow.builds import Builds


@dataclass(frozen=True)
class Reopened:
    """A run that can be worked on.

    Attributes
    ----------
    fit
        What was stored.
    request
        What was asked.
    builds
        Its executables.
    progress
        Where to report.
    """

    fit: Fit
    request: FitRequest
    builds: Builds
    progress: Progress

    def work_out(self, request: FitRequest, start: Start = ANYWHERE) -> Fit:
        """Return a fit of the run's program, asked anew."""
        from workbench.backends.cmdstan import CmdStanBackend  # only now: importing it takes a second

        executable, original = self.builds.both()
        return estimate(
            request,
            executable,
            CmdStanBackend(),
            self.progress,
            original=original,
            unoptimized=self.builds.unoptimized,
            start=start,
        )


@contextmanager
def reopened(
    fitted: Fit, settings: Settings | None = None, *, jobs: int = 1, progress: Progress = SILENT
) -> Iterator[Reopened]:
    """Give a stored run, ready to be run again.

    Parameters
    ----------
    fitted
        The run.
    settings
        Which Stan and compiler to use.
    jobs
        Chains at a time.
    progress
        Where to report.

    Raises
    ------
    WorkbenchError
        The run does not hold its request, or its program cannot be built.
    """
    kept = kept_request(fitted.record, fitted.tree)
    tools = toolchain.provision(settings or Settings(), progress)
    with tempfile.TemporaryDirectory(prefix="workbench-program-") as folder:
        path = _written(Path(folder), fitted.record["model"], kept["includes"])
        read = program.read(path, tools.stanc)
        roles = {int(index): cast("Role", role) for index, role in kept["roles"].items()}
        if roles:
            read = program.settle_roles(read, cast("Mapping[str | int, Role]", roles), tools.stanc)
        request = replace(reopen(fitted.record, fitted.tree, _placed(read, fitted)), jobs=jobs)
        yield Reopened(fitted, request, Builds(replace(request, program=read), tools, progress), progress)


def _written(folder: Path, model: Mapping[str, Any], includes: Mapping[str, str]) -> Path:
    """Write a program and what it includes; return the program's path."""
    for name, text in includes.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    path = folder / Path(model["path"]).name
    path.write_text(model["source"], encoding="utf-8")
    return path


def _placed(read: Program, fitted: Fit) -> Program:
    """Return the program under the path that it had."""
    return replace(read, path=Path(fitted.record["model"]["path"]))
