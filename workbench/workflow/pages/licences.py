"""The licences of all that is shipped, fetched, or needed."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.library import list_models, read_table_card
from workbench.provenance import read_workbench_version
from workbench.report.document import Cell, Column, Document, Facts, Section, TableBlock
from workbench.toolchain.licences import LicensedComponent, list_fetched, list_packages

_COLUMNS = (Column("", "name"), Column("version"), Column("licence", "prose"), Column("", "prose"))
"""Name, version, licence, and what it is here for."""


def build_licences_page() -> Document:
    """Return the page that `workbench --licences` prints."""
    ours = Facts(
        (("workbench", f"{read_workbench_version()}, BSD-3-Clause: the package, its models and pages"),)
    )
    cards = {model.table: read_table_card(model.table) for model in list_models()}
    tables = tuple(
        (Cell(table.name), Cell(card.licence)) for table, card in sorted(cards.items()) if card is not None
    )
    return Document(
        title="licences",
        sections=(
            Section("ours", "", (ours,)),
            Section(
                "tables",
                "",
                (
                    TableBlock(
                        "tables", "bundled tables", (Column("", "name"), Column("licence", "prose")), tables
                    ),
                ),
            ),
            Section(
                "fetched", "", (_list("fetched", "fetched when a program is first built", list_fetched()),)
            ),
            Section(
                "packages", "", (_list("packages", "Python packages, as installed here", list_packages()),)
            ),
        ),
    )


def _list(key: str, caption: str, components: Sequence[LicensedComponent]) -> TableBlock:
    rows = tuple((Cell(one.name), Cell(one.version), Cell(one.licence), Cell(one.role)) for one in components)
    return TableBlock(key, caption, _COLUMNS, rows)
