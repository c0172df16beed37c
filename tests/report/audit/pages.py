"""Audit pages of registries that are stated by hand."""

from tests.registry.remembered import write_events
from tests.report.page import read_page
from workbench.report.audit import build_audit_report
from workbench.report.html import render
from workbench.workflow.pages.registry import describe_event


def build(folder, *contents, name="radon"):
    """Return the document of a registry with some events."""
    return build_audit_report(write_events(folder, *contents), name, str(folder), describe_event)


def read(document):
    """Return a page, and its text with spaces in the place of line ends."""
    page = read_page(render(document))
    return page, " ".join(page.text.split())


def find_table(document, key):
    """Return the rows of a table as texts, each by the titles of its columns."""
    blocks = [inner for section in document.sections for block in section.blocks for inner in _unfold(block)]
    table = next(block for block in blocks if getattr(block, "key", "") == key)
    titles = [f"{column.group} {column.title}".strip() for column in table.columns]
    return [dict(zip(titles, (cell.text for cell in row), strict=True)) for row in table.rows]


def find_section(document, key):
    """Return a section."""
    return next(section for section in document.sections if section.key == key)


def _unfold(block):
    return [block, *getattr(block, "blocks", ())]
