"""Predictions of new rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.report.document import Cell, Column, Document, Section, TableBlock
from workbench.report.numbers import (
    MISSING,
    choose_decimals,
    format_interval,
    format_number,
    format_percentage,
)
from workbench.results.quantities import owner

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS = 40
"""Rows of each quantity that are shown; a file that `--output` names has them all."""

_NAME_COLUMNS = (Column("row", "name"), Column("prediction", "name"))
"""The columns that say what is predicted."""


def build_predictions_page(
    predictions: pd.DataFrame, run: Path, subject: str, most_rows: int = MOST_ROWS
) -> Document:
    """Return the page that `workbench predict` prints: a table for each outcome.

    A probability has the interval of itself; any other outcome one of its own and one of its expectation.

    Parameters
    ----------
    predictions
        With the columns of `outcome_summaries`.
    run
        The run directory.
    subject
        What was predicted: the name of a table.
    most_rows
        How many rows of each outcome are shown.
    """
    remark = str(predictions.attrs.get("remark", ""))
    level = float(predictions.attrs.get("level", 0.95))
    blocks = tuple(
        _build_table(variable, rows, level, most_rows) for variable, rows in _group_rows(predictions)
    )
    return Document(
        title=f"predictions for {subject}",
        subtitle=f"from {run}",
        opening=(remark[:1].upper() + remark[1:],) if remark else (),
        sections=(Section("predictions", "", blocks),),
    )


def _group_rows(predictions: pd.DataFrame) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield the predictions of each variable."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in predictions.to_dict("records"):
        name = str(row["prediction"])
        groups.setdefault(owner(name.removeprefix("P(").partition(" = ")[0]), []).append(
            {str(key): row[key] for key in row}
        )
    yield from groups.items()


def _build_table(variable: str, rows: list[dict[str, Any]], level: float, most_rows: int) -> TableBlock:
    left_out = len(rows) - most_rows
    note = f"{left_out:,} more with --output FILE" if left_out > 0 else ""
    shown = rows[:most_rows]
    interval = f"{format_percentage(level)} interval"
    columns: tuple[Column, ...]
    if all(_is_probability(row) for row in shown):
        columns = (*_NAME_COLUMNS, Column("probability", "number"), Column(interval, "number"))
        cells = [_show_probability(row) for row in shown]
        caption = "the interval is that of the probability"
    else:
        columns = (
            *_NAME_COLUMNS,
            Column("mean", "number"),
            Column(interval, "number"),
            Column("expected", "number"),
            Column("interval of that", "number"),
        )
        cells = [_show_number(row) for row in shown]
        caption = "the outcome, and its expectation given the parameters"
    return TableBlock(f"predictions-{variable}", caption, columns, tuple(cells), note=note)


def _is_probability(row: Mapping[str, Any]) -> bool:
    """Return whether a row is about a yes/no outcome or a category: its mean is its expectation."""
    return bool(row["mean"] == row["expected"] and 0 <= row["mean"] <= 1)


def _show_names(row: Mapping[str, Any]) -> tuple[Cell, ...]:
    number, label = str(row["row"]), str(row["label"])
    return Cell(label if label else number), Cell(str(row["prediction"]))


def _show_probability(row: Mapping[str, Any]) -> tuple[Cell, ...]:
    interval = format_interval(row["expected_lower"], row["expected_upper"], 3)
    return (*_show_names(row), Cell(format_number(row["mean"], 3)), Cell(interval))


def _show_number(row: Mapping[str, Any]) -> tuple[Cell, ...]:
    decimals = choose_decimals(row["sd"])
    is_expected = row["expected"] == row["expected"]  # a missing number is not equal to itself
    expected = format_interval(row["expected_lower"], row["expected_upper"], decimals)
    return (
        *_show_names(row),
        Cell(format_number(row["mean"], decimals)),
        Cell(format_interval(row["lower"], row["upper"], decimals)),
        Cell(format_number(row["expected"], decimals) if is_expected else MISSING),
        Cell(expected if is_expected else MISSING),
    )
