"""`workbench predict`: the outcomes of new rows, from a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from workbench.cli import console

_ROWS = 40
"""Rows shown; a file given by --output has them all."""


@console.guarded
def command(
    run: Annotated[Path, typer.Argument(help="A run directory that `workbench fit` wrote.", metavar="RUN")],
    data: Annotated[
        Path, typer.Argument(help="New rows; columns of outcomes may be missing.", metavar="DATA")
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="CSV file for all predictions.", metavar="FILE")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Predict new rows: same columns, same levels, same scales as those the run was fitted with."""
    from workbench.results import store
    from workbench.workflow.predict import predict

    found = predict(store.read(run), data, progress=console.progress(quiet))
    if output is not None:
        found.to_csv(output, index=False)
        typer.echo(output)
        return
    table = Table(header_style="bold", box=None, pad_edge=False)
    for name in found.columns:
        table.add_column(name, justify="left" if name in ("label", "prediction") else "right")
    for cells in found.head(_ROWS).itertuples(index=False):
        table.add_row(*(f"{one:.4g}" if isinstance(one, float) else escape(str(one)) for one in cells))
    console.stdout().print(table)
    if len(found) > _ROWS:
        console.stdout().print(f"{len(found) - _ROWS} more with --output FILE")
