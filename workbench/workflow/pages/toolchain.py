"""Which Stan and compiler are used, and whether this machine has all that they need."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.report.document import Cell, Column, Document, Facts, Section, TableBlock, Tone
from workbench.toolchain import Toolchain, ToolchainCheck

_TONES = {"ok": Tone.OK, "note": Tone.CAUTION, "problem": Tone.FAIL}
"""How good the news of a check is, by its status."""


def build_status_page(tools: Toolchain) -> Document:
    """Return the page that `workbench toolchain status` prints."""
    facts = Facts(
        (
            ("Stan", f"{tools.stan_version} ({tools.source})"),
            ("home", str(tools.home)),
            ("compiler", str(tools.compiler)),
            ("cache", str(tools.cache)),
            ("why", tools.why),
        )
    )
    return Document(title="toolchain", sections=(Section("status", "", (facts,)),))


def build_doctor_page(checks: Sequence[ToolchainCheck]) -> Document:
    """Return the page that `workbench doctor` prints."""
    rows = tuple(
        (
            Cell(f"{check.status} {check.code} {check.title}", _TONES[check.status]),
            Cell(check.found),
            Cell(check.cure),
        )
        for check in checks
    )
    columns = (Column("check"), Column("", "prose"), Column("what to do", "prose"))
    table = TableBlock("checks", "", columns, rows, is_prose=True)
    return Document(title="toolchain", subtitle="checks", sections=(Section("checks", "", (table,)),))
