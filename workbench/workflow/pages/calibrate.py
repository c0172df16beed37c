"""The page that `workbench calibrate` prints."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from workbench import files
from workbench.calibration import folder as calibration_folder
from workbench.calibration.folder import REPORT, TABLE, Calibration
from workbench.calibration.record import CalibrationRecord
from workbench.report.calibration.report import build_calibration_report, build_verdict, describe_question
from workbench.report.calibration.rows import list_rows, tabulate_probabilities, tabulate_rows
from workbench.report.calibration.tables import tabulate_methods, tabulate_quantities
from workbench.report.document import Document, Section, Verdict, VerdictReason
from workbench.report.figure_files import write_figures
from workbench.report.html import render

_MOST_LISTED = 6
"""Quantities of each method that are shown, those farthest from right first; the report has all."""


_MOST_ROWS = 24
"""Rows of the table by number of rows."""

_MOST_EXPLAINED = 2
"""Quantities of each method that are explained."""


def build_calibration_page(calibration: Calibration) -> Document:
    """Return the page: the methods, the quantities farthest from right, and the answer."""
    record = calibration.record
    sections = [Section("methods", "each method", (tabulate_methods(record),))]
    if record.by_rows:
        most = max(list_rows(record))
        sections = [
            Section("rows", "by number of rows", (tabulate_rows(record, _MOST_ROWS),)),
            Section("methods", f"each method with {most:,} rows", (tabulate_methods(record),)),
        ]
        if record.probabilities:
            title = "expected calibration error of probabilities, against the true ones"
            sections.append(Section("probabilities", title, (tabulate_probabilities(record),)))
    for item in record.methods:
        if item.quantities and not record.by_rows:
            is_first = len(sections) == 1
            table = tabulate_quantities(item, record.level, _MOST_LISTED, is_explained=is_first)
            sections.append(Section(f"quantities-{item.method}", f"quantities by {item.label}", (table,)))
    return Document(
        title=record.model,
        subtitle=describe_question(record),
        sections=tuple(sections),
        verdict=_list_reasons(record),
        byline=f"table: {calibration.folder / TABLE}, report: {calibration.folder / REPORT}",
        kicker="Calibration",
    )


def _list_reasons(record: CalibrationRecord) -> Verdict:
    """Return the verdict with the worst quantities and the advice of each method as reasons of their own."""
    verdict = build_verdict(record)
    reasons: list[VerdictReason] = []
    for reason in verdict.reasons:
        worst = (VerdictReason(text) for text in reason.consequences[:_MOST_EXPLAINED])
        advice = (VerdictReason(reason.advice),) if reason.advice else ()
        reasons += [VerdictReason(reason.text), *worst, *advice]
    return replace(verdict, reasons=tuple(reasons))


def redraw_calibration(folder: Path, figures: Path | None = None) -> Path:
    """Draw the report of a calibration again from its files alone; return the report.

    Raises
    ------
    StoreError
        The folder holds no finished calibration, or the report cannot be written.
    """
    found = calibration_folder.read(folder)
    files.check_file_place(folder / REPORT, allows_streams=False)
    document = build_calibration_report(found)
    files.replace_file(folder / REPORT, render(document))
    if figures is not None:
        write_figures(document, figures)
    return folder / REPORT
