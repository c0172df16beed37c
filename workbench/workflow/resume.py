"""A finished run gone on with: more draws from where its chains stopped, and no second warm-up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from workbench.errors import RunIncomplete
from workbench.estimation import extract_warm_start
from workbench.estimation.append import append
from workbench.methods import Auto, Nuts
from workbench.progress import SILENT, Progress
from workbench.provenance import derive_seeds
from workbench.results import Fit, store
from workbench.toolchain import Settings
from workbench.workflow.fit import conclude
from workbench.workflow.saved_run import Reopened, reopened


def continue_run(
    folder: Path,
    draws: int,
    *,
    output: Path | None = None,
    settings: Settings | None = None,
    jobs: int = 1,
    progress: Progress = SILENT,
) -> tuple[Fit, Path]:
    """Add draws to a run, from the last draws, step size and metric of its chains, and publish it.

    Parameters
    ----------
    folder
        The run directory.
    draws
        Further draws of each chain.
    output
        Where the longer run goes; by default it takes the place of the shorter one, in one rename.
    settings, jobs, progress
        Which Stan to use, chains at a time, where to report.

    Raises
    ------
    WorkbenchError
        There is no run, it has no posterior, or it does not hold what going on needs.
    """
    fitted = store.read_whole(folder)
    with reopened(fitted, settings, jobs=jobs, progress=progress) as run:
        longer = go_on(run, fitted, draws, len(fitted.record.get("continued", ())))
    with progress.stage("Writing the report"):
        return conclude(longer, output or folder)


def go_on(run: Reopened, fitted: Fit, draws: int, number: int) -> Fit:
    """Return a fit with further draws; `number` counts how often it has been continued before."""
    sampler = sampler_of(run)
    start = extract_warm_start(fitted.tree, run.request.program)
    seed = derive_seeds(run.request.seed, number + 2)[number + 1]
    method = replace(
        sampler, draws=draws, warmup=0, chains=len(start.inits), save_warmup=False, retry=0, init="random"
    )
    more = run.work_out(replace(run.request, methods=(method,), seed=seed), start)
    longer = append(fitted, more)
    note: dict[str, Any] = {"draws": draws, "seed": seed, "created": more.record["created"]}
    return store.with_entries(longer, {"continued": [*fitted.record.get("continued", ()), note]})


def sampler_of(run: Reopened) -> Nuts:
    """Return the settings of NUTS that a run was made with.

    Raises
    ------
    RunIncomplete
        It was made without NUTS.
    """
    kept = run.fit.record["nuts"].get("settings")
    if kept is not None:
        return Nuts(**kept)
    for method in run.request.methods:
        if isinstance(method, (Nuts, Auto)):
            return method if isinstance(method, Nuts) else method.nuts
    raise RunIncomplete("the run was made without NUTS: there are no chains to go on with.")
