"""The page that `workbench fit-each` prints, and `workbench show` of its folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from workbench import files
from workbench.report.document import Document, Section
from workbench.report.figure_files import write_figures
from workbench.report.html import render
from workbench.report.numbers import pluralise
from workbench.report.segments.report import build_segments_report, build_sharing_sections, build_verdict
from workbench.report.segments.tables import tabulate_concerns, tabulate_spreads
from workbench.segments import Segments
from workbench.segments import folder as segments_folder
from workbench.segments.folder import INDEX, REPORT
from workbench.segments.ranking import measure_spreads, rank_concerns

_MOST_CONCERNS = 15
"""Groups that are shown; the report and the index have more."""

_MOST_SPREADS = 8
"""Quantities that are shown."""


def redraw_segments(folder: Path, figures: Path | None = None) -> Path:
    """Draw the report of fits to groups again from index and record alone; return the report.

    Raises
    ------
    StoreError
        The folder holds no finished fits to groups, or a file cannot be written.
    """
    found = segments_folder.read(folder)
    files.check_file_place(folder / REPORT, allows_streams=False)
    document = build_segments_report(found)
    files.replace_file(folder / REPORT, render(document))
    if figures is not None:
        write_figures(document, figures)
    return folder / REPORT


def build_segments_page(segments: Segments) -> Document:
    """Return the page: estimates across groups, what needs a look, and how many groups do."""
    record, concerns, spreads = segments.record, rank_concerns(segments), measure_spreads(segments)
    sections = []
    if spreads:
        table = tabulate_spreads(spreads, _MOST_SPREADS)
        sections.append(Section("spreads", "estimates across groups", (table,)))
    if concerns:
        table = tabulate_concerns(concerns, _MOST_CONCERNS)
        sections.append(Section("concerns", "what needs a look", (table,)))
    sharing = build_sharing_sections(segments)
    sections += [replace(section, title="the prior that groups share") for section in sharing]
    by = " and ".join(record.by)
    return Document(
        title=f"{record.model} for each of {pluralise(record.groups, 'group')} by {by}",
        sections=tuple(sections),
        verdict=build_verdict(segments, concerns),
        byline=f"index: {segments.folder / INDEX}, report: {segments.folder / REPORT}",
        kicker="Fits to many groups",
    )
