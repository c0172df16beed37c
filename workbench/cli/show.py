"""`workbench show`: the results of a run, or some of its quantities; no Stan needed."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli import console, options


@console.guarded
def command(
    run: options.Run,
    quantities: Annotated[
        list[str] | None,
        typer.Argument(
            help="Names, labels, variables or patterns: theta\\[3], theta\\[Choate], theta, 'theta\\[*]'.",
            metavar="QUANTITY",
        ),
    ] = None,
    cite: Annotated[
        bool,
        typer.Option("--cite", help="Print the works to cite, as BibTeX.", rich_help_panel=options.OUTPUT),
    ] = False,
) -> None:
    """Show the results of a run as `workbench fit` printed them, or some quantities with their density."""
    from workbench.report.fit.quantity_page import build_quantity_page
    from workbench.report.fit.references import format_bibtex
    from workbench.report.fit.terminal_page import build_fit_page
    from workbench.results import run_directory

    fit = run_directory.read(run)
    if cite:
        console.show_source(format_bibtex(fit.results))
    else:
        console.show(build_quantity_page(fit, quantities) if quantities else build_fit_page(fit))
