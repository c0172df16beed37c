"""The page that `workbench test` prints, and its table."""

from __future__ import annotations

from workbench.likelihood.nested import NestedTest, NullStatistic, describe_statistic
from workbench.report.document import Block, Cell, Column, Document, Items, Notice, Section, TableBlock, Tone
from workbench.report.numbers import MISSING, format_number, format_share
from workbench.report.table_formats import TableFormat
from workbench.workflow.pages.tables import format_page


def build_tests_page(found: NestedTest) -> Document:
    """Return the page: what to mind, the tests, the restricted estimates, and what was compared."""
    blocks: list[Block] = [Notice(warning, Tone.CAUTION) for warning in found.warnings]
    blocks.append(_tabulate(found))
    reasons = [f"{item.test}: {item.reason}" for item in found.tests if item.reason]
    sections = [Section("tests", "", tuple(blocks))]
    if found.restricted:
        sections.append(Section("restricted", "under the null", (_list_restricted(found),)))
    full, restricted = (format_number(value, 3) for value in (found.log_lik, found.restricted_log_lik))
    heights = f"the maximised log likelihood is {full}, and {restricted} under the null."
    sections.append(Section("how", "how", (Items((heights, *reasons, *found.words)),)))
    return Document(
        title=f"test of {', '.join(item.words for item in found.null)}",
        subtitle=f"in {found.model}",
        sections=tuple(sections),
        kicker="Test",
    )


def format_tests(found: NestedTest, form: TableFormat) -> str:
    """Return the tests as a table: for documents rounded, for programs a row for each test."""
    page = Document(title="tests", sections=(Section("tests", "", (_tabulate(found),)),))
    return format_page(page, [describe_statistic(item) for item in found.tests], form)


def _tabulate(found: NestedTest) -> TableBlock:
    columns = (
        Column("test"),
        Column("statistic", "number"),
        Column("p-value", "number"),
        Column("under the null"),
    )
    return TableBlock("tests", "", columns, tuple(_list_cells(item) for item in found.tests))


def _list_cells(item: NullStatistic) -> tuple[Cell, ...]:
    return (
        Cell(item.test),
        Cell(format_number(item.statistic, 3)),
        Cell(format_share(item.p_value)),
        Cell(item.distribution or MISSING),
    )


def _list_restricted(found: NestedTest) -> TableBlock:
    rows = tuple((Cell(name), Cell(format_number(value))) for name, value in found.restricted.items())
    return TableBlock("restricted", "", (Column("parameter", "name"), Column("estimate", "number")), rows)
