"""The runs themselves: what each is, and how its sampler fared."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

from workbench.report import reading
from workbench.report.document import Cell, Column, Section, Table, Tone
from workbench.report.numbers import MISSING, format_count, format_number, format_seconds
from workbench.report.reading import Record

_TONES = {"ok": Tone.OK, "caution": Tone.CAUTION, "fail": Tone.FAIL}


def section(records: Mapping[str, Record]) -> Section:
    """Return one row for each run."""
    table = Table(
        key="runs-table",
        caption="The runs, the first of which the others are held against",
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
        rows=tuple(_row(name, one) for name, one in records.items()),
        is_interactive=True,
    )
    return Section("runs", "The runs", (table,))


def _row(name: str, record: Record) -> tuple[Cell, ...]:
    verdict = str(reading.part(record, "diagnosis").get("verdict") or MISSING)
    data = reading.part(record, "data")
    nuts = reading.estimates(record, "nuts").values()
    rhats = [value for one in nuts if (value := reading.number(one, "rhat")) is not None]
    sizes = [
        value
        for one in nuts
        for key in ("ess_bulk", "ess_tail")
        if (value := reading.number(one, key)) is not None
    ]
    return (
        Cell(name),
        Cell(verdict, _TONES.get(verdict)),
        Cell(str(reading.part(record, "model").get("name") or MISSING)),
        Cell(PurePath(str(data.get("path") or MISSING)).name),
        Cell(format_count(data.get("rows"))),
        Cell(format_number(max(rhats, default=None), 3)),
        Cell(format_count(min(sizes, default=None))),
        Cell(format_count(reading.part(record, "nuts").get("divergences"))),
        Cell(format_seconds(reading.part(record, "timings").get("nuts"))),
    )
