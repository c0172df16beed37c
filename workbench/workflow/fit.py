"""The main job: a program and a table in, a run directory out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from workbench import tables
from workbench.late_imports import import_while_waiting
from workbench.program import Program
from workbench.progress import SILENT, Progress
from workbench.report.figures.painter import Painter
from workbench.request import FitRequest
from workbench.results import Fit, store
from workbench.results.exact_posterior import describe_exact_posterior
from workbench.tables import Table
from workbench.toolchain import Toolchain, provision
from workbench.workflow.builds import Builds
from workbench.workflow.estimate_request import estimate_request
from workbench.workflow.inputs import check_program_exists
from workbench.workflow.memory_check import check_request_memory, check_table_memory
from workbench.workflow.options import FitOptions
from workbench.workflow.prepare_request import choose_folder, list_storage_tips, prepare_request
from workbench.workflow.prior_options import apply_prior_options
from workbench.workflow.program_tips import list_program_tips
from workbench.workflow.publish import (
    add_figures,
    add_report,
    check_places,
    diagnose_fit,
    draft_report,
    publish_run,
)
from workbench.workflow.read_program import read_program
from workbench.workflow.shared_rows import list_thread_tips, share_request_rows


def fit_files(
    model: Path,
    data: Path | Table,
    options: FitOptions | None = None,
    progress: Progress = SILENT,
    *,
    on_tips: Callable[[tuple[str, ...]], None] | None = None,
    on_result: Callable[[Fit], None] | None = None,
    painter: Painter | None = None,
) -> Fit:
    """Fit a Stan program to a table and publish the run directory, then its report.

    Parameters
    ----------
    model, data
        A `.stan` file, and a table or the file that holds it.
    options
        Everything else; the defaults suit most programs.
    progress
        Where to report.
    on_tips
        Receives the tips about the data, before anything is compiled.
    on_result
        Receives the fit once it is diagnosed and published, before its report is drawn.
    painter
        What paints the report, in another process.

    Returns
    -------
    The fit with its diagnosis; it knows its run directory.

    Raises
    ------
    WorkbenchError
        Any of the tree in `workbench.errors`; an earlier run in the same place is kept.
    """
    options = options or FitOptions()
    check_places(options.output, options.figures)
    check_program_exists(model)
    with progress.stage("Reading program and table"):
        if not isinstance(data, Table):
            check_table_memory(data)
        table = data if isinstance(data, Table) else tables.read(data)
    tools = provision(options.toolchain, progress).limit(options.timeout)
    with progress.stage("Reading program and table"):
        program = read_program(model, options.roles, tools, is_optimised=options.is_optimised)
    return fit_program(
        program, tools, table, options, progress, on_tips=on_tips, on_result=on_result, painter=painter
    )


def fit_program(
    program: Program,
    tools: Toolchain,
    table: Table,
    options: FitOptions,
    progress: Progress = SILENT,
    *,
    on_tips: Callable[[tuple[str, ...]], None] | None = None,
    on_result: Callable[[Fit], None] | None = None,
    painter: Painter | None = None,
) -> Fit:
    """Fit a program that has been read to a table, and publish the run directory where `options` keep one.

    Parameters
    ----------
    program, tools
        The program with its roles settled, and the Stan that read it.
    table
        The data.
    options
        Everything else.
    progress, on_tips, on_result, painter
        As in `fit_files`.

    Raises
    ------
    WorkbenchError
        Any of the tree in `workbench.errors`; an earlier run in the same place is kept.
    """
    check_places(options.output, options.figures)
    with progress.stage("Preparing the fit"):
        program, options = apply_prior_options(program, options, tools.stanc)
        request = share_request_rows(prepare_request(program, table, options), tools)
        check_request_memory(request)
    folder = (options.output or choose_folder(request)) if options.is_kept else None
    check_places(folder)
    if on_tips is not None:
        of_program = (*list_program_tips(request), *list_thread_tips(request))
        on_tips((*request.data.tips, *of_program, *list_storage_tips(request, options)))
    import_while_waiting()
    fit = estimate_request(request, Builds(request, tools, progress))
    with progress.stage("Checking the fit") as stage:
        fit = store.with_entries(fit, collect_entries(fit, request, tools, options.command))
        fit = diagnose_fit(fit, lambda step: stage.update(0.0, step))
        draft = None
        stage.update(0.0, "writing the run")
        if folder is not None:
            draft = draft_report(fit, painter) if painter is not None and options.has_report else None
            fit = publish_run(fit, folder)
    if on_result is not None:
        on_result(fit)
    figures = options.figures
    if figures is not None and fit.folder != folder:  # it failed, and stands beside an earlier run
        figures = store.name_failed(figures)
    if folder is not None and options.has_report:
        with progress.stage("Writing the report"):
            add_report(fit, figures, draft=draft, painter=painter)
    elif figures is not None:
        with progress.stage("Writing the figures"):
            add_figures(fit, figures)
    return fit


def collect_entries(fit: Fit, request: FitRequest, tools: Toolchain, command: str) -> dict[str, Any]:
    """Return what `run.json` says about the way here, and the exact posterior where it is known."""
    exact = describe_exact_posterior(request)
    toolchain = msgspec.structs.replace(fit.results.toolchain, source=tools.source, why=tools.why)
    return {
        "toolchain": msgspec.to_builtins(toolchain),
        "command": command,
        **({} if exact is None else {"exact": exact}),
    }
