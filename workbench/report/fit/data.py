"""The data: which column became which Stan variable, what was left out, and what is worth a look."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.report import reading
from workbench.report.document import Block, Cell, Column, Facts, Items, Notice, Paragraph, Section, Table
from workbench.report.numbers import MISSING, format_count, format_number
from workbench.report.reading import Record

_MOST_LISTED = 30

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
    dropped = reading.number(reading.part(data, "dropped"), "count")
    if dropped:
        facts.append(("Rows left out", f"{format_count(dropped)}, for a missing cell{_numbered(data)}"))
    blocks: tuple[Block, ...] = (
        Facts(tuple(facts)),
        _binding(data),
        *_tips(data),
        *_levels(data),
        *_standardized(data),
    )
    return Section("data", "Data", blocks)


def _numbered(data: Record) -> str:
    rows = list(reading.part(data, "dropped").get("rows") or ())
    shown = ", ".join(str(one) for one in rows[:_MOST_LISTED])
    return f" (rows {shown}{', ...' if len(rows) > _MOST_LISTED else ''})" if rows else ""


def _tips(data: Record) -> tuple[Block, ...]:
    tips = tuple(str(one) for one in data.get("tips") or ())
    return (Paragraph("Worth a look:"), Items(tips)) if tips else ()


def _levels(data: Record) -> tuple[Block, ...]:
    """Return which number stands for which level of a group."""
    levels = data.get("levels")
    if not isinstance(levels, Mapping) or not levels:
        return ()
    columns = (
        Column("Variable", "name"),
        Column("Levels", "number"),
        Column("In the order of their numbers", "prose"),
    )
    rows = tuple(
        (Cell(str(name)), Cell(str(len(found or ()))), Cell(_listed(found))) for name, found in levels.items()
    )
    return (Table("levels-table", "Levels of texts and groups", columns, rows, is_prose=True),)


def _listed(found: object) -> str:
    names = [str(one) for one in found] if isinstance(found, list | tuple) else []
    more = f" and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else ""
    return f"{', '.join(f'`{one}`' for one in names[:_MOST_LISTED])}{more}" or MISSING


def _standardized(data: Record) -> tuple[Block, ...]:
    """Return by how much predictors were shifted and scaled while fitting, and the scale of results."""
    found = reading.part(data, "standardized")
    matrices = found.get("matrices") or {}
    rows = tuple(
        (Cell(str(column)), Cell(name), Cell(format_number(mean)), Cell(format_number(sd)))
        for name, one in matrices.items()
        for column, mean, sd in zip(one["columns"], one["mean"], one["sd"], strict=True)
    )
    if not rows:
        return ()
    is_back = found.get("status") == "proved"
    where = "the scale of the data" if is_back else "the scale of the standardized predictors"
    columns = (Column("Predictor", "name"), Column("Matrix", "name"), Column("Mean"), Column("SD"))
    caption = f"Predictors put on one scale while fitting; results are on {where}"
    return (Table("standardized-table", caption, columns, rows),)


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
