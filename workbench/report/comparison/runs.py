"""The runs themselves: what each is, and how its sampler performed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

from workbench.report.document import Cell, Column, Section, TableBlock, Tone
from workbench.report.fit.sampler import find_extremes
from workbench.report.numbers import MISSING, format_count, format_number, format_seconds
from workbench.results.view import Results


def build_section(results: Mapping[str, Results]) -> Section:
    """Return a table with a row for each run."""
    table = TableBlock(
        key="runs-table",
        caption="The runs; the others are compared with the first",
        columns=(
            Column("Run", "name"),
            Column("Verdict"),
            Column("Program"),
            Column("Data"),
            Column("Rows", "number"),
            Column("R‑hat", "number", help="the largest"),
            Column("ESS", "number", help="the smallest, bulk or tail"),
            Column("Divergences", "number"),
            Column("NUTS", "number", help="seconds of sampling"),
        ),
        rows=tuple(_build_row(name, run) for name, run in results.items()),
        is_interactive=True,
    )
    return Section("runs", "The runs", (table,))


def _build_row(name: str, run: Results) -> tuple[Cell, ...]:
    extremes = find_extremes(run)
    verdict = run.diagnosis.verdict if run.diagnosis else None
    return (
        Cell(name),
        Cell(verdict, Tone(verdict)) if verdict else Cell(MISSING),
        Cell(run.model.name or MISSING),
        Cell(PurePath(run.data.path).name or MISSING),
        Cell(format_count(run.data.rows)),
        Cell(format_number(extremes.rhat.value if extremes.rhat else None, 3)),
        Cell(format_count(extremes.smallest_ess)),
        Cell(format_count(run.nuts.divergences)),
        Cell(format_seconds(run.timings.get("nuts"))),
    )
