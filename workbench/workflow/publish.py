"""A fit diagnosed, reported and published as a run directory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

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
    The fit with its diagnosis; it knows its run directory.

    Raises
    ------
    StoreError
        The folder holds something that is not a run, or cannot be written.
    """
    diagnosed, document = report_fit(fit, figures)
    return replace(diagnosed, folder=store.write(diagnosed, render(document), folder))


def report_fit(fit: Fit, figures: Path | None = None) -> tuple[Fit, Document]:
    """Return a fit with its diagnosis, and its report; write the figures as files where wanted."""
    diagnosed = store.with_entries(fit, diagnose(fit).entries)
    document = build_fit_report(diagnosed)
    if figures is not None:
        write_figures(document, figures)
    return diagnosed, document
