"""Predictions of new rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workbench.report.document import Cell, Column, Document, Section, TableBlock
from workbench.report.numbers import (
    MISSING,
    choose_decimals,
    format_interval,
    format_number,
    format_percentage,
)
from workbench.results.quantities import owner

MOST_ROWS = 40
"""Rows of each quantity that are shown; a file that `--output` names has them all."""

_NAME_COLUMNS = (Column("row", "name"), Column("prediction", "name"))
"""The columns that say what is predicted."""


class FirstRows:
    """The first predictions of each outcome, collected as they come, and how many there are.

    Parameters
    ----------
    most
        How many of each outcome are kept; all of them by default.
    """

    def __init__(self, most: int | None = None) -> None:
        self.kept: dict[str, list[Mapping[str, Any]]] = {}
        self.counts: Counter[str] = Counter()
        self._most = most

    @property
    def rows(self) -> list[Mapping[str, Any]]:
        """What was kept, one outcome after the other."""
        return [row for kept in self.kept.values() for row in kept]

    def add(self, rows: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """Take more predictions in; return them, for whoever takes them next."""
        for row in rows:
            name = owner(str(row["prediction"]).removeprefix("P(").partition(" = ")[0])
            kept = self.kept.setdefault(name, [])
            self.counts[name] += 1
            if self._most is None or len(kept) < self._most:
                kept.append(row)
        return rows


def build_predictions_page(
    predicted: FirstRows, run: Path, subject: str, *, level: float = 0.95, remark: str = ""
) -> Document:
    """Return the page that `workbench predict` prints: a table for each outcome.

    A probability has the interval of itself; any other outcome one of its own and one of its expectation.

    Parameters
    ----------
    predicted
        Rows with the columns of `outcome_summaries`.
    run
        The run directory.
    subject
        What was predicted: the name of a table.
    level
        The probability of intervals.
    remark
        What must be known about the predictions.
    """
    blocks = tuple(
        _build_table(variable, rows, level, predicted.counts[variable] - len(rows))
        for variable, rows in predicted.kept.items()
    )
    return Document(
        title=f"predictions for {subject}",
        subtitle=f"from {run}",
        opening=(remark[:1].upper() + remark[1:],) if remark else (),
        sections=(Section("predictions", "", blocks),),
    )


def _build_table(
    variable: str, shown: Sequence[Mapping[str, Any]], level: float, left_out: int
) -> TableBlock:
    note = f"{left_out:,} more with --output FILE" if left_out else ""
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
