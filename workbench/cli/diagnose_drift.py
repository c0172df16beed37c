"""`workbench diagnose-drift`: what has drifted, in the first hour after an alarm."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import completion, console, options
from workbench.cli.open_registry import FOLDER, Folder, State, open_registry, show_remarks
from workbench.process import count_usable_cores


@console.guarded
def command(
    name: Annotated[
        str,
        typer.Argument(
            help="The name of a model in the registry.",
            metavar="NAME",
            autocompletion=completion.complete_names,
        ),
    ],
    batch: Annotated[
        str,
        typer.Argument(
            help="Batches of its monitor: 7, 7..9 or all; or a file of rows with outcomes. By default those "
            "since which it has moved.",
            metavar="BATCH",
        ),
    ] = "",
    state: State = None,
    new_groups: options.NewGroups = "refuse",
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            help="HTML file for both posteriors, predictions and rows.",
            metavar="FILE",
            rich_help_panel=options.OUTPUT,
        ),
    ] = None,
    jobs: options.Jobs = None,
    timeout: options.Timeout = None,
    folder: Folder = FOLDER,
    json_: options.Json = False,
    quiet: options.Quiet = False,
    compiler: options.Compiler = None,
    native: options.Native = False,
    toolchain: options.Source = "auto",
) -> None:
    """Say what has drifted: posterior, predictions and predictors before and after some rows, side by side.

    A parameter, the noise, predictors, a group, or single rows. Nothing is recorded.
    """
    from workbench.workflow.output_file import check_output_file

    if html is not None:
        check_output_file(html, [Path(batch)] if batch and Path(batch).is_file() else [])
    registry = open_registry(folder)
    registry.read_state().find_model(name)
    from workbench.report.monitor.drift import build_drift_page
    from workbench.toolchain import ToolchainSettings
    from workbench.workflow.diagnose_drift import (
        DriftOptions,
        describe_drift_values,
        diagnose_drift,
        write_drift_page,
    )

    asked = DriftOptions(
        state=state,
        new_groups=new_groups,
        toolchain=ToolchainSettings(compiler=compiler, source=toolchain, native=native),
        jobs=jobs or count_usable_cores(),
        timeout=timeout,
    )
    found = diagnose_drift(registry, name, batch, asked, console.progress(quiet))
    if html is not None:
        write_drift_page(found, html)
    if json_:
        console.show_values(describe_drift_values(found))
    else:
        console.show(build_drift_page(found))
    show_remarks(registry)
    if html is not None:
        console.show_note("page", str(html))
