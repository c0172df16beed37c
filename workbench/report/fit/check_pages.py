"""The documented page of each check: what it asks, the threshold, how to read it, what to do."""

from __future__ import annotations

from workbench.diagnostics import catalogue
from workbench.report import reading
from workbench.report.document import Block, Disclosure, Facts, Paragraph, Section
from workbench.report.reading import Record


def anchor(code: object) -> str:
    """Return the address of a check's page, empty for a code that has none.

    >>> anchor("WB101"), anchor("WB999")
    ('check-WB101', '')
    """
    return f"check-{code}" if str(code) in _PAGES else ""


_PAGES = {check.code: check for check in catalogue.CATALOGUE}


def section(record: Record) -> Section:
    """Return a page for every check there is, to open on demand."""
    done = {str(one.get("code")): one for one in reading.entries(reading.part(record, "diagnosis"), "checks")}
    pages = tuple(_page(code, done.get(code, {})) for code in _PAGES)
    lead = Paragraph("What each check asks, where its threshold comes from, and what to do about a finding.")
    return Section("explained", "The checks explained", (lead, *pages))


def _page(code: str, found: Record) -> Disclosure:
    check = _PAGES[code]
    blocks: tuple[Block, ...] = (
        Paragraph(check.meaning),
        *(Paragraph(one) for one in check.page),
        Facts(
            (
                ("In this run", str(found.get("message") or "It was not asked.")),
                ("Threshold", check.threshold),
                ("Reference", check.reference),
                ("What to do", check.advice),
            )
        ),
    )
    return Disclosure(f"`{code}` {check.title}", blocks, anchor(code))
