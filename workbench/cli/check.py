"""`workbench check`: a stored run examined again, or one check explained."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import completion, console, options
from workbench.cli.open_registry import find_run
from workbench.errors import EXIT_STRICT, RequestError


@console.guarded
def command(
    run: Annotated[
        Path | None,
        typer.Argument(
            help="A run directory that `workbench fit` wrote, or a version in the registry: NAME@champion.",
            metavar="RUN",
            autocompletion=completion.complete_runs_and_versions,
        ),
    ] = None,
    explain: Annotated[str | None, typer.Option(help="Explain one check instead.", metavar="CODE")] = None,
    json_: options.Json = False,
    strict: options.Strict = False,
) -> None:
    """Check a stored run again with the checks of this version; Stan is not needed."""
    if (run is None) == (explain is None):
        hint = "`workbench check RUN` checks a run, `workbench check --explain WB201` explains a check"
        raise RequestError("either a run directory or --explain was expected.", hint=hint)
    if explain is not None:
        from workbench.workflow.check import find_check
        from workbench.workflow.pages.check import build_check_page

        console.show(build_check_page(find_check(explain)))
        return
    assert run is not None  # noqa: S101 - one of the two was given
    from workbench.results import run_directory

    run = find_run(run)
    run_directory.require_run(run)
    from workbench.report.fit.terminal_page import build_diagnosis_page
    from workbench.workflow.check import examine_run

    fit, entries = examine_run(run)
    if json_:
        console.show_values(entries)
    else:
        console.show(build_diagnosis_page(fit))
    if strict and fit.results.has_failed_checks:
        raise typer.Exit(EXIT_STRICT)
