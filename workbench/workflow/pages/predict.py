"""Predictions of new rows."""

from __future__ import annotations

import math
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

FIRST_ROWS = 10
"""Rows of each quantity that are shown beside a file that has them all."""

_MOST_CATEGORIES = 6
"""Categories that a summary names."""

NO_INTERVAL = "no interval"
"""What stands in the place of an interval of what a point alone decides."""

_NAME_COLUMNS = (Column("row", "name"), Column("prediction", "name"))
"""The columns that say what is predicted."""


class Total:
    """What all predictions of an outcome come to, as they come."""

    def __init__(self) -> None:
        self.count = 0
        self._low, self._high, self._sum, self._known = math.inf, -math.inf, 0.0, 0
        self._is_probability, self._is_certain = True, True
        self._most_probable = Counter[str]()
        self._element, self._row = "", None

    def add(self, row: Mapping[str, Any]) -> None:
        """Take a prediction in."""
        self.count += 1
        mean = float(row["mean"])
        if math.isfinite(mean):
            self._low, self._high = min(self._low, mean), max(self._high, mean)
            self._sum += mean
            self._known += 1
        self._is_probability = self._is_probability and _is_probability(row)
        self._is_certain = self._is_certain and not row["sd"] > 0
        if most := _read_most_probable(row):
            element = str(row["prediction"]).partition(" = ")[0]  # its categories follow each other
            self._most_probable[most] += element != self._element or row["row"] != self._row
            self._element, self._row = element, row["row"]

    def describe(self, variable: str) -> str:
        """Return a sentence: how many there are, and where they lie."""
        if self._most_probable:
            found = self._most_probable.most_common(_MOST_CATEGORIES)
            shares = ", ".join(f"{name} in {count:,}" for name, count in found)
            return f"`{variable}`, {self._most_probable.total():,} values: most probable is {shares}."
        subject = f"`{variable}`, {self.count:,} value{'s' if self.count > 1 else ''}"
        if not self._known:
            return f"{subject}."
        ends = format_number(self._low), format_number(self._high), format_number(self._sum / self._known)
        kind = "probabilities" if self._is_probability and not self._is_certain else "means"
        return f"{subject}: {kind} from {ends[0]} to {ends[1]}, {ends[2]} on average."


class FirstRows:
    """The first predictions of each outcome, collected as they come, and what all of them come to.

    Parameters
    ----------
    most
        How many of each outcome are kept; all of them by default.
    """

    def __init__(self, most: int | None = None) -> None:
        self.kept: dict[str, list[Mapping[str, Any]]] = {}
        self.totals: dict[str, Total] = {}
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
            self.totals.setdefault(name, Total()).add(row)
            if self._most is None or len(kept) < self._most:
                kept.append(row)
        return rows


def build_predictions_page(
    predicted: FirstRows,
    source: Path | str,
    subject: str,
    *,
    level: float = 0.95,
    remark: str = "",
    target: Path | None = None,
) -> Document:
    """Return the page that `workbench predict` prints: a table for each outcome.

    A probability has the interval of itself; any other outcome one of its own and one of its expectation.

    Parameters
    ----------
    predicted
        Rows with the columns of `outcome_summaries`.
    source
        The run directory, or what an average is called.
    subject
        What was predicted: the name of a table.
    level
        The probability of intervals.
    remark
        What must be known about the predictions.
    target
        The file that has them all; the page then opens with what they come to.
    """
    totals = predicted.totals
    blocks = tuple(
        _build_table(variable, rows, level, describe_rest(totals[variable].count - len(rows), target))
        for variable, rows in predicted.kept.items()
    )
    summary = () if target is None else tuple(total.describe(name) for name, total in totals.items())
    return Document(
        title=f"predictions for {subject}",
        subtitle=f"from {source}",
        opening=(*([remark[:1].upper() + remark[1:]] if remark else []), *summary),
        sections=(Section("predictions", "", blocks),),
    )


def describe_rest(left_out: int, target: Path | None) -> str:
    """Return where the rows are that a table leaves out; empty where it leaves out none."""
    if left_out <= 0:
        return ""
    return f"{left_out:,} more {'with --output FILE' if target is None else f'in {target}'}"


def _build_table(variable: str, shown: Sequence[Mapping[str, Any]], level: float, note: str) -> TableBlock:
    interval = f"{format_percentage(level)} interval"
    columns: tuple[Column, ...]
    if _are_probabilities(shown):
        is_category = any(_read_most_probable(row) for row in shown)
        columns = (
            *_NAME_COLUMNS,
            Column("probability", "number"),
            Column(interval, "number"),
            *([Column("most probable", "name")] if is_category else ()),
        )
        cells = [_show_probability(row, is_category=is_category) for row in shown]
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


def _are_probabilities(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether a table is one of probabilities; a count of no trials is certain, and looks like one."""
    return all(_is_probability(row) for row in rows) and any(row["sd"] > 0 for row in rows)


def _show_names(row: Mapping[str, Any]) -> tuple[Cell, ...]:
    number, label = str(row["row"]), str(row["label"])
    return Cell(label if label else number), Cell(str(row["prediction"]))


def _show_probability(row: Mapping[str, Any], *, is_category: bool) -> tuple[Cell, ...]:
    """Return the cells of a probability; in that of the most probable category, its name."""
    category = _read_most_probable(row)
    most = category if str(row["prediction"]).endswith(f" = {category})") else ""
    return (
        *_show_names(row),
        Cell(format_number(row["mean"], 3)),
        Cell(_format_own_interval(row, 3)),
        *([Cell(most)] if is_category else ()),
    )


def _read_most_probable(row: Mapping[str, Any]) -> str:
    """Return the most probable category of a row; empty where an outcome has none."""
    category = row.get("most_probable")
    return category if isinstance(category, str) else ""


def _format_own_interval(row: Mapping[str, Any], decimals: int | None) -> str:
    """Return the interval of an expectation or a probability, if it has one."""
    if row["expected_lower"] != row["expected_lower"]:  # a missing number is not equal to itself
        return NO_INTERVAL
    return format_interval(row["expected_lower"], row["expected_upper"], decimals)


def _show_number(row: Mapping[str, Any]) -> tuple[Cell, ...]:
    decimals = choose_decimals(row["sd"])
    is_expected = row["expected"] == row["expected"]  # a missing number is not equal to itself
    return (
        *_show_names(row),
        Cell(format_number(row["mean"], decimals)),
        Cell(format_interval(row["lower"], row["upper"], decimals)),
        Cell(format_number(row["expected"], decimals) if is_expected else MISSING),
        Cell(_format_own_interval(row, decimals) if is_expected else MISSING),
    )
