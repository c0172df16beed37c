"""What a prior says before the data: parameters and data sets drawn from it for the covariates of a table."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workbench import files
from workbench.backends.stan import StanBackend
from workbench.calibration.prior_predictive import PriorPredictive, Range, examine_prior
from workbench.calibration.simulator import build_simulator
from workbench.errors import BindingError, MethodError, RequestError
from workbench.files import make_scratch
from workbench.program import Program
from workbench.program.simulating_program import list_outcomes
from workbench.progress import SILENT, Progress
from workbench.provenance import read_workbench_version
from workbench.report.html import render
from workbench.report.prior import PriorOrigin, build_prior_report, describe_prior_predictive
from workbench.request import FitRequest
from workbench.results.record import read_versions
from workbench.tables import Table
from workbench.toolchain import Toolchain
from workbench.workflow.bind_covariates import bind_covariates
from workbench.workflow.options import FitOptions
from workbench.workflow.prior_options import apply_prior_options

MOST_DRAWS = 100_000
"""The most parameters that are drawn."""

LEAST_DRAWS = 100
"""The fewest parameters that are drawn: tails of 2.5 % are then two or three draws."""


@dataclass(frozen=True)
class PriorFindings:
    """What a prior says: of which model, for which data, and how it was found."""

    model: str
    data: str
    prior: PriorPredictive
    origin: PriorOrigin = field(default_factory=PriorOrigin)


def examine(
    program: Program,
    tools: Toolchain,
    table: Table,
    options: FitOptions,
    progress: Progress = SILENT,
    *,
    plausible: Mapping[str, tuple[float, float]] | None = None,
    draws: int = 1000,
) -> PriorFindings:
    """Draw parameters and data sets from the prior, and return what they say.

    Parameters
    ----------
    program, tools
        The program with its roles settled, and the Stan that read it.
    table
        The covariates; outcomes that it has are shown for comparison, and not used.
    options
        How the table is bound, and priors.
    progress
        Where to report.
    plausible
        By outcome: the least and the largest plausible value, in its unit.
    draws
        How many parameters are drawn, with a data set for each.

    Raises
    ------
    WorkbenchError
        The data do not suit the program, or nothing can be drawn from the prior.
    """
    if not LEAST_DRAWS <= draws <= MOST_DRAWS:
        raise MethodError(f"`draws` was expected to be from {LEAST_DRAWS} to {MOST_DRAWS:,}, found {draws}.")
    if options.standardize:
        raise MethodError("the prior is that of the program's own scale: `standardize` has no meaning here.")
    with progress.stage("Preparing the prior"):
        program, options = apply_prior_options(program, options, tools.stanc)
        covariates = bind_covariates(program, table, options)
        limits = _check_plausible(plausible or {}, program)
    backend = StanBackend()
    try:
        with make_scratch() as folder:
            simulator, reason = None, ""
            try:
                simulator = build_simulator(
                    covariates.request, tools, backend, folder, progress, absent=covariates.absent
                )
            except BindingError:
                raise
            except RequestError as error:
                reason = error.message
                simulator = build_simulator(
                    covariates.request,
                    tools,
                    backend,
                    folder,
                    progress,
                    absent=covariates.absent,
                    has_outcomes=False,
                )
            simulator = replace(simulator, notes=(*covariates.notes, *simulator.notes))
            with progress.stage("Drawing from the prior") as stage:
                found = examine_prior(simulator, draws, plausible=limits, level=options.level, stage=stage)
    finally:
        backend.end_idle()
    origin = _record_origin(covariates.request, table, tools, options)
    return PriorFindings(program.name, table.path.name, replace(found, reason=reason or found.reason), origin)


def _record_origin(request: FitRequest, table: Table, tools: Toolchain, options: FitOptions) -> PriorOrigin:
    program, priors = request.program, request.priors
    return PriorOrigin(
        command=options.command,
        model_path=str(program.path),
        model_sha256=program.sha256,
        data_path=str(table.path),
        data_sha256=table.sha256,
        hyperparameters=dict(priors.values),
        hyperparameter_origins=dict(priors.origins),
        seed=request.seed,
        stan=tools.stan_version,
        source=tools.source,
        compiler=str(tools.compiler),
        why=tools.why,
        workbench=read_workbench_version(),
        versions=read_versions(),
        platform=platform.platform(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _check_plausible(plausible: Mapping[str, tuple[float, float]], program: Program) -> dict[str, Range]:
    """Return plausible ranges by outcome.

    Raises
    ------
    MethodError
        A name is not an outcome, or a range is empty.
    """
    outcomes = list_outcomes(program)
    for name, (lower, upper) in plausible.items():
        if name not in outcomes:
            known = ", ".join(f"`{item}`" for item in outcomes) or "none"
            message = f"`plausible` was expected to name an outcome of the program, found `{name}`."
            raise MethodError(message, hint=f"its outcomes: {known}")
        if not lower < upper:
            raise MethodError(
                f"`plausible` was expected as LOWER:UPPER for `{name}`, found {lower:g}:{upper:g}."
            )
    return {name: Range(lower, upper, "plausible") for name, (lower, upper) in plausible.items()}


def write_prior_report(findings: PriorFindings, target: Path) -> None:
    """Write what a prior says as one HTML file.

    Raises
    ------
    StoreError
        The file cannot be written.
    """
    title, subtitle = name_findings(findings)
    files.replace_file(target, render(build_prior_report(findings.prior, title, subtitle, findings.origin)))


def name_findings(findings: PriorFindings) -> tuple[str, str]:
    """Return the title and the subtitle of a page."""
    return f"{findings.model}: the prior", f"for {findings.data}"


def describe_findings(findings: PriorFindings) -> dict[str, Any]:
    """Return what a prior says as values that JSON has; single draws are left out."""
    prior = findings.prior
    outcomes = [
        {
            **_to_record(outcome, "sample", "data_sets", "observed"),
            "statistics": [_to_record(statistic, "values") for statistic in outcome.statistics],
        }
        for outcome in prior.outcomes
    ]
    return {
        "model": findings.model,
        "data": findings.data,
        "conclusion": list(describe_prior_predictive(prior)),
        **_to_record(prior),
        "origin": _to_record(findings.origin),
        "outcomes": outcomes,
    }


def _to_record(value: Any, *left_out: str) -> dict[str, Any]:
    """Return the fields of a value, without some of them."""
    return {name: item for name, item in asdict(value).items() if name not in left_out}
