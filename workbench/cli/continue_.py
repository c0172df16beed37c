"""`workbench continue`: more draws for a finished run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import console, options
from workbench.cli.result_printer import ResultPrinter
from workbench.process import count_usable_cores


@console.guarded
def command(
    run: options.Run,
    draws: Annotated[
        int,
        typer.Option(
            min=4, help="Further draws in each chain.", metavar="N", rich_help_panel=options.SAMPLER
        ),
    ] = 1000,
    jobs: options.Jobs = None,
    output: Annotated[Path | None, options.describe_output("Run directory; by default RUN itself")] = None,
    json_: options.Json = False,
    quiet: options.Quiet = False,
    compiler: options.Compiler = None,
    native: options.Native = False,
    toolchain: options.Source = "auto",
) -> None:
    """Add draws to a run: its chains continue from where they stopped, without warm-up."""
    from workbench.results import run_directory

    run_directory.require_run(run)
    from workbench.report.figures.painter import open_painter
    from workbench.toolchain import ToolchainSettings
    from workbench.workflow.resume import continue_run

    printer = ResultPrinter(is_json=json_)
    with open_painter() as painter:
        fit = continue_run(
            run,
            draws,
            output=output,
            settings=ToolchainSettings(compiler=compiler, source=toolchain, native=native),
            jobs=jobs or count_usable_cores(),
            progress=console.progress(quiet),
            on_result=printer.show,
            painter=painter,
        )
    printer.raise_failure()
    printer.show_place(fit)
