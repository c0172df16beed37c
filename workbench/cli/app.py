"""The commands, gathered. Each imports its rooms when it runs: `workbench --help` answers at once."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli import (
    check,
    continue_,
    fit,
    inspect,
    models,
    new,
    predict,
    replay,
    report,
    sensitivity,
    toolchain,
)
from workbench.provenance import read_workbench_version

app = typer.Typer(
    name="workbench",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Any Stan program and a table: point estimates, full posteriors, and an honest account of both.",
)
app.command("fit")(fit.command)
app.command("check")(check.command)
app.command("continue")(continue_.command)
app.command("replay")(replay.command)
app.command("inspect")(inspect.command)
app.command("models")(models.command)
app.command("new")(new.command)
app.command("predict")(predict.command)
app.command("report")(report.command)
app.command("sensitivity")(sensitivity.command)
app.add_typer(toolchain.app, name="toolchain")


def _version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"workbench {read_workbench_version()}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    del version


def main() -> None:
    """Run the command line."""
    app()
