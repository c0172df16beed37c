"""The page that `workbench standard-errors` prints, and its table."""

from __future__ import annotations

from pathlib import Path

from workbench.likelihood.mode import TITLES
from workbench.likelihood.standard_errors import QuantityErrors, StandardErrors, describe_quantity
from workbench.report.document import Block, Cell, Column, Document, Items, Notice, Section, TableBlock, Tone
from workbench.report.numbers import choose_decimals, format_interval, format_number, format_percentage
from workbench.report.table_formats import TableFormat
from workbench.workflow.pages.tables import format_page

_WAYS = {
    "se": "standard error",
    "robust_se": "robust",
    "cluster_se": "clustered",
    "bootstrap_se": "bootstrap",
}
"""What each kind of standard error is called."""


def build_standard_errors_page(found: StandardErrors, run: Path | None) -> Document:
    """Return the page: what to mind, the table, and how each column was computed."""
    blocks: list[Block] = [Notice(warning, Tone.CAUTION) for warning in found.warnings]
    blocks.append(_tabulate(found))
    ways = [f"{_WAYS[key]}: {words}." for key, words in found.ways.items()]
    return Document(
        title=f"standard errors of {found.model}",
        subtitle=f"by {TITLES[found.method]}{'' if run is None else f', from {run}'}",
        sections=(
            Section("standard-errors", "", tuple(blocks)),
            Section("how", "how", (Items((*ways, *found.notes)),)),
        ),
        kicker="Standard errors",
    )


def format_standard_errors(found: StandardErrors, form: TableFormat) -> str:
    """Return the table: for documents rounded, for programs a row for each quantity."""
    page = Document(title="standard errors", sections=(Section("standard-errors", "", (_tabulate(found),)),))
    return format_page(page, [describe_quantity(item) for item in found.quantities], form)


def _tabulate(found: StandardErrors) -> TableBlock:
    robust = "robust se" if "robust_se" in found.ways else "cluster se" if "cluster_se" in found.ways else ""
    has_robust, has_bootstrap = bool(robust), "bootstrap_se" in found.ways
    level = format_percentage(found.level)
    columns = [
        Column("quantity", "name"),
        Column("estimate", "number"),
        Column("se", "number"),
    ]
    if has_robust:
        columns.append(Column(robust, "number"))
    if has_bootstrap:
        columns.append(Column("bootstrap se", "number"))
    columns.append(Column(f"{level} interval", "number"))
    if has_bootstrap:
        columns += [Column("percentile", "number"), Column("BCa", "number")]
    rows = tuple(
        _list_cells(item, has_robust=has_robust, has_bootstrap=has_bootstrap) for item in found.quantities
    )
    return TableBlock("standard-errors", "", tuple(columns), rows)


def _list_cells(item: QuantityErrors, *, has_robust: bool, has_bootstrap: bool) -> tuple[Cell, ...]:
    decimals = choose_decimals(item.se)
    texts = [item.label, format_number(item.estimate, decimals), format_number(item.se, decimals)]
    if has_robust:
        texts.append(format_number(item.robust, decimals))
    if has_bootstrap:
        texts.append(format_number(item.bootstrap, decimals))
    texts.append(format_interval(item.lower, item.upper, decimals))
    for lower, upper in (item.percentile or (None, None), item.bca or (None, None)) if has_bootstrap else ():
        texts.append(format_interval(lower, upper, decimals))
    return tuple(Cell(text) for text in texts)
