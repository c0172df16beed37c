"""The main job: a program and a table in, a run directory out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from workbench import tables
from workbench.program import Program
from workbench.progress import SILENT, Progress
from workbench.report.figure_files import write_figures
from workbench.request import FitRequest
from workbench.results import Fit, store
from workbench.results.exact_posterior import describe_exact_posterior
from workbench.tables import Table
from workbench.toolchain import Toolchain, provision
from workbench.workflow.builds import Builds
from workbench.workflow.estimate_request import estimate_request
from workbench.workflow.options import FitOptions
from workbench.workflow.prepare_request import choose_folder, prepare_request
from workbench.workflow.prior_options import apply_prior_options
from workbench.workflow.publish import check_places, publish_run, report_fit
from workbench.workflow.read_program import check_program_exists, read_program


def fit_files(
    model: Path, data: Path | Table, options: FitOptions | None = None, progress: Progress = SILENT
) -> Fit:
    """Fit a Stan program to a table and publish the run directory.

    Parameters
    ----------
    model, data
        A `.stan` file, and a table or the file that holds it.
    options
        Everything else; the defaults suit most programs.
    progress
        Where to report.

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
    table = data if isinstance(data, Table) else tables.read(data)
    tools = provision(options.toolchain, progress).limit(options.timeout)
    program = read_program(model, options.roles, tools, is_optimised=options.is_optimised)
    return fit_program(program, tools, table, options, progress, painter=painter)


def fit_program(
    program: Program, tools: Toolchain, table: Table, options: FitOptions, progress: Progress = SILENT
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
    progress
        Where to report.

    Raises
    ------
    WorkbenchError
        Any of the tree in `workbench.errors`; an earlier run in the same place is kept.
    """
    check_places(options.output, options.figures)
    program, options = apply_prior_options(program, options, tools.stanc)
    request = prepare_request(program, table, options)
    folder = (options.output or choose_folder(request)) if options.is_kept else None
    check_places(folder)
    fit = estimate_request(request, Builds(request, tools, progress))
    with progress.stage("Writing the report" if options.is_kept else "Checking the fit"):
        fit = store.with_entries(fit, _collect_entries(fit, request, tools, options))
        if folder is not None:
            return publish_run(fit, folder, options.figures)
        diagnosed, document = report_fit(fit)
        if options.figures is not None:
            write_figures(document, options.figures)
        return diagnosed


def _collect_entries(fit: Fit, request: FitRequest, tools: Toolchain, options: FitOptions) -> dict[str, Any]:
    """Return what `run.json` says about the way here, and the exact posterior where it is known."""
    exact = describe_exact_posterior(request)
    toolchain = msgspec.structs.replace(fit.results.toolchain, source=tools.source, why=tools.why)
    return {
        "toolchain": msgspec.to_builtins(toolchain),
        "command": options.command,
        **({} if exact is None else {"exact": exact}),
    }
