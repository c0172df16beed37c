"""The log evidence of stored runs, each made ready to run again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from workbench.backends.base import Floats
from workbench.errors import WorkbenchError
from workbench.estimation.context import FitContext
from workbench.estimation.sampling.prior_mass import PriorMass, compute_prior_mass
from workbench.estimation.standardize.original_scale import use_original_scale
from workbench.evidence.log_evidence import (
    LogEvidence,
    estimate_evidence,
    evaluate_without_parameters,
    read_exact,
    read_laplace,
)
from workbench.files import make_scratch
from workbench.progress import SILENT, Progress
from workbench.request import FitRequest
from workbench.results import Fit
from workbench.studies.fits.point_request import include_data_hyperparameters, set_constants
from workbench.studies.fits.posterior import collect_draws
from workbench.toolchain import ToolchainSettings
from workbench.workflow.saved_run import SavedRun, choose_executable, open_run


def find_evidence(
    fit: Fit, settings: ToolchainSettings | None = None, *, jobs: int = 1, progress: Progress = SILENT
) -> LogEvidence:
    """Return the log evidence of a run: in closed form where it is known, else by bridge sampling.

    A run whose evidence cannot be had gets a reason, and no error is raised.

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
    """
    exact = read_exact(fit)
    if exact is not None:
        return exact
    has_parameters = bool(fit.results.model.parameters)
    if has_parameters and not fit.results.nuts.is_ok:
        return read_laplace(fit)
    try:
        with open_run(fit, settings, jobs=jobs, progress=progress) as run:
            return replace(_estimate(run, progress), unmodelled=_collect_unmodelled(run.request))
    except WorkbenchError as reason:
        return LogEvidence(reason=str(reason))


def _collect_unmodelled(request: FitRequest) -> dict[str, Floats]:
    """Return the data whose density has no parameter, by variable."""
    values = request.data.values
    names = {name for term in request.program.terms if term.is_constant for name in term.outcomes}
    return {name: np.asarray(values[name], dtype=float) for name in sorted(names & values.keys())}


@dataclass(frozen=True)
class OpenDraws:
    """The draws of a run, and its program ready to evaluate densities at them.

    Attributes
    ----------
    context
        The program that drew, on the scale of the data.
    columns, draws
        Stan's names of all parameters, in order, and their draws, `(chain, draw, column)`.
    """

    context: FitContext
    columns: tuple[str, ...]
    draws: Floats


def find_prior_mass(run: SavedRun, constants: Mapping[str, float] | None = None) -> PriorMass:
    """Return the integral of the prior of a run, with other values of some hyperparameters where given."""
    from workbench.backends.stan import StanBackend  # only here: importing it takes a second

    request = (
        set_constants(include_data_hyperparameters(run.request), constants) if constants else run.request
    )
    with make_scratch() as folder:
        return compute_prior_mass(FitContext(request, Path(), StanBackend(), folder, SILENT))


@contextmanager
def open_draws(run: SavedRun, progress: Progress) -> Iterator[OpenDraws]:
    """Build the program of a run, or find it in the cache, and give it with the draws."""
    from workbench.backends.stan import StanBackend  # only here: importing it takes a second

    backend = StanBackend()
    with make_scratch() as folder:
        request, executable = choose_executable(run)
        context = FitContext(request, executable.exe, backend, folder / "evidence", progress)
        if not request.program.parameters:
            yield OpenDraws(context, (), np.empty((1, 1, 0)))
            return
        context, _ = use_original_scale(context)
        columns, draws = collect_draws(run.fit.tree, request.program)
        sizes = run.fit.tree["posterior"].sizes
        yield OpenDraws(context, columns, draws.reshape(sizes["chain"], sizes["draw"], -1))


def _estimate(run: SavedRun, progress: Progress) -> LogEvidence:
    prior = find_prior_mass(run)
    if prior.reason:  # known before anything is built
        return LogEvidence(reason=prior.reason)
    with open_draws(run, progress) as opened, progress.stage("Bridge sampling"):
        if not opened.columns:
            return evaluate_without_parameters(opened.context)
        return estimate_evidence(opened.context, run.fit, opened.columns, opened.draws, prior)
