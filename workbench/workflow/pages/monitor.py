"""The page that `workbench monitor` prints."""

from __future__ import annotations

from workbench.monitoring.account import MonitorAccount
from workbench.report.document import Document, Section
from workbench.report.monitor import describe_account
from workbench.report.monitor.tables import build_batches, build_rows
from workbench.report.numbers import pluralise

_MOST_BATCHES = 10
"""Batches that are shown; a page that `--html` names has more."""

_MOST_ROWS = 5
"""Rows that are shown."""


def build_monitor_page(account: MonitorAccount) -> Document:
    """Return where a monitor stands: the answer, the rows that contribute most on an alarm, the batches."""
    period = account.period
    sections = []
    rows = build_rows(account, _MOST_ROWS) if account.is_alarm else None
    if rows is not None:
        sections.append(Section("rows", "Rows that contribute most", (rows,)))
    sections.append(Section("batches", "Batches", (build_batches(period, _MOST_BATCHES),)))
    return Document(
        title=period.reference,
        subtitle=f"{pluralise(len(period.batches), 'batch')}, in {account.place}",
        opening=describe_account(account),
        sections=tuple(sections),
        kicker="Monitor",
    )
