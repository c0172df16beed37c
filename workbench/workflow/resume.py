"""Continue a finished run: more draws from where its chains stopped, without another warm-up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec

from workbench.errors import RunIncomplete
from workbench.estimation.append import append
from workbench.estimation.sampling.warm_start import extract_warm_start
from workbench.methods import Auto, Nuts
from workbench.progress import SILENT, Progress
from workbench.provenance import derive_seeds
from workbench.report.figures.painter import Painter
from workbench.request import Storage
from workbench.results import Fit, run_directory, store
from workbench.results.quantities import find_kept_draws
from workbench.results.rounding import POINTWISE
from workbench.results.sampling_command import explain_no_chains, suggest_sampling
from workbench.results.saved_request import restore_method
from workbench.results.view.estimates import Continuation
from workbench.toolchain import ToolchainSettings
from workbench.workflow.estimate_request import estimate_request
from workbench.workflow.publish import (
    add_report,
    check_places,
    diagnose_fit,
    draft_report,
    publish_run,
)
from workbench.workflow.saved_run import SavedRun, open_run


def continue_run(
    folder: Path,
    draws: int,
    *,
    output: Path | None = None,
    settings: ToolchainSettings | None = None,
    jobs: int = 1,
    progress: Progress = SILENT,
    on_result: Callable[[Fit], None] | None = None,
    painter: Painter | None = None,
) -> Fit:
    """Add draws to a run, from the last draws, step size and metric of its chains, and publish it.

    Parameters
    ----------
    folder
        The run directory.
    draws
        Further draws of each chain.
    output
        Where the longer run goes; by default it replaces the shorter one, in one rename.
    settings, jobs, progress
        Which Stan to use, chains at a time, where to report.
    on_result, painter
        Takes the longer run before its report is drawn; what paints the report's drawings.

    Raises
    ------
    WorkbenchError
        There is no run, it has no posterior, or it does not hold what a continuation needs; or it cannot be
        written. Then the run is as it was.
    """
    fit = run_directory.read_whole(folder)
    if output is None:
        run_directory.refuse_registered(folder)
    check_places(output or folder)
    _check_chains(fit)
    _refuse_nutpie(fit)
    with open_run(fit, settings, jobs=jobs, progress=progress) as run:
        longer = add_draws(run, fit, draws, len(fit.results.continued))
    with progress.stage("Checking the fit") as stage:
        longer = diagnose_fit(longer, lambda step: stage.update(0.0, step))
        draft = None if painter is None else draft_report(longer, painter)
        published = publish_run(longer, output or folder)
    if on_result is not None:
        on_result(published)
    with progress.stage("Writing the report"):
        add_report(published, draft=draft, painter=painter)
    return published


def _check_chains(fit: Fit) -> None:
    """Refuse a run without chains.

    Raises
    ------
    RunIncomplete
        NUTS was not run, or has no draws.
    """
    if not fit.results.nuts.is_ok:
        message = f"the run has no chains to continue: {explain_no_chains(fit.results)}"
        is_skipped = fit.results.nuts.status == "skipped"
        hint = f"{suggest_sampling(fit.results)} starts chains" if is_skipped else None
        raise RunIncomplete(message, hint=hint)


def add_draws(run: SavedRun, fit: Fit, draws: int, number: int) -> Fit:
    """Return a fit with further draws of each chain.

    Parameters
    ----------
    run
        The run that the fit belongs to.
    fit
        The draws so far.
    draws
        Further draws of each chain.
    number
        How often the fit has been continued before.
    """
    start = extract_warm_start(fit.tree, run.request.program)
    seed = derive_seeds(run.request.seed, number + 2)[number + 1]
    method = replace(
        find_sampler(run),
        draws=draws,
        warmup=0,
        chains=len(start.inits),
        save_warmup=False,
        retry=0,
        init="random",
    )
    request = replace(
        run.request, methods=(method,), seed=seed, storage=_store_alike(run.request.storage, fit, draws)
    )
    more = estimate_request(request, run.builds, start)
    continuations = [*fit.results.continued, Continuation(draws, seed, more.results.created)]
    return store.with_entries(append(fit, more), {"continued": msgspec.to_builtins(continuations)})


def _store_alike(storage: Storage, fit: Fit, draws: int) -> Storage:
    """Return what is stored of further draws: of pointwise values as large a share as before."""
    for name in POINTWISE:
        kept = find_kept_draws(fit.tree, name)
        if not isinstance(kept, slice):
            before = fit.tree["posterior"].sizes["draw"]
            return replace(storage, pointwise_draws=max(1, round(draws * len(kept) / before)))
    return storage


def _refuse_nutpie(fit: Fit) -> None:
    """Refuse a run whose sampler takes neither a step size nor a metric to start from.

    Raises
    ------
    RunIncomplete
        The chains are nutpie's.
    """
    if (fit.results.nuts.settings or {}).get("sampler") == "nutpie":
        message = "the chains are of nutpie, which cannot go on from a stored step size and metric."
        raise RunIncomplete(message, hint="fit it again with more draws: `workbench fit ... --draws N`")


def find_sampler(run: SavedRun) -> Nuts:
    """Return the settings of NUTS that a run was made with.

    Raises
    ------
    RunIncomplete
        It was made without NUTS.
    """
    settings = run.fit.results.nuts.settings
    if settings is not None:
        return restore_method(Nuts.__name__, settings)  # type: ignore[return-value]
    for method in run.request.methods:
        if isinstance(method, (Nuts, Auto)):
            return method if isinstance(method, Nuts) else method.nuts
    raise RunIncomplete("the run was made without NUTS: there are no chains to continue.")
