"""`workbench report`: a run's report drawn anew, with no Stan needed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import console


@console.guarded
def command(
    run: Annotated[Path, typer.Argument(help="A run directory that `workbench fit` wrote.", metavar="RUN")],
    figures: Annotated[
        Path | None, typer.Option(help="Folder for the pictures as SVG and PNG files.", metavar="DIR")
    ] = None,
) -> None:
    """Draw the report of a run anew from its own files."""
    from workbench.pipeline import fitting

    typer.echo(fitting.redraw(run, figures))
