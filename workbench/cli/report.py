"""`workbench report`: a run's report drawn anew, or several runs side by side; no Stan needed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import console
from workbench.errors import RequestError


@console.guarded
def command(
    runs: Annotated[
        list[Path],
        typer.Argument(
            help="Run directories that `workbench fit` wrote, or one study.",
            metavar="RUN...",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="HTML file of a comparison; default: one in reports/."),
    ] = None,
    figures: Annotated[
        Path | None, typer.Option(help="Folder for the pictures as SVG and PNG files.", metavar="DIR")
    ] = None,
) -> None:
    """Draw the report of a run anew from its own files; with several runs, put them side by side."""
    from workbench.workflow import report

    if len(runs) > 1:
        typer.echo(report.write_comparison(report.read_runs(runs), output, figures))
        return
    if output is not None:
        hint = "its report is redrawn in the run directory; --output is for a comparison of several runs"
        raise RequestError("--output was given with a single run.", hint=hint)
    if (runs[0] / "study.json").is_file():
        from workbench.workflow import sensitivity

        typer.echo(sensitivity.redraw_study(runs[0], figures))
        return
    typer.echo(report.redraw_report(runs[0], figures))
