"""`workbench replay`: a run made again, and compared."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from workbench.cli import console
from workbench.errors import EXIT_STRICT
from workbench.process import count_usable_cores

if TYPE_CHECKING:
    from workbench.workflow.replay import Replay

_ROWS = 12


@console.guarded
def command(
    run: Annotated[Path, typer.Argument(help="A run directory that `workbench fit` wrote.", metavar="RUN")],
    seed: Annotated[
        int | None, typer.Option(min=0, help="Another seed, for an independent replication.")
    ] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Chains at a time; default: the cores.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print every comparison as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Run a stored run again, and compare each summary in units of the combined Monte Carlo error.

    Exits with 1 if a number differs by more than four of them.
    """
    from workbench.workflow.replay import replay

    jobs = jobs or count_usable_cores()
    found = replay(run, seed=seed, jobs=jobs, progress=console.progress(quiet))
    if json_:
        rows = [asdict(one) for one in found.differences]
        verdict = {"identical": found.is_identical, "disagreeing": len(found.disagreements)}
        typer.echo(json.dumps({**verdict, "differences": rows}, indent=1))
    else:
        _show(found)
    if found.disagreements:
        raise typer.Exit(EXIT_STRICT)


def _show(found: Replay) -> None:
    to, count = console.stdout(), len(found.differences)
    if found.is_identical:
        to.print(f"identical: all {count} numbers are the same to the last digit")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("parameter", "method", "number", "before", "after", "difference/MCSE"):
        table.add_column(title, justify="left" if title in ("parameter", "method", "number") else "right")
    for one in found.differences[:_ROWS]:
        cells = (f"{one.before:.6g}", f"{one.after:.6g}", f"{one.distance:.2f}")
        table.add_row(escape(one.parameter), one.method, one.quantity, *cells)
    to.print(table)
    far, most = len(found.disagreements), found.differences[0].distance
    agree = "all agree" if not far else f"{far} disagree"
    to.print(f"{agree}: {count} numbers compared, the farthest {most:.2f} combined Monte Carlo errors apart")
