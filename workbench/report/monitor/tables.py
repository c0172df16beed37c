"""The tables of a monitor: its batches, the rows that contribute most, earlier versions."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.monitoring.account import MonitorAccount
from workbench.monitoring.events import BatchWatched
from workbench.monitoring.state import MonitoredBatch, MonitorState, Period
from workbench.report.document import Cell, Column, TableBlock, Tone
from workbench.report.numbers import MISSING, format_count, format_interval, format_number, format_share


def build_batches(period: Period, most: int, *, key: str = "batches") -> TableBlock:
    """Return the last batches of a version, the newest first."""
    columns = (
        Column("batch", "number"),
        Column("name", "name", drop_order=2),
        Column("time"),
        Column("rows", "number"),
        Column("with outcome", "number", drop_order=3),
        Column("farthest out", help="the statistic that is farthest from its median"),
        Column("transform", "number", help="uniform between 0 and 1 while nothing has changed"),
        Column("detector", "number", help="an alarm when it reaches its threshold"),
        Column("notes", "prose", drop_order=1),
    )
    values = {
        batch.number: value
        for part in period.parts
        for batch, value in zip(part.batches, part.values, strict=True)
    }
    rows = [_describe_batch(batch, period, values) for batch in reversed(period.batches)]
    left_out = len(rows) - most
    note = f"{left_out:,} earlier ones are left out" if left_out > 0 else ""
    return TableBlock(key, "", columns, tuple(rows[:most]), note=note)


def _describe_batch(batch: MonitoredBatch, period: Period, values: dict[int, float]) -> tuple[Cell, ...]:
    event = batch.event
    value = values.get(batch.number)
    is_high = value is not None and value >= period.begun.arl
    return (
        Cell(str(batch.number)),
        Cell(event.name),
        Cell(event.time[:16].replace("T", " ")),
        Cell(format_count(event.rows)),
        Cell(format_count(event.with_outcome)),
        Cell(event.statistic or MISSING),
        Cell(format_share(_find_transform(event))),
        Cell(MISSING if value is None else format_number(value), Tone.FAIL if is_high else None),
        Cell("; ".join(list_notes(batch, period)) or MISSING),
    )


def _find_transform(event: BatchWatched) -> float | None:
    own = next((each for each in event.transforms if event.statistic in each.names), None)
    return None if own is None else own.read_values()[event.statistic]


def list_notes(batch: MonitoredBatch, period: Period) -> list[str]:
    """Return what is to be known about a batch, in a few words each."""
    event = batch.event
    notes = []
    if event.window:
        notes.append("suppressed")
    if event.is_late:
        notes.append("out of order")
    if not event.with_outcome:
        notes.append("predictors only")
    if any(each.batches == batch.number - 1 and each.run == event.base for each in period.refits):
        notes.append("after a fit of all rows")
    notes += [
        f"then acknowledged: {each.reason}" for each in period.acknowledgements if each.after == batch.number
    ]
    return notes


def build_rows(account: MonitorAccount, most: int) -> TableBlock | None:
    """Return the rows that move the leading statistic most; `None` where there are none."""
    if not account.rows or account.finding is None:
        return None
    columns = (
        Column("row", "number"),
        Column("batch", "number"),
        Column("outcome", "name", drop_order=1),
        Column("observed", "number"),
        Column("predicted", "number"),
        Column("interval", "number", drop_order=2),
        Column("contribution", "number", help="how far the row moves the statistic [its SDs]"),
    )
    rows = tuple(
        (
            Cell(str(item.row.row)),
            Cell(str(item.batch)),
            Cell(item.row.outcome),
            Cell(format_number(item.row.observed)),
            Cell(format_number(item.row.mean)),
            Cell(format_interval(item.row.lower, item.row.upper)),
            Cell(format_number(item.row.contribution, 2)),
        )
        for item in account.rows[:most]
    )
    caption = f"Rows that move `{account.finding.statistic}` most"
    return TableBlock("rows", caption, columns, rows)


def build_earlier(state: MonitorState) -> TableBlock | None:
    """Return the versions that were monitored before; `None` where there are none."""
    earlier: Sequence[Period] = state.periods[:-1]
    if not earlier:
        return None
    columns = (
        Column("version", "name"),
        Column("since"),
        Column("batches", "number"),
        Column("detector at last", "number"),
        Column("alarm"),
    )
    rows = tuple(
        (
            Cell(period.reference),
            Cell(period.time[:16].replace("T", " ")),
            Cell(str(len(period.batches))),
            Cell(format_number(period.standing.value)),
            Cell(*_describe_end(period)),
        )
        for period in reversed(earlier)
    )
    return TableBlock("earlier", "", columns, rows)


def _describe_end(period: Period) -> tuple[str, Tone | None]:
    alarm = period.standing.alarm
    if alarm is not None:
        return f"{alarm.statistic}, when it ended", Tone.FAIL
    count = len(period.acknowledgements)
    return (f"{count} acknowledged" if count else "none"), None
