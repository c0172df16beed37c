"""`workbench runs`: the runs and studies of a folder, listed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import console, options
from workbench.errors import RequestError


@console.guarded
def command(
    folder: Annotated[
        Path, typer.Argument(help="A folder with runs; by default reports.", metavar="FOLDER")
    ] = Path("reports"),
    json_: options.Json = False,
    form: options.Format = None,
) -> None:
    """List runs and studies, the newest first: model, data, verdict, age, largest R-hat, report."""
    import msgspec

    from workbench.workflow.pages.runs import build_runs_page
    from workbench.workflow.run_list import list_runs

    if json_ and form:
        raise RequestError("--json and --format are two ways to say one thing.", hint="give one of them")
    entries = list_runs(folder)
    if form:
        from workbench.workflow.pages.tables import format_runs

        console.show_table(format_runs(entries, folder, form), form)
    elif json_:
        text = msgspec.json.format(msgspec.json.encode(entries, enc_hook=str), indent=1)
        console.show_json(text.decode())
    else:
        console.show(build_runs_page(entries, folder))
