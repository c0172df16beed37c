"""`workbench explore`: the draws of a run in one file for a browser; no Stan needed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from workbench.cli import console, options


@console.guarded
def command(
    run: options.Run,
    output: Annotated[
        Path | None,
        options.describe_output("HTML file; by default `explore.html` in the run", metavar="FILE"),
    ] = None,
) -> None:
    """Put the draws of a run into one page for a browser: any quantity, any pair, draws to select."""
    from workbench.results import run_directory

    run_directory.require_run(run)
    from workbench.workflow import explore

    console.show_path(explore.explore_run(run, output))
