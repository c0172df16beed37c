"""The page that `workbench score` prints, and its tables."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from workbench.report.document import Document, Section, TableBlock
from workbench.report.score import describe_table
from workbench.report.score.tables import (
    build_categories,
    build_components,
    build_coverage,
    build_scores,
    build_steps,
    build_strangest,
    select_rows,
)
from workbench.report.table_formats import TableFormat
from workbench.workflow.pages.tables import format_page, list_rows
from workbench.workflow.score import Scores

MOST_STRANGE = 10
"""Rows that are shown; a file that `--output` names has them all."""

MOST_STEPS = 40
"""Steps of a forecast that are shown; a file that `--output` names has them all."""


def build_scores_page(scores: Scores, source: Path | str) -> Document:
    """Return the page that `workbench score` prints: the answer, scores, intervals, the strangest rows."""
    sections = []
    for scored in scores.table.outcomes:
        blocks = (
            build_scores(scored),
            build_components(scored),
            build_coverage(scored),
            build_categories(scored),
        )
        sections += [
            Section(block.key, block.caption.replace("`", ""), (replace(block, caption=""),))
            for block in blocks
            if block is not None
        ]
        rows = select_rows(scores.ranked_rows, scored)
        if scores.table.steps is not None:
            listed = build_steps(scored, rows, MOST_STEPS)
        else:
            listed = build_strangest(scored, rows, MOST_STRANGE)
        title = listed.caption.replace("`", "")
        sections.append(Section(listed.key, title, (replace(listed, caption=""),)))
    return Document(
        title=f"scores on {scores.data}",
        subtitle=f"from {source}",
        opening=describe_table(scores.table),
        sections=tuple(sections),
    )


def format_scores(scores: Scores, form: TableFormat) -> str:
    """Return the scores of the table by method: for documents rounded, for programs a row for each score."""
    tables: list[TableBlock] = [build_scores(scored) for scored in scores.table.outcomes]
    page = Document(title="scores", sections=(Section("scores", "", tuple(tables)),))
    return format_page(page, list_rows(scores.summary), form)
