"""`workbench replay`: a run made again, and compared."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from workbench.cli import console, options
from workbench.cli.open_registry import find_run
from workbench.errors import EXIT_STRICT
from workbench.process import count_usable_cores


@console.guarded
def command(
    run: options.RunOrVersion,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Another seed, for an independent replication; by default the run's own.",
            metavar="N",
            rich_help_panel=options.METHODS,
        ),
    ] = None,
    jobs: options.Jobs = None,
    json_: options.Json = False,
    quiet: options.Quiet = False,
    compiler: options.Compiler = None,
    native: options.Native = False,
    toolchain: options.Source = "auto",
) -> None:
    """Run a stored run again, and compare each number in units of the combined Monte Carlo error.

    Exits with 1 if a number differs by more than four of them.
    """
    from workbench.results import run_directory

    run = find_run(run)
    run_directory.require_run(run)
    from workbench.toolchain import ToolchainSettings
    from workbench.workflow.pages.replay import build_replay_page
    from workbench.workflow.replay import replay

    result = replay(
        run,
        seed=seed,
        settings=ToolchainSettings(compiler=compiler, source=toolchain, native=native),
        jobs=jobs or count_usable_cores(),
        progress=console.progress(quiet),
    )
    if json_:
        record = {
            "identical": result.is_identical,
            "disagreeing": len(result.disagreements),
            "differences": [asdict(difference) for difference in result.differences],
        }
        console.show_json(json.dumps(record, indent=1))
    else:
        console.show(build_replay_page(result, run))
    if result.disagreements:
        raise typer.Exit(EXIT_STRICT)
