"""Update a run with new rows: its posterior is the prior of the new ones.

The stored draws are weighted where their importance weights can be relied on; where not, old and new rows are
fitted together, from the step sizes, metrics and last draws of the old chains. Both are the posterior given
all rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import msgspec

from workbench import files, tables
from workbench.backends.base import DEFAULT_START, Start
from workbench.backends.stored_chains import StoredChains
from workbench.errors import RequestError, RunIncomplete
from workbench.estimation.sampling.warm_start import extract_warm_start
from workbench.files import make_scratch
from workbench.methods import DEFAULT_METHODS, Auto, Method, Nuts
from workbench.prediction.horizon import check_following
from workbench.prediction.table_checks import describe_units
from workbench.priors.priors_file import format_posterior
from workbench.progress import SILENT, Progress
from workbench.provenance import derive_seeds, hash_texts
from workbench.report.figures.painter import Painter
from workbench.request import FitRequest
from workbench.results import Fit, store
from workbench.results.quantities import owner
from workbench.results.record import record_columns, record_earlier_energy
from workbench.results.view import Results
from workbench.results.view.estimates import EarlierEstimate, EarlierFit, UpdateResult
from workbench.studies.fits.refit import WARM_UP
from workbench.tables import Table
from workbench.toolchain import ToolchainSettings
from workbench.workflow.estimate_request import estimate_request
from workbench.workflow.fit import collect_entries
from workbench.workflow.prepare_request import choose_folder
from workbench.workflow.publish import (
    add_report,
    check_places,
    diagnose_fit,
    draft_report,
    publish_run,
)
from workbench.workflow.saved_run import SavedRun, choose_executable, open_run
from workbench.workflow.update_forgetting import (
    Carried,
    carry,
    check_carried_density,
    rescale_posterior,
    use_carried,
    use_data_scale,
    widen_posterior,
)
from workbench.workflow.update_rows import append_table, bind_new_rows, check_can_take_rows
from workbench.workflow.update_weights import (
    Weighing,
    draw_again,
    find_disagreement,
    find_obstacle,
    find_scale,
    read_chains,
    weigh,
)

_MOST_REMEMBERED = 50
"""The most quantities whose earlier posteriors a run remembers: parameters, in the order of the program."""

_SEED = 4
"""Which of the seeds derived from that of the run draws the stored draws again."""


@dataclass(frozen=True)
class UpdateOptions:
    """Everything about an update but its run and its rows.

    Attributes
    ----------
    missing
        Whether new rows with a missing cell are refused or dropped.
    is_weighted
        Whether the stored draws are weighted where that will do; else all rows are fitted together.
    is_forgetting
        Whether the old rows are left out, and a normal stands for their posterior.
    output
        The run directory; `None` for one in `reports/`.
    is_kept
        Whether a run directory is written at all.
    has_report
        Whether it has a report.
    jobs
        Chains at a time.
    toolchain
        Which Stan and compiler to use.
    command
        The command line to note in the record.
    widen
        By which factor the SDs of a carried posterior grow.
    retry, timeout
        How often NUTS may run again with better settings; the time limit of each process of Stan [s], `None`
        for that of the run.
    """

    missing: Literal["refuse", "drop"] = "refuse"
    is_weighted: bool = True
    is_forgetting: bool = False
    output: Path | None = None
    is_kept: bool = True
    has_report: bool = True
    jobs: int = 1
    toolchain: ToolchainSettings = field(default_factory=ToolchainSettings)
    command: str = ""
    widen: float = 1.0
    retry: int = 0
    timeout: float | None = None


def update(
    fit: Fit,
    data: Path | Table,
    options: UpdateOptions | None = None,
    progress: Progress = SILENT,
    *,
    on_result: Callable[[Fit], None] | None = None,
    painter: Painter | None = None,
) -> Fit:
    """Return the posterior of a run given its rows and new ones, and publish it as a run of its own.

    Parameters
    ----------
    fit
        The run; it stays as it is.
    data
        New rows with their outcomes, in the columns that the run was fitted to.
    options
        Everything else.
    progress
        Where to report.
    on_result, painter
        Takes the new run before its report is drawn; what paints the report's drawings.

    Raises
    ------
    WorkbenchError
        Any of the tree in `workbench.errors`: a column or an outcome is missing, a level is new, the run does
        not hold its data.
    """
    options = options or UpdateOptions()
    check_places(options.output)
    check_can_take_rows(fit)
    with progress.stage("Reading the new rows"):
        table = data if isinstance(data, Table) else tables.read(data)
    with open_run(fit, options.toolchain, jobs=options.jobs, progress=progress) as run:
        check_following(fit, run.request, table)
        bind = bind_new_rows if options.is_forgetting else append_table
        run = limit_time(run, options.timeout)
        request = replace(run.request, data=bind(fit, run.request, table, options.missing))
        units = describe_units(fit.results.data, run.request.data, table)
        request = replace(request, data=replace(request.data, tips=(*request.data.tips, *units)))
        folder = (options.output or _choose_folder(fit, request, table)) if options.is_kept else None
        check_places(folder)
        estimate = _estimate_forgetting if options.is_forgetting else _estimate
        updated, request, outcome = estimate(run, request, options, progress)
        entries = collect_entries(updated, request, run.builds.tools, options.command)
        record = _describe(fit, table, request, outcome)
        entries |= record_columns(updated.record, fit.record) | {"updated": msgspec.to_builtins(record)}
        updated = store.with_entries(updated, entries)
    with progress.stage("Checking the fit") as stage:
        updated = diagnose_fit(updated, lambda step: stage.update(0.0, step))
        draft = None
        if folder is not None:
            draft = draft_report(updated, painter) if painter is not None and options.has_report else None
            updated = publish_run(updated, folder)
            _write_priors(updated, outcome.carried)
    if on_result is not None:
        on_result(updated)
    if folder is not None and options.has_report:
        with progress.stage("Writing the report"):
            add_report(updated, draft=draft, painter=painter)
    return updated


def _choose_folder(fit: Fit, request: FitRequest, table: Table) -> Path:
    """Return a folder named after the new rows, with a hash of all rows and of the run they began with."""
    folder = choose_folder(replace(request, data=replace(request.data, table=table)))
    name = folder.name.rpartition("-")[0]
    return folder.with_name(f"{name}-{hash_texts(request.key, _hash_record(fit))[:8]}")


@dataclass(frozen=True)
class _Outcome:
    """Which way an update went: weighted where it has weights and no reason not to."""

    weighing: Weighing
    carried: Carried | None = None

    @property
    def way(self) -> Literal["weights", "refit", "normal"]:
        if self.carried is not None:
            return "normal"
        return "refit" if self.weighing.reason else "weights"


def _estimate(
    run: SavedRun, request: FitRequest, options: UpdateOptions, progress: Progress
) -> tuple[Fit, FitRequest, _Outcome]:
    """Return the fit of all rows, its request, and which way it went."""
    reason = "" if options.is_weighted else "weights were not wanted"
    reason = reason or find_obstacle(run.fit, request.program, request.data)
    if not reason and run.builds.tools.source == "cmdstan":
        reason = "stored draws are weighted by the Stan of the package index alone"
    weighing = Weighing(None, reason)
    if not reason:
        old, model = choose_executable(run)
        with make_scratch() as scratch, progress.stage("Weighting the draws"):
            chains = read_chains(run.fit, request.program, find_scale(run, old, model.exe, scratch / "scale"))
            new = replace(request, program=old.program)
            weighing = weigh(run.fit, old, new, model.exe, chains, scratch)
        if weighing.weights is not None and not weighing.reason:
            seed = derive_seeds(request.seed, _SEED + 1)[_SEED]
            backend = StoredChains(draw_again(chains, weighing.weights.values, seed))
            request = replace(request, methods=list_methods(run, has_warmup=True, retry=options.retry))
            weighted = estimate_request(request, run.builds, backend=backend)
            reason = find_disagreement(weighted)
            if not reason:
                energies = record_earlier_energy(weighted.record, run.fit.results.nuts.ebfmi)
                return store.with_entries(weighted, energies), request, _Outcome(weighing)
            weighing = replace(weighing, reason=reason)
    start, is_warm = find_start(run, request)
    request = replace(request, methods=list_methods(run, has_warmup=not is_warm, retry=options.retry))
    return estimate_request(request, run.builds, start), request, _Outcome(weighing)


def _estimate_forgetting(
    run: SavedRun, request: FitRequest, options: UpdateOptions, progress: Progress
) -> tuple[Fit, FitRequest, _Outcome]:
    """Return the fit of the new rows alone, with a normal in place of the priors.

    Raises
    ------
    RequestError
        The posterior cannot be carried without the old rows.
    """
    problem = _find_problem_of_forgetting(run, request)
    if problem:
        message = f"--forget cannot carry the posterior: {problem.rstrip('.')}."
        raise RequestError(message, hint="leave --forget out")
    old, model = choose_executable(run)
    start, is_warm = find_start(run, request)
    with make_scratch() as scratch:
        with progress.stage("Carrying the posterior"):
            rescaling = find_scale(run, old, model.exe, scratch / "scale")
            carried = carry(run, old, model.exe, read_chains(run.fit, request.program, rescaling), scratch)
            data = request.data
            if rescaling is not None:
                carried = replace(carried, posterior=rescale_posterior(carried.posterior, rescaling))
                data = use_data_scale(data)
                start, is_warm = DEFAULT_START, False  # its metric is that of the other scale
            carried = replace(carried, posterior=widen_posterior(carried.posterior, options.widen))
            forgetting = use_carried(run, carried.posterior, data)
        chains = read_chains(run.fit, request.program)
        new, model = choose_executable(forgetting)
        check_carried_density(new, model.exe, carried.posterior, chains, scratch)
    request = replace(
        forgetting.request, methods=list_methods(run, has_warmup=not is_warm, retry=options.retry)
    )
    fitted = estimate_request(request, forgetting.builds, start)
    return fitted, request, _Outcome(Weighing(None), carried)


def _find_problem_of_forgetting(run: SavedRun, request: FitRequest) -> str:
    """Return why the posterior of a run cannot be carried without its rows; empty where it may."""
    standardized = run.fit.results.data.standardized
    if standardized.matrices and not standardized.is_on_data_scale:
        unknown = "the map from standardized predictors to the scale of the data is not known"
        return f"{unknown}: {standardized.reason}"
    if run.builds.tools.source == "cmdstan":
        return "it needs the Stan of the package index"
    return find_obstacle(run.fit, request.program, request.data)


def _write_priors(fit: Fit, carried: Carried | None) -> None:
    """Write a carried posterior beside its run, for fits of further rows: `workbench fit --priors FILE`."""
    if carried is not None and fit.folder is not None:
        shown = f"{carried.khat:.2f}"
        comments = (
            f"The posterior of `{fit.results.model.name}` before the rows of this run (k-hat {shown}).",
        )
        files.replace_file(fit.folder / store.PRIORS, format_posterior(carried.posterior, comments))


def limit_time(run: SavedRun, timeout: float | None) -> SavedRun:
    """Return a run whose processes of Stan have another time limit [s]; `None` for its own."""
    return run if timeout is None else replace(run, request=replace(run.request, timeout=timeout))


def list_methods(run: SavedRun, *, has_warmup: bool, retry: int = 0) -> tuple[Method, ...]:
    """Return the methods of the run, NUTS once and as it was.

    Parameters
    ----------
    run
        The run.
    has_warmup
        Whether NUTS has the run's warm-up; otherwise the short one of a chain that starts warm.
    retry
        How often it may run again with better settings.
    """
    methods: list[Method] = []
    for method in run.request.methods:
        if isinstance(method, Auto) and run.fit.results.nuts.is_ok:
            methods += [other for other in DEFAULT_METHODS if not isinstance(other, Nuts)] + [method.nuts]
        else:
            methods.append(method)
    return tuple(
        _adapt(method, has_warmup, retry) if isinstance(method, Nuts) else method for method in methods
    )


def _adapt(nuts: Nuts, has_warmup: bool, retry: int) -> Nuts:
    warmup = nuts.warmup if has_warmup else min(nuts.warmup, WARM_UP)
    return replace(nuts, warmup=warmup, save_warmup=False, retry=retry, init="random")


def find_start(run: SavedRun, request: FitRequest) -> tuple[Start, bool]:
    """Return where the chains of a fit of all rows start, and whether that is the end of the run's chains."""
    is_same = not find_obstacle(run.fit, request.program, request.data)
    sampler = next((method for method in run.request.methods if isinstance(method, Nuts)), None)
    if not is_same or sampler is None or sampler.sampler != "stan":
        return DEFAULT_START, False
    try:
        start = extract_warm_start(run.fit.tree, request.program)
    except RunIncomplete:
        return DEFAULT_START, False
    return (start, True) if len(start.inits) == sampler.chains else (DEFAULT_START, False)


