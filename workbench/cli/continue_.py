"""`workbench continue`: more draws for a finished run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import console
from workbench.process import count_usable_cores


@console.guarded
def command(
    run: Annotated[Path, typer.Argument(help="A run directory that `workbench fit` wrote.", metavar="RUN")],
    draws: Annotated[int, typer.Option(min=4, help="Further draws in each chain.")] = 1000,
    jobs: Annotated[int | None, typer.Option(min=1, help="Chains at a time; default: the cores.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Run directory; default: RUN itself.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print run.json and nothing else.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Add draws to a run: its chains go on from their last draws, step size and metric, without warm-up."""
    from workbench.cli import table
    from workbench.results import store
    from workbench.workflow.resume import continue_run

    jobs = jobs or count_usable_cores()
    fitted = continue_run(run, draws, output=output, jobs=jobs, progress=console.progress(quiet))
    if json_:
        typer.echo(store.dump(fitted.record), nl=False)
    else:
        table.show(fitted.record, fitted.folder or run, console.stdout())
