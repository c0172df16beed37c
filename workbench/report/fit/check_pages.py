"""The page of each check: what it asks, its threshold, how to read its result, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.diagnostics.checks import list_codes
from workbench.late_imports import LateModule
from workbench.report.document import Block, Disclosure, Facts, Paragraph, Section
from workbench.results.view import Results

if TYPE_CHECKING:
    from workbench.diagnostics import catalogue
    from workbench.diagnostics.check import Check
else:
    catalogue = LateModule("workbench.diagnostics.catalogue")


def find_anchor(code: str) -> str:
    """Return the address of a check's page; empty for a code that has none.

    >>> find_anchor("WB101"), find_anchor("WB999")
    ('check-WB101', '')
    """
    return f"check-{code}" if code in list_codes() else ""


def build_section(results: Results) -> Section:
    """Return a page for each check, to open on demand."""
    checks = results.diagnosis.checks if results.diagnosis else ()
    messages = {check.code: check.message for check in checks}
    pages = tuple(_build_page(check, messages.get(check.code, "")) for check in catalogue.CATALOGUE)
    lead = Paragraph(
        "For each check: what it asks, where its threshold comes from, and what to do about a finding."
    )
    return Section("explained", "The checks explained", (lead, *pages))


def _build_page(check: Check, message: str) -> Disclosure:
    blocks: tuple[Block, ...] = (
        Paragraph(check.explanation),
        *(Paragraph(text) for text in check.page),
        Facts(
            (
                ("In this run", message or "The check was not run."),
                ("Threshold", check.threshold),
                ("Reference", check.reference),
                ("What to do", check.advice),
            )
        ),
    )
    return Disclosure(f"`{check.code}` {check.title}", blocks, find_anchor(check.code))
