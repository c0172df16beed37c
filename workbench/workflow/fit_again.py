"""The program of a run fitted to another table: same rules, priors and settings, warm start."""

from __future__ import annotations

from dataclasses import replace

from workbench.progress import SILENT, Progress
from workbench.results import Fit, store
from workbench.tables import Table
from workbench.workflow.estimate_request import estimate_request
from workbench.workflow.fit import collect_entries
from workbench.workflow.publish import add_report, check_places, diagnose_fit, publish_run
from workbench.workflow.saved_run import open_run
from workbench.workflow.update import UpdateOptions, find_start, limit_time, list_methods
from workbench.workflow.update_rows import bind_anew, check_can_take_rows


def fit_again(fit: Fit, table: Table, options: UpdateOptions, progress: Progress = SILENT) -> Fit:
    """Return the fit of another table by the program of a run, and publish it as a run of its own.

    Chains start at the last draws of the run, with its step sizes and metrics, where its parameters have the
    same shapes; else, and where it has no chains, as a fit of its own.

    Parameters
    ----------
    fit
        The run; it stays as it is.
    table
        All rows that are to be fitted, in the columns that the run was fitted to.
    options
        Everything else; those about old rows do not apply.
    progress
        Where to report.

    Raises
    ------
    WorkbenchError
        Any of the tree in `workbench.errors`: a column is missing, a cell does not suit its variable.
    """
    check_places(options.output)
    check_can_take_rows(fit)
    with open_run(fit, options.toolchain, jobs=options.jobs, progress=progress) as run:
        run = limit_time(run, options.timeout)
        request = replace(run.request, data=bind_anew(fit, run.request, table, options.missing))
        start, is_warm = find_start(run, request)
        methods = list_methods(run, has_warmup=not is_warm, retry=options.retry)
        request = replace(request, methods=methods)
        again = estimate_request(request, run.builds, start)
        entries = collect_entries(again, request, run.builds.tools, options.command)
    with progress.stage("Checking the fit") as stage:
        again = diagnose_fit(store.with_entries(again, entries), lambda step: stage.update(0.0, step))
        if options.output is not None:
            again = publish_run(again, options.output)
    if options.output is not None and options.has_report:
        with progress.stage("Writing the report"):
            add_report(again)
    return again
