"""A fit diagnosed and published as a run directory, then reported."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from workbench import files
from workbench.diagnostics.diagnose import diagnose
from workbench.errors import StoreError
from workbench.report.document import Document
from workbench.report.figures.painter import Painter
from workbench.results import Fit, store


def publish_run(fit: Fit, folder: Path) -> Fit:
    """Publish the run directory of a fit, without a report: `add_report` draws that.

    Parameters
    ----------
    fit
        The fit, diagnosed.
    folder
        The run directory.

    Returns
    -------
    The fit, which knows its run directory. If it failed, and there is a run with results in
    `folder`, that stays, and the fit is beside it.

    Raises
    ------
    StoreError
        The folder holds something that is not a run, or cannot be written.
    """
    place = store.choose_place(fit, folder)
    store.write(fit, None, place)
    return replace(fit, folder=place)


def draft_report(fit: Fit, painter: Painter) -> Document | None:
    """Return the report of a fit as a document whose drawings are being painted while the run is published.

    What goes wrong here does so again in `add_report`, once the run is published: then there is no draft.
    """
    from workbench.workflow import report

    with suppress(Exception):
        return report.draft_report(fit, painter)
    return None


def add_report(
    fit: Fit, figures: Path | None = None, *, draft: Document | None = None, painter: Painter | None = None
) -> None:
    """Write the report of a published run into its folder; whatever ends that, the run is complete.

    Nothing is written where another command has replaced the run: it writes a report of its own.

    Parameters
    ----------
    fit
        The fit, which knows its run directory.
    figures
        A folder for the report's figures as files; `None` for no files.
    draft
        The report as a document, where there is one already.
    painter
        What paints its drawings.

    Raises
    ------
    StoreError
        A file cannot be written.
    """
    from workbench.workflow.report import write_report  # only here: drawing is not needed before

    if fit.folder is None:  # it was not published
        return
    try:
        draw = (painter or Painter()).to_svg
        write_report(fit, fit.folder / store.REPORT, figures, draft=draft, draw=draw)
    except (KeyboardInterrupt, StoreError) as reason:
        message = f"the run in `{fit.folder}` is complete; `workbench report {fit.folder}` draws its report"
        if isinstance(reason, StoreError):
            if not store.is_in_place(fit):
                return
            hint = f"{reason.hint}; {message}" if reason.hint else message
            raise StoreError(reason.message, hint=hint) from reason
        raise KeyboardInterrupt(message) from None


def add_figures(fit: Fit, folder: Path) -> None:
    """Write the figures of a fit's report as files, without the report.

    Raises
    ------
    StoreError
        A file cannot be written.
    """
    from workbench.report.figure_files import write_figures
    from workbench.report.fit.report import build_fit_report

    write_figures(build_fit_report(fit), folder)


def check_places(folder: Path | None, figures: Path | None = None) -> None:
    """Refuse places where a run and its figures cannot be written, before anything is computed.

    Raises
    ------
    StoreError
        One of them holds something else, is a link or too long, or cannot be written.
    """
    if folder is not None:
        store.check_place(folder)
    if figures is not None:
        files.check_open_folder(figures, store.LEAST_SPACE)


def diagnose_fit(fit: Fit, on_step: Callable[[str], None] | None = None) -> Fit:
    """Return a fit with its diagnosis; `on_step` is told which check comes next."""
    return store.with_entries(fit, diagnose(fit, on_step).entries)
