"""Standard errors of the point estimate of a run: inverse Hessian, sandwich by row or cluster, bootstrap."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from workbench.backends.base import Integers
from workbench.errors import MethodError, RequestError, WorkbenchError
from workbench.execution import Executor, LocalExecutor
from workbench.files import make_scratch
from workbench.likelihood.bootstrap import (
    Bootstrap,
    BootstrapPlan,
    check_plan,
    make_resampler,
    run_bootstrap,
    use_data_scale,
)
from workbench.likelihood.clusters import find_stored_clusters, read_clusters
from workbench.likelihood.mode import Estimate, Mode, find_mode
from workbench.likelihood.obstacles import EFFECTS, explain_other_target
from workbench.likelihood.prior_share import check_prior_share
from workbench.likelihood.row_scores import Slopes, differentiate, select
from workbench.likelihood.sandwich import compute_sandwich
from workbench.likelihood.standard_errors import (
    StandardErrors,
    check_level,
    choose_quantities,
    collect_standard_errors,
)
from workbench.likelihood.stationary import find_stationary_direction, refuse_estimate, warn_of_exact_fit
from workbench.progress import SILENT, Progress
from workbench.results import Fit, run_directory
from workbench.toolchain import ToolchainSettings
from workbench.workflow.run_context import RunContext, open_likelihood
from workbench.workflow.study_base import read_unchanged_table

FOLDER = "bootstrap"
"""The folder in that of a run where estimates of resamples are kept."""


@dataclass(frozen=True)
class ErrorOptions:
    """Which standard errors are wanted.

    Attributes
    ----------
    method
        Of which estimate; `None` for the MLE.
    is_robust
        Whether a sandwich is wanted.
    cluster
        The column whose values are clusters, for sandwich and bootstrap; empty for rows.
    bootstrap
        How many resamples; 0 for none.
    is_parametric
        Whether they are outcomes drawn from the model.
    level
        Probability of the intervals; `None` for that of the run.
    folder
        Where estimates of resamples are kept; `None` keeps none.
    """

    method: Estimate | None = None
    is_robust: bool = False
    cluster: str = ""
    bootstrap: int = 0
    is_parametric: bool = False
    level: float | None = None
    folder: Path | None = None


def choose_folder(run: Path | None) -> Path | None:
    """Return where estimates of resamples are kept: in the run, but not where it is one in a registry."""
    return None if run is None or run_directory.is_registered(run) else run / FOLDER


def find_standard_errors(
    fit: Fit,
    options: ErrorOptions,
    settings: ToolchainSettings | None = None,
    *,
    jobs: int = 1,
    executor: Executor | None = None,
    progress: Progress = SILENT,
) -> StandardErrors:
    """Return the standard errors of the point estimate of a run.

    Parameters
    ----------
    fit
        The run.
    options
        Which are wanted.
    settings
        Which Stan and compiler to use.
    jobs
        Processes at a time.
    executor
        Where resamples are fitted; by default this machine.
    progress
        Where to report.

    Raises
    ------
    WorkbenchError
        The run has no such estimate, it is no regular maximum, or rows or clusters cannot be told apart: the
        message says why.
    """
    level = fit.results.interval.level if options.level is None else options.level
    check_level(level)
    method = options.method or "mle"
    note = _check_target(fit, options, method)
    with open_likelihood(fit, settings, jobs=jobs, progress=progress) as run:
        clusters = _find_clusters(fit, run, options.cluster) if options.cluster else None
        with progress.stage("Differentiating the log likelihood"):
            # Of maximum likelihood, everything is on the data's own scale: only priors mind another one.
            context = use_data_scale(fit, run.fitted) if method == "mle" else run.context
            mode = find_mode(fit, context, method)
            kinds = _list_row_kinds(options)
            slopes = _differentiate(fit, mode, needs_rows=bool(kinds))
            cautions = _check_scores(mode, slopes, kinds)
            names, left_out = choose_quantities(fit, mode, slopes)
            slopes = select(slopes, names)
        sandwich = None
        if options.is_robust or options.cluster:
            if clusters is not None and len(slopes.scores) != len(clusters):
                raise MethodError(
                    "its log likelihood is not a sum over rows of the table, so it is not known which "
                    "cluster an "
                    "observation belongs to."
                )
            what = "rows" if slopes.by_row else "observations"
            sandwich = compute_sandwich(slopes.scores, clusters, options.cluster, what)
        bootstrap = None
        if options.bootstrap:
            plan = BootstrapPlan(options.bootstrap, options.is_parametric, clusters, options.cluster)
            bootstrap = _resample(
                run, mode, slopes, plan, level, options.folder, executor or LocalExecutor(jobs), progress
            )
        return collect_standard_errors(
            fit, mode, slopes, level, sandwich, bootstrap, tuple(filter(None, (note, left_out))), cautions
        )


def _list_row_kinds(options: ErrorOptions) -> tuple[str, ...]:
    """Return the standard errors from rows that are wanted, in words."""
    sandwich = "clustered" if options.cluster else "robust" if options.is_robust else ""
    return tuple(filter(None, (sandwich, "bootstrap" if options.bootstrap else "")))


def _differentiate(fit: Fit, mode: Mode, *, needs_rows: bool) -> Slopes:
    """Return derivatives, of rows too where they are known: they show which estimates are irregular."""
    if needs_rows:
        return differentiate(mode)
    if mode.method == "mle" and not explain_other_target(fit):
        try:
            return differentiate(mode)
        except MethodError:
            pass  # the inverse Hessian does without rows
    return differentiate(mode, with_rows=False)


def _check_scores(mode: Mode, slopes: Slopes, kinds: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse estimates that scores of rows show to have no standard errors, and return what to mind.

    Raises
    ------
    WorkbenchError
        A parameter has no scores, or priors hold the estimate: the message says why.
    """
    cautions = []
    stationary = find_stationary_direction(mode, slopes) if len(slopes.scores) else None
    if stationary is not None and stationary.has_minima:
        refuse_estimate(stationary)
    if stationary is not None and kinds:
        cautions.append(warn_of_exact_fit(stationary))
    if kinds and mode.method == "map":
        cautions.append(check_prior_share(mode, kinds))
    return tuple(filter(None, cautions))


