"""Jobs that failed: when, what they were to do, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from workbench.registry.events import Event, Failed
from workbench.registry.history import ModelHistory
from workbench.report.audit.words import describe_time, shorten
from workbench.report.document import Block, Cell, Column, Paragraph, Section, TableBlock
from workbench.report.numbers import MISSING, format_seconds, join_with_and, pluralise


def list_failures(history: ModelHistory) -> list[tuple[Event, Failed]]:
    """Return the jobs that failed, the first one first, each with its event."""
    return [(event, event.content) for event in history.events if isinstance(event.content, Failed)]


def describe_failures(history: ModelHistory) -> str:
    """Return a sentence on the jobs that failed since the newest version was added; empty if none did."""
    newest = history.model.versions[-1]
    numbers = [event.number for event in history.events if event.content is newest.added]
    since = [(event, failed) for event, failed in list_failures(history) if event.number > max(numbers)]
    if not since:
        return ""
    event, failed = since[-1]
    return (
        f"{pluralise(len(since), 'job')} failed since the newest version was added, the last one "
        f"{describe_time(event.time)} ({failed.cause})."
    )


def build_section(history: ModelHistory) -> Section:
    """Return the jobs that failed and their causes."""
    failures = list_failures(history)
    blocks: tuple[Block, ...] = (Paragraph("No failed job is recorded."),)
    if failures:
        blocks = (Paragraph(_count_causes([failed for _, failed in failures])), _tabulate(failures))
    return Section("failures", "Failed jobs", blocks)


def _count_causes(failures: Sequence[Failed]) -> str:
    causes = Counter(failed.cause for failed in failures).most_common()
    listed = join_with_and([f"{cause} ({count})" for cause, count in causes])
    return f"{pluralise(len(failures), 'job')} failed: {listed}."


def _tabulate(failures: Sequence[tuple[Event, Failed]]) -> TableBlock:
    columns = (
        Column("Event"),
        Column("When and by whom", "prose"),
        Column("What", "prose"),
        Column("Cause", "name"),
        Column("Reason", "prose"),
        Column("Took", "number"),
    )
    rows = tuple(
        (
            Cell(f"event\N{NO-BREAK SPACE}{event.number}"),
            Cell(f"{describe_time(event.time)} by {event.author or 'somebody unnamed'}"),
            Cell(_describe_job(failed)),
            Cell(failed.cause or MISSING),
            Cell(shorten(failed.message)),
            Cell(format_seconds(failed.seconds)),
        )
        for event, failed in reversed(failures)
    )
    caption = f"{pluralise(len(rows), 'job')} that failed, the newest first"
    return TableBlock("failures-table", caption, columns, rows, is_prose=True, is_interactive=True)


def _describe_job(failed: Failed) -> str:
    job = failed.job
    base = "" if job.base is None else f" of version {job.base}"
    rows = f" with `{job.table}`" if job.table else ""
    return f"refit ({job.way}){base}{rows}, data {job.data[:12]}"
