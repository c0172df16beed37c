"""`workbench runs`: the runs and studies of a folder, listed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import console, options


@console.guarded
def command(
    folder: Annotated[
        Path, typer.Argument(help="A folder with runs; by default reports.", metavar="FOLDER")
    ] = Path("reports"),
    json_: options.Json = False,
) -> None:
    """List runs and studies, the newest first: model, data, verdict, age, largest R-hat, report."""
    import msgspec

    from workbench.workflow.pages.runs import build_runs_page
    from workbench.workflow.run_list import list_runs

    entries = list_runs(folder)
    if json_:
        text = msgspec.json.format(msgspec.json.encode(entries, enc_hook=str), indent=1)
        console.show_json(text.decode())
    else:
        console.show(build_runs_page(entries, folder))
