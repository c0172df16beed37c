"""The log evidence of stored runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from workbench.backends.base import Floats
from workbench.errors import WorkbenchError
from workbench.estimation.context import FitContext
from workbench.estimation.sampling.prior_mass import PriorMass, compute_prior_mass
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
from workbench.studies.fits.posterior import collect_chains
from workbench.toolchain import ToolchainSettings
from workbench.workflow.run_context import open_context
from workbench.workflow.saved_run import SavedRun, open_run


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


def find_prior_mass(run: SavedRun, constants: Mapping[str, float] | None = None) -> PriorMass:
    """Return the integral of the prior of a run, with other values of some hyperparameters where given."""
    from workbench.backends.stan import StanBackend  # only here: importing it takes a second

    request = (
        set_constants(include_data_hyperparameters(run.request), constants) if constants else run.request
    )
    with make_scratch() as folder:
        return compute_prior_mass(FitContext(request, Path(), StanBackend(), folder, SILENT))


def _estimate(run: SavedRun, progress: Progress) -> LogEvidence:
    prior = find_prior_mass(run)
    if prior.reason:  # known before anything is built
        return LogEvidence(reason=prior.reason)
    with open_context(run, progress) as opened, progress.stage("Bridge sampling"):
        program = opened.context.request.program
        if not program.parameters:
            return evaluate_without_parameters(opened.context)
        return estimate_evidence(opened.context, run.fit, *collect_chains(run.fit.tree, program), prior)
