"""A stored run with its executable, ready to evaluate its log density anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from workbench.estimation.context import FitContext
from workbench.estimation.standardize.original_scale import use_original_scale
from workbench.files import make_scratch
from workbench.progress import SILENT, Progress
from workbench.request import Storage
from workbench.results import Fit
from workbench.toolchain import CompiledModel, ToolchainSettings
from workbench.workflow.saved_run import SavedRun, choose_executable, open_run


@dataclass(frozen=True)
class RunContext:
    """A stored run that can be evaluated.

    Attributes
    ----------
    fit
        What it holds.
    context
        Its program and data, and what runs it; values are on the scale of the data.
    fitted
        The same on the scale of the fit, where predictors were standardized.
    executable
        The executable of the program.
    """

    fit: Fit
    context: FitContext
    fitted: FitContext
    executable: CompiledModel

    @property
    def source(self) -> str:
        """The Stan program that the executable was compiled from."""
        program = self.context.request.program
        return program.source if program.instrumented is None else program.instrumented.source


@contextmanager
def open_context(run: SavedRun, progress: Progress) -> Iterator[RunContext]:
    """Build the program of a run, or find it in the cache; files and processes exist until it is closed.

    Raises
    ------
    WorkbenchError
        The program cannot be built.
    """
    from workbench.backends.stan import StanBackend  # only here: importing it takes a second

    backend = StanBackend()
    with make_scratch() as folder:
        request, executable = choose_executable(run)
        fitted = FitContext(request, executable.exe, backend, folder / "run", progress)
        context, _ = use_original_scale(fitted)
        try:
            yield RunContext(run.fit, context, fitted, executable)
        finally:
            backend.end_idle()


@contextmanager
def open_likelihood(
    fit: Fit, settings: ToolchainSettings | None = None, *, jobs: int = 1, progress: Progress = SILENT
) -> Iterator[RunContext]:
    """Open a stored run to evaluate the log likelihood of each observation, however many there are.

    Parameters
    ----------
    fit
        The run.
    settings
        Which Stan and compiler to use.
    jobs
        Processes at a time.
    progress
        Where to report.

    Raises
    ------
    WorkbenchError
        The run does not hold its request, or its program cannot be built.
    """
    with open_run(fit, settings, jobs=jobs, progress=progress) as run:
        whole = replace(run, request=replace(run.request, storage=Storage()))
        with open_context(whole, progress) as opened:
            yield opened
