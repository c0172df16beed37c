"""One check explained."""

from __future__ import annotations

from workbench.diagnostics.check import Check
from workbench.report.document import Block, Document, Facts, Paragraph, Section


def build_check_page(check: Check) -> Document:
    """Return the page that `workbench check --explain` prints."""
    blocks: tuple[Block, ...] = (
        Paragraph(check.explanation),
        *(Paragraph(text) for text in check.page),
    )
    facts = Facts(
        (
            ("threshold", check.threshold),
            ("reference", check.reference),
            ("what to do", check.advice),
        )
    )
    return Document(
        title=check.code,
        subtitle=check.title,
        sections=(Section("meaning", "", blocks), Section("facts", "", (facts,))),
    )