def _describe(fit: Fit, table: Table, request: FitRequest, outcome: _Outcome) -> UpdateResult:
    """Return what the record says of the update."""
    results, weights, carried = fit.results, outcome.weighing.weights, outcome.carried
    total, before = request.data.rows, results.data.rows
    is_together = total is not None and before is not None and carried is None
    khat = carried.khat if carried is not None else None if weights is None else weights.khat
    nuts = results.nuts
    return UpdateResult(
        parent="" if fit.folder is None else str(fit.folder),
        parent_sha256=_hash_record(fit),
        way=outcome.way,
        reason=outcome.weighing.reason,
        old_rows=before,
        new_rows=(total or 0) - (before or 0) if is_together else total if carried is not None else None,
        data=str(table.path),
        khat=khat if khat is not None and khat < float("inf") else None,
        probability_error=None if carried is None else carried.probability_error,
        khat_limit=None if khat is None else _limit((nuts.chains or 1) * (nuts.draws or 1)),
        effective_draws=None if weights is None else weights.ess,
        earlier=(*_list_earlier(results), _remember(results)),
    )


def _limit(draws: int) -> float:
    from workbench.thresholds import khat_limit

    return khat_limit(draws)


def _list_earlier(results: Results) -> tuple[EarlierFit, ...]:
    return () if results.updated is None else results.updated.earlier


def _remember(results: Results) -> EarlierFit:
    """Return what later runs remember of one: the posteriors of its parameters."""
    declared = {item.name for item in results.model.parameters if item.block == "parameters"}
    names = [name for name in results.estimates("nuts") if owner(name) in declared][:_MOST_REMEMBERED]
    found = {name: results.posterior(name) for name in names}
    return EarlierFit(
        rows=results.data.rows,
        data=results.data.path,
        created=results.created,
        estimates={
            name: EarlierEstimate(estimate.mean, estimate.lower, estimate.upper)
            for name, estimate in found.items()
        },
    )


def _hash_record(fit: Fit) -> str:
    """Return a hash of what `run.json` says."""
    return hashlib.sha256(store.dump(fit.record).encode()).hexdigest()
