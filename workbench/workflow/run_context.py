"""A stored run with its executable, ready to evaluate its log density anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from workbench.estimation.context import FitContext
from workbench.estimation.standardize.original_scale import use_original_scale
from workbench.files import make_scratch
from workbench.progress import SILENT, Progress
from workbench.request import Storage
from workbench.results import Fit
from workbench.toolchain import CompiledModel, ToolchainSettings
from workbench.workflow.saved_run import choose_executable, open_run


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
    source
        The Stan program that it was compiled from.
    """

    fit: Fit
    context: FitContext
    fitted: FitContext
    executable: CompiledModel
    source: str


@contextmanager
def open_context(
    fit: Fit, settings: ToolchainSettings | None = None, *, jobs: int = 1, progress: Progress = SILENT
) -> Iterator[RunContext]:
    """Open a stored run to evaluate its log density; files and processes go with it.

    The log likelihood of each observation is computed, however many there are.

    Parameters
    ----------
    fit
        The run.
    settings
        Which Stan and compiler to use.
    jobs
        Programs compiled at a time.
    progress
        Where to report.

    Raises
    ------
    WorkbenchError
        The run does not hold its request, or its program cannot be built.
    """
    from workbench.backends.stan import StanBackend  # only here: importing it takes a second

    with open_run(fit, settings, jobs=jobs, progress=progress) as run, make_scratch() as folder:
        backend = StanBackend()
        request, executable = choose_executable(run)
        request = replace(request, storage=Storage(), jobs=jobs)
        program = request.program
        source = program.source if program.instrumented is None else program.instrumented.source
        fitted = FitContext(request, Path(executable.exe), backend, folder / "likelihood", progress)
        context, _ = use_original_scale(fitted)
        try:
            yield RunContext(fit, context, fitted, executable, source)
        finally:
            backend.end_idle()
