"""What is shown of a monitor: as a page, as values that JSON has, and as metrics."""

from __future__ import annotations

import math
from datetime import datetime
from pathlib import Path

import msgspec

from workbench import files
from workbench.metrics.monitored import MonitorReading
from workbench.monitoring.account import MonitorAccount
from workbench.monitoring.record import (
    DirectedStatistic,
    Direction,
    EarlierPeriod,
    MonitorRecord,
    RecordedBatch,
    RecordedFinding,
    RecordedRow,
)
from workbench.monitoring.standing import MonitorStanding, MovedStatistic
from workbench.monitoring.state import MonitoredBatch, Period
from workbench.report.html import render
from workbench.report.monitor import build_monitor_report, describe_account


def write_monitor_page(account: MonitorAccount, target: Path) -> None:
    """Write where a monitor stands as one HTML file.

    Raises
    ------
    StoreError
        The file cannot be written.
    """
    files.replace_file(target, render(build_monitor_report(account)))


def describe_monitor_state(account: MonitorAccount) -> MonitorRecord:
    """Return where a monitor stands as values that JSON has."""
    period, standing = account.period, account.period.standing
    batch = account.batch
    return MonitorRecord(
        model=period.begun.name,
        version=period.begun.version,
        run=period.begun.run,
        state=str(account.place),
        conclusion=tuple(describe_account(account)),
        is_alarm=account.is_alarm,
        alarm=None if standing.alarm is None else _describe_finding(standing.alarm, period),
        leading=None if standing.leading is None else _describe_finding(standing.leading, period),
        arl=period.begun.arl,
        mode=period.begun.mode,
        watched=period.begun.families,
        detector=standing.value,
        detectors={each.family: _exp(each.detector.log_value[-1]) for each in standing.families},
        batches=len(period.batches),
        batch=None if batch is None else _describe_batch(batch, is_repeated=account.is_repeated),
        rows=tuple(
            RecordedRow(batch=item.batch, name=item.name, **msgspec.structs.asdict(item.row))
            for item in account.rows
        ),
        windows=account.state.windows,
        earlier=tuple(
            EarlierPeriod(
                version=each.begun.version, batches=len(each.batches), is_alarm=each.standing.is_alarm
            )
            for each in account.state.periods[:-1]
        ),
        head=account.state.head,
    )


def _describe_finding(finding: MovedStatistic, period: Period) -> RecordedFinding:
    watched = period.watched
    return RecordedFinding(
        family=finding.family,
        statistic=finding.statistic,
        direction=_name_direction(finding.direction),
        since_batch=watched[finding.onset].number,
        since_time=watched[finding.onset].event.time,
        with_batch=watched[finding.place].number,
        share=finding.share,
        next=tuple(
            DirectedStatistic(statistic=name, direction=_name_direction(direction))
            for name, direction in finding.others
        ),
    )


def _name_direction(direction: int) -> Direction:
    return "up" if direction > 0 else "down"


def _describe_batch(batch: MonitoredBatch, *, is_repeated: bool) -> RecordedBatch:
    event = batch.event
    return RecordedBatch(
        number=batch.number,
        is_repeated=is_repeated,
        name=event.name,
        key=event.key,
        time=event.time,
        rows=event.rows,
        with_outcome=event.with_outcome,
        is_suppressed=bool(event.window),
        is_late=event.is_late,
        is_learned=event.is_learned,
        khat=event.khat,
        effective_draws=event.effective,
        weights_reason=event.weights_reason,
        base=event.base,
        transforms={each.family: _list_transforms(each.read_values()) for each in event.transforms},
        leading_rows=event.leading_rows,
        remarks=event.remarks,
    )


def _list_transforms(values: dict[str, float]) -> dict[str, float | None]:
    return {name: None if math.isnan(value) else value for name, value in values.items()}


def _exp(value: float) -> float:
    return math.exp(min(700.0, float(value)))


def make_reading(account: MonitorAccount) -> MonitorReading:
    """Return where a monitor stands as metrics tell it."""
    period, standing = account.period, account.period.standing
    threshold = math.log(period.begun.arl)
    families = standing.families
    last = period.batches[-1].recorded if period.batches else period.time
    return MonitorReading(
        model=period.begun.name,
        version=str(period.begun.version),
        detectors={each.family: float(each.detector.log_value[-1]) / threshold for each in families},
        alarms={family: _raises(standing, family) for family in period.begun.families},
        batches=len(period.batches),
        rows=sum(batch.event.rows for batch in period.batches),
        last_batch=datetime.fromisoformat(last).timestamp(),
        statistics={
            name: float(value) / threshold
            for each in families
            for name, value in zip(each.names, each.detector.log_statistics[-1], strict=True)
            if math.isfinite(value)
        },
    )


def _raises(standing: MonitorStanding, family: str) -> bool:
    return standing.alarm is not None and standing.alarm.family == family