def _check_target(fit: Fit, options: ErrorOptions, method: Estimate) -> str:
    """Refuse what the estimate does not allow, and return what it is where it is not the usual one.

    Raises
    ------
    RequestError
        The message says why.
    """
    if options.is_robust and options.cluster:
        raise RequestError(
            "--robust takes each row for itself, and --cluster adds up the scores of a cluster: they are two "
            "standard errors.",
            hint="give one of them, and run the command again with the other",
        )
    if options.is_parametric and not options.bootstrap:
        raise RequestError("--parametric was given without --bootstrap.", hint="--bootstrap 200 --parametric")
    if options.bootstrap:
        check_plan(
            BootstrapPlan(options.bootstrap, options.is_parametric, column=options.cluster), fit, method
        )
    if not (options.is_robust or options.cluster or options.bootstrap):
        return explain_note(fit, method)
    reason = explain_other_target(fit)
    if reason and (method == "mle" or reason == EFFECTS):
        raise RequestError(
            f"standard errors from rows or clusters need an estimate that the rows alone decide: {reason}."
        )
    return explain_note(fit, method)


def explain_note(fit: Fit, method: Estimate) -> str:
    """Return what the estimate is where it is not that of maximum likelihood; empty where it is."""
    if method == "map":
        return (
            "the estimate is the posterior mode: its priors are part of the log density, and count as known."
        )
    reason = explain_other_target(fit)
    return f"the estimate is not one of maximum likelihood: {reason}." if reason else ""


def _find_clusters(fit: Fit, run: RunContext, column: str) -> Integers:
    """Return the cluster of each row: as the run has it, or else by its table.

    Raises
    ------
    RequestError
        There is no such column, or the table has changed or gone.
    """
    request = run.context.request
    stored = find_stored_clusters(fit, request, column)
    if stored is not None:
        return stored
    try:
        table = read_unchanged_table(fit.results)
    except WorkbenchError as reason:
        raise RequestError(
            f"the run does not hold column `{column}`, and its table cannot be read: {reason.message}"
        ) from reason
    return read_clusters(fit, request, table, column)


def _resample(
    run: RunContext,
    mode: Mode,
    slopes: Slopes,
    plan: BootstrapPlan,
    level: float,
    folder: Path | None,
    executor: Executor,
    progress: Progress,
) -> Bootstrap:
    """Return the bootstrap; its pieces are kept in a folder where there is one."""
    resampler = make_resampler(run.fit, mode, slopes, plan, slopes.names, run.executable, run.source)
    if folder is not None:
        return run_bootstrap(resampler, plan, slopes, level, executor, folder, progress)
    with make_scratch() as scratch:
        return run_bootstrap(resampler, plan, slopes, level, executor, scratch, progress)
