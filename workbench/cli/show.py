"""`workbench show`: the results of a run or a study, or some quantities of a run; no Stan needed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli import completion, console, options
from workbench.cli.open_registry import find_run
from workbench.errors import RequestError

if TYPE_CHECKING:
    from workbench.report.table_formats import TableFormat


@console.guarded
def command(
    run: Annotated[
        Path,
        typer.Argument(
            help="A run directory that `workbench fit` wrote, or a version in the registry: NAME@champion; a "
            "study, or a folder of `fit-each` or `calibrate`.",
            metavar="RUN",
            autocompletion=completion.complete_runs_and_versions,
        ),
    ],
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
    form: options.Format = None,
) -> None:
    """Show the results of a run or a study as they were printed, or some quantities with their density."""
    if cite and form:
        raise RequestError("--cite prints BibTeX, and --format a table.", hint="give one of them")
    from workbench.calibration.folder import is_calibration
    from workbench.results import run_directory
    from workbench.segments.folder import is_segments

    run = find_run(run)
    if run_directory.is_study(run) and not run_directory.is_run(run):
        _show_study(run, form, has_options=bool(quantities) or cite)
        return
    if is_segments(run) and not run_directory.is_run(run):
        _show_segments(run, form, has_options=bool(quantities) or cite)
        return
    if is_calibration(run) and not run_directory.is_run(run):
        _show_calibration(run, form, has_options=bool(quantities) or cite)
        return
    run_directory.require_run(run)
    if cite:
        from workbench.report.fit.references import format_bibtex

        console.show_source(format_bibtex(run_directory.read_without_draws(run).results))
    elif form:
        from workbench.workflow.pages.tables import format_estimates

        console.show_table(format_estimates(run_directory.read(run), quantities or (), form), form)
    elif quantities:
        from workbench.report.fit.quantity_page import build_quantity_page, find_drawn

        fit, draws = run_directory.read_with_element(
            run, lambda results: find_drawn(results, quantities or ())
        )
        console.show(build_quantity_page(fit.results, quantities, draws))
    else:
        from workbench.report.fit.terminal_page import build_fit_page

        console.show(build_fit_page(run_directory.read_without_draws(run)))


def _show_study(folder: Path, form: TableFormat | None, *, has_options: bool) -> None:
    """Show what `workbench sensitivity` printed of a study, or its outcomes in a format.

    Raises
    ------
    RequestError
        Something was asked for that only a run has.
    """
    if has_options:
        hint = (
            "`workbench show` with the folder alone shows it; study.parquet has every quantity at each point"
        )
        raise RequestError(f"quantities and --cite are of a run, but `{folder}` is a study.", hint=hint)
    from workbench.studies import study_directory
    from workbench.workflow.pages.study import build_study_page

    study = study_directory.read(folder)
    page = build_study_page(study)
    if form:
        from workbench.workflow.pages.tables import format_page, list_rows

        console.show_table(format_page(page, list_rows(study.frame), form), form)
    else:
        console.show(page)


def _show_segments(folder: Path, form: TableFormat | None, *, has_options: bool) -> None:
    """Show what `workbench fit-each` printed of fits to groups, or the index in a format.

    Raises
    ------
    RequestError
        Something was asked for that only a run has.
    """
    if has_options:
        hint = "`workbench show` with the folder alone shows it; index.parquet has every group"
        raise RequestError(
            f"quantities and --cite are of a run, but `{folder}` holds fits to many groups.", hint=hint
        )
    from workbench.segments import folder as segments
    from workbench.workflow.pages.segments import build_segments_page

    found = segments.read(folder)
    page = build_segments_page(found)
    if form:
        from workbench.workflow.pages.tables import format_page, list_rows

        console.show_table(format_page(page, list_rows(found.frame), form), form)
    else:
        console.show(page)


def _show_calibration(folder: Path, form: TableFormat | None, *, has_options: bool) -> None:
    """Show what `workbench calibrate` printed, or its table in a format.

    Raises
    ------
    RequestError
        Something was asked for that only a run has.
    """
    if has_options:
        hint = "`workbench show` with the folder alone shows it; simulations.parquet has every quantity"
        raise RequestError(f"quantities and --cite are of a run, but `{folder}` is a calibration.", hint=hint)
    from workbench.calibration import folder as calibrations
    from workbench.workflow.pages.calibrate import build_calibration_page

    found = calibrations.read(folder)
    page = build_calibration_page(found)
    if form:
        from workbench.workflow.pages.tables import format_page, list_rows

        console.show_table(format_page(page, list_rows(found.frame), form), form)
    else:
        console.show(page)
