"""A fit diagnosed, reported and published as a run directory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from workbench import files
from workbench.diagnostics import diagnose
from workbench.report.document import Document
from workbench.report.figure_files import write_figures
from workbench.report.fit.report import build_fit_report
from workbench.report.html import render
from workbench.results import Fit, store


def publish_run(fit: Fit, folder: Path, figures: Path | None = None) -> Fit:
    """Diagnose a fit, write its report, and publish its run directory.

    Parameters
    ----------
    fit
        The fit.
    folder
        The run directory.
    figures
        A folder for the report's figures as files; `None` for no files.

    Returns
    -------
    The fit with its diagnosis; it knows its run directory. If it failed, and there is a run with results in
    `folder`, that stays, and the fit is beside it.

    Raises
    ------
    StoreError
        The folder holds something that is not a run, or cannot be written.
    """
    diagnosed, document = report_fit(fit)
    place = store.choose_place(diagnosed, folder)
    store.write(diagnosed, render(document), place)
    if figures is not None:  # last: if they cannot be written, there is the run at least
        write_figures(document, figures if place == folder else store.name_failed(figures))
    return replace(diagnosed, folder=place)


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


def report_fit(fit: Fit) -> tuple[Fit, Document]:
    """Return a fit with its diagnosis, and its report."""
    diagnosed = store.with_entries(fit, diagnose(fit).entries)
    return diagnosed, build_fit_report(diagnosed)
