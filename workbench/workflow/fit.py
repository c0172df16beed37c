"""The main job from two files to a run directory: each room asked in turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from workbench import tables, toolchain
from workbench.binding import BoundData, bind_initial_values
from workbench.diagnostics import diagnose
from workbench.errors import MethodError
from workbench.estimation import estimate
from workbench.estimation.optimum.profile import check_profile_names
from workbench.methods import Mle, Nuts
from workbench.program import Program
from workbench.progress import SILENT, Progress
from workbench.report import Document, fit_report, render, write_pictures
from workbench.request import FitRequest
from workbench.results import Fit, store
from workbench.tables import Table
from workbench.toolchain import Toolchain
from workbench.workflow import library_entries
from workbench.workflow.builds import Builds
from workbench.workflow.dry_run import dry_run, first_problem
from workbench.workflow.options import FitOptions
from workbench.workflow.read_program import check_exists, read_program


def fit(
    model: Path, data: Path | Table, options: FitOptions | None = None, progress: Progress = SILENT
) -> tuple[Fit, Path]:
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
    The fit with its diagnosis, and the run directory.

    Raises
    ------
    WorkbenchError
        Any of the tree in `workbench.errors`; an earlier run in the same place is kept.
    """
    options = options or FitOptions()
    check_exists(model)
    table = data if isinstance(data, Table) else tables.read(data)
    tools = toolchain.provision(options.toolchain, progress)
    program = read_program(model, options.roles, tools)
    fitted = fit_program(program, tools, table, options, progress)
    return fitted, fitted.folder or Path()


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
    request = prepare(program, table, options)
    builds = Builds(request, tools, progress)
    executable, original = builds.both()
    from workbench.backends.cmdstan import CmdStanBackend  # only now: importing it takes a second

    fitted = estimate(
        request,
        executable,
        CmdStanBackend(),
        progress,
        original=original,
        unoptimized=builds.unoptimized,
    )
    with progress.stage("Writing the report" if options.is_kept else "Checking the fit"):
        facts = {**fitted.record["toolchain"], "source": tools.source, "why": tools.why}
        fitted = store.with_entries(fitted, {"toolchain": facts, "command": options.command})
        fitted = store.with_entries(fitted, library_entries.entries(fitted, request))
        if not options.is_kept:
            return examine(fitted, options.figures)[0]
        return conclude(fitted, options.output or default_folder(request), options.figures)[0]


def conclude(fitted: Fit, folder: Path, figures: Path | None = None) -> tuple[Fit, Path]:
    """Diagnose a fit, write its report, and publish the run directory; the pictures as files where wanted.

    Raises
    ------
    StoreError
        The folder is taken by something that is not a run, or cannot be written.
    """
    diagnosed, document = examine(fitted, figures)
    written = store.write(diagnosed, render(document), folder)
    return replace(diagnosed, folder=written), written


def examine(fitted: Fit, figures: Path | None = None) -> tuple[Fit, Document]:
    """Return a fit with its diagnosis, and its report; write the pictures as files where wanted."""
    diagnosed = store.with_entries(fitted, diagnose(fitted).entries)
    document = fit_report(diagnosed)
    if figures is not None:
        write_pictures(document, figures)
    return diagnosed, document


def prepare(read: Program, table: Table, options: FitOptions) -> FitRequest:
    """Settle the priors, bind the table, and return the complete request.

    Raises
    ------
    RequestError
        The table, a prior or a setting does not fit the program.
    """
    for method in options.methods:
        if isinstance(method, Mle):
            check_profile_names(read, method.profile)
    rehearsal = dry_run(read, table, options)
    problem = first_problem(rehearsal.examined)
    if problem is not None:
        raise problem
    return FitRequest(
        read,
        rehearsal.examined.data,
        rehearsal.priors,
        options.methods,
        options.seed,
        options.level,
        options.jobs,
        options.scaled,
        options.threads,
        options.timeout,
        inits=_inits(read, rehearsal.examined.data, options),
    )


def _inits(read: Program, data: BoundData, options: FitOptions) -> Mapping[str, Any]:
    """Return the values that chains start at, held against the declarations.

    Raises
    ------
    RequestError
        They do not suit the program, or chains run on another scale or choose for themselves.
    """
    if options.inits is None:
        return {}
    if options.standardize:
        raise MethodError(
            "initial values are on the scale of the program's data, but `standardize` changes that scale."
        )
    if not any(isinstance(one, Nuts) for one in options.methods):
        raise MethodError(
            "initial values are where chains of nuts start, but `method` leaves nuts out or chooses itself."
        )
    return bind_initial_values(read, options.inits[0], data.values, options.inits[1])


def default_folder(request: FitRequest) -> Path:
    """Return `reports/<model>-<data>-<hash>`; the hash tells apart all that decides the numbers."""
    return Path("reports") / f"{request.program.name}-{request.data.table.path.stem}-{request.key[:8]}"
