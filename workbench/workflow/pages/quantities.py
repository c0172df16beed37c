"""Quantities of new rows that `--quantity` asks for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.late_imports import LateModule
from workbench.report.document import Cell, Column, Document, Section, TableBlock
from workbench.report.numbers import (
    MISSING,
    choose_decimals,
    format_interval,
    format_number,
    format_percentage,
)
from workbench.workflow.pages.predict import MOST_ROWS, describe_rest

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = LateModule("pandas")

_PROBABILITY_DECIMALS = 3
"""Decimals of a probability: those that a few thousand draws tell."""


def build_quantities_page(
    quantities: pd.DataFrame,
    source: Path | str,
    subject: str,
    most_rows: int = MOST_ROWS,
    target: Path | None = None,
) -> Document:
    """Return the page that `workbench predict --quantity` prints: a table for each quantity.

    Parameters
    ----------
    quantities
        As `tabulate_quantities` returns them, with `remark` and `level` in their `attrs`.
    source
        The run directory, or what an average is called.
    subject
        What was predicted: the name of a table.
    most_rows
        Rows of each quantity that are shown.
    target
        The file that has them all.
    """
    remark = str(quantities.attrs.get("remark", ""))
    level = float(quantities.attrs.get("level", 0.95))
    groups = quantities.groupby("quantity", sort=False)
    blocks = tuple(_build_table(str(name), rows, level, most_rows, target) for name, rows in groups)
    return Document(
        title=f"quantities for {subject}",
        subtitle=f"from {source}",
        opening=(remark[:1].upper() + remark[1:],) if remark else (),
        sections=(Section("quantities", "", blocks),),
    )


def _build_table(
    name: str, rows: pd.DataFrame, level: float, most_rows: int, target: Path | None
) -> TableBlock:
    shown = rows.head(most_rows)
    has_rows = bool(shown["row"].notna().any())
    has_interval = bool(shown["lower"].notna().any())
    statistic = str(shown["statistic"].iloc[0])
    columns = [Column("row", "name")] if has_rows else []
    columns += [Column("quantity", "name"), Column(statistic, "number")]
    columns += [Column(f"{format_percentage(level)} interval", "number")] if has_interval else []
    columns += [Column("Monte Carlo error", "number")]
    cells = tuple(
        _show(row, has_rows=has_rows, has_interval=has_interval) for row in shown.to_dict("records")
    )
    note = describe_rest(len(rows) - len(shown), target)
    return TableBlock(f"quantities-{name}", "", tuple(columns), cells, note=note)


def _show(row: dict[Any, Any], *, has_rows: bool, has_interval: bool) -> tuple[Cell, ...]:
    decimals = _choose_decimals(row)
    label = str(row["label"]) or str(row["row"])
    names = [Cell(label)] if has_rows else []
    interval = [Cell(format_interval(row["lower"], row["upper"], decimals))] if has_interval else []
    error = Cell(MISSING if pd.isna(row["mcse"]) else f"{row['mcse']:.2g}")
    return (
        *names,
        Cell(str(row["quantity"])),
        Cell(format_number(row["estimate"], decimals)),
        *interval,
        error,
    )


def _choose_decimals(row: dict[Any, Any]) -> int | None:
    """Return the decimals of a number: those that its spread or its Monte Carlo error leaves."""
    if row["statistic"] == "probability":
        return _PROBABILITY_DECIMALS
    if row["statistic"] == "mean":
        return choose_decimals(float(row["sd"]))
    decimals = None if pd.isna(row["mcse"]) else choose_decimals(float(row["mcse"]))
    return None if decimals is None else max(0, decimals - 1)
