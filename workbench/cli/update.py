"""`workbench update`: a run with new rows."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import console, options, parse
from workbench.cli.open_registry import find_run
from workbench.cli.result_printer import ResultPrinter
from workbench.process import count_usable_cores


@console.guarded
def command(
    run: options.RunOrVersion,
    data: Annotated[
        Path,
        typer.Argument(help="New rows with their outcomes, - for standard input.", metavar="DATA"),
    ],
    missing: options.Missing = "refuse",
    unpack_limit: options.UnpackLimit = None,
    no_weights: Annotated[
        bool,
        typer.Option(
            "--no-weights",
            help="Fit all rows together even where the stored draws could be weighted.",
            rich_help_panel=options.METHODS,
        ),
    ] = False,
    forget: Annotated[
        bool,
        typer.Option(
            "--forget",
            help="Leave the old rows out: a normal on the unconstrained scale stands for their posterior.",
            rich_help_panel=options.METHODS,
        ),
    ] = False,
    jobs: options.Jobs = None,
    output: Annotated[Path | None, options.describe_output("Run directory; by default in reports/")] = None,
    no_report: options.NoReport = False,
    json_: options.Json = False,
    quiet: options.Quiet = False,
    compiler: options.Compiler = None,
    native: options.Native = False,
    toolchain: options.Source = "auto",
) -> None:
    """Update a run with new rows: its posterior is their prior. The result is a run of its own.

    Its draws are weighted where k-hat says that this can be relied on; otherwise old and new rows are fitted
    together, from where the old chains stopped.
    """
    from workbench.results import run_directory
    from workbench.workflow.inputs import check_table_exists

    rows = parse.parse_missing(missing)
    check_table_exists(options.read_dash(data))
    run = find_run(run)
    run_directory.require_run(run)
    table = options.read_within(parse.parse_size("--unpack-limit", unpack_limit), data)
    from contextlib import ExitStack

    from workbench.report.figures.painter import open_painter
    from workbench.toolchain import ToolchainSettings
    from workbench.workflow.update import UpdateOptions, update

    update_options = UpdateOptions(
        missing=rows,
        is_weighted=not no_weights,
        is_forgetting=forget,
        output=output,
        has_report=not no_report,
        jobs=jobs or count_usable_cores(),
        toolchain=ToolchainSettings(compiler=compiler, source=toolchain, native=native),
        command=shlex.join(["workbench", *sys.argv[1:]]),
    )
    printer = ResultPrinter(is_json=json_)
    with ExitStack() as stack:
        painter = None if no_report else stack.enter_context(open_painter())
        fit = update(
            run_directory.read_whole(run),
            table,
            update_options,
            console.progress(quiet),
            on_result=printer.show,
            painter=painter,
        )
    printer.raise_failure()
    printer.show_place(fit, has_report=not no_report)
