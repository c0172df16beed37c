"""`workbench new`: a bundled model copied to start from."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import completion, console


@console.guarded
def command(
    name: Annotated[Path, typer.Argument(help="The new program; .stan may be left out.", metavar="NAME")],
    from_: Annotated[
        str,
        typer.Option(
            "--from",
            help="The bundled model to copy.",
            metavar="MODEL",
            autocompletion=completion.complete_bundled,
        ),
    ],
    data: Annotated[bool, typer.Option("--data", help="Copy the model's table too.")] = False,
) -> None:
    """Copy a bundled model, its program and its card, as a start for your own."""
    from workbench import library

    model = library.find(from_)
    files = library.copy_model(model, name, with_table=data)
    for file in files:
        console.show_path(file)
    table = files[-1] if data else model.table
    console.show_note("fit it", shlex.join(["workbench", "fit", str(files[0]), str(table)]))
