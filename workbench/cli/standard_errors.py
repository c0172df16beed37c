"""`workbench standard-errors`: how uncertain a point estimate is, with less trust in the model."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli import console, options
from workbench.cli.open_registry import find_version
from workbench.errors import RequestError

_KEPT = "finished resamples are kept; run the same command again to continue"
"""What an interrupted bootstrap says."""


@console.guarded
def command(
    run: options.RunOrVersion,
    robust: Annotated[
        bool, typer.Option("--robust", help="Sandwich standard errors from the scores of rows (HC0).")
    ] = False,
    cluster: Annotated[
        str | None,
        typer.Option(
            help="Column whose values are clusters: rows within one may depend on each other. "
            "With --bootstrap whole clusters are drawn.",
            metavar="COLUMN",
        ),
    ] = None,
    bootstrap: Annotated[
        int | None,
        typer.Option(
            help="Resamples of the rows, each fitted anew; percentile and BCa intervals.", metavar="B"
        ),
    ] = None,
    parametric: Annotated[
        bool,
        typer.Option("--parametric", help="With --bootstrap: draw outcomes from the model instead of rows."),
    ] = False,
    method: Annotated[
        str | None,
        typer.Option(help="Of which estimate; by default the MLE.", metavar="mle|map"),
    ] = None,
    level: Annotated[
        float | None,
        typer.Option(help="Probability of the intervals.", metavar="P", rich_help_panel=options.OUTPUT),
    ] = None,
    jobs: options.Jobs = None,
    scheduler: options.Scheduler = "local",
    json_: options.Json = False,
    form: options.Format = None,
    quiet: options.Quiet = False,
    compiler: options.Compiler = None,
    native: options.Native = False,
    toolchain: options.Source = "auto",
) -> None:
    """Compute standard errors of the MLE or MAP: inverse Hessian, sandwich by row or cluster, bootstrap.

    The estimate is found again and must be a regular maximum; transformed quantities have theirs by the delta
    method. An interrupted bootstrap continues where it was: run the same command again.
    """
    from workbench.results import run_directory

    if json_ and form:
        raise RequestError("--json prints everything, and --format a table.", hint="give one of them")
    if method not in (None, "mle", "map"):
        raise RequestError(f"--method was expected to be mle or map, found `{method}`.")
    run, _ = find_version(run)
    run_directory.require_run(run)
    from workbench.execution.scheduler import open_executor, parse_scheduler

    where = parse_scheduler(scheduler)
    from workbench.process import count_usable_cores
    from workbench.toolchain import ToolchainSettings
    from workbench.workflow.pages.standard_errors import build_standard_errors_page, format_standard_errors
    from workbench.workflow.standard_errors import ErrorOptions, choose_folder, find_standard_errors

    asked = ErrorOptions(
        "mle" if method == "mle" else "map" if method == "map" else None,
        robust,
        cluster or "",
        bootstrap or 0,
        parametric,
        level,
        choose_folder(run),
    )
    workers = jobs or count_usable_cores()
    progress = console.progress(quiet)
    settings = ToolchainSettings(compiler=compiler, source=toolchain, native=native)
    fit = run_directory.read(run)
    try:
        with open_executor(where, workers, progress) as executor:
            found = find_standard_errors(
                fit, asked, settings, jobs=workers, executor=executor, progress=progress
            )
    except KeyboardInterrupt:
        raise KeyboardInterrupt(_KEPT if bootstrap and asked.folder else "") from None
    if json_:
        console.show_values(found.to_dict())
    elif form:
        console.show_table(format_standard_errors(found, form), form)
    else:
        console.show(build_standard_errors_page(found, run))
