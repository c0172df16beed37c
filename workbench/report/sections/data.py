"""The data: which column became which Stan variable."""

from __future__ import annotations

from workbench.report import reading
from workbench.report.document import Block, Cell, Column, Facts, Notice, Section, Table
from workbench.report.numbers import MISSING, format_count
from workbench.report.reading import Record

_COLUMNS = {
    "name": Column("Stan variable", "name"),
    "type": Column("Type", "name"),
    "size": Column("Size"),
    "from": Column("From", "prose"),
    "first": Column("First values"),
    "remark": Column("Remark", "prose"),
}


def section(record: Record) -> Section:
    """Return the file, the binding table, and the columns left unused."""
    data = reading.part(record, "data")
    facts = [("File", f"`{data.get('path', MISSING)}`"), ("Rows", format_count(data.get("rows")))]
    columns = [str(one) for one in data.get("columns") or ()]
    if columns:
        facts.append((f"Columns ({len(columns)})", ", ".join(f"`{one}`" for one in columns)))
    blocks: tuple[Block, ...] = (Facts(tuple(facts)), _binding(data))
    return Section("data", "Data", blocks)


def _binding(data: Record) -> Block:
    variables = reading.entries(data, "variables")
    if not variables:
        return Notice("The binding of columns to Stan variables was not recorded.")
    shown = [key for key in _COLUMNS if any(one.get(key) for one in variables)]
    return Table(
        key="binding-table",
        caption="How the table became Stan's data",
        columns=tuple(_COLUMNS[key] for key in shown),
        rows=tuple(tuple(Cell(str(one.get(key) or MISSING)) for key in shown) for one in variables),
        is_prose=True,
    )
