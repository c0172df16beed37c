"""The page that `workbench runs` prints."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from workbench.report.document import Cell, Column, Document, Paragraph, Section, TableBlock, Tone
from workbench.report.numbers import MISSING, format_number, pluralise
from workbench.workflow.run_list import RunEntry

_TONES = {"ok": Tone.OK, "caution": Tone.CAUTION, "fail": Tone.FAIL}
"""How each verdict is shown."""

_UNITS = ((31_557_600, "year"), (2_629_800, "month"), (86_400, "day"), (3_600, "hour"), (60, "minute"))
"""Units of an age, with their lengths [s]."""


def build_runs_page(entries: Sequence[RunEntry], folder: Path, now: datetime | None = None) -> Document:
    """Return the page that `workbench runs` prints: runs and studies in a table, then what could not be read.

    Parameters
    ----------
    entries
        What `list_runs` found.
    folder
        Where.
    now
        The time that ages are measured from; by default that of the clock.
    """
    known = [entry for entry in entries if not entry.reason]
    others = [entry for entry in entries if entry.reason]
    blocks = (
        (_tabulate(known, folder, now or datetime.now(UTC)),)
        if known
        else (Paragraph("There are none yet."),)
    )
    rest = TableBlock(
        "others",
        "",
        (Column("folder", "name"), Column("", "prose")),
        tuple((Cell(_name(entry, folder)), Cell(f"{entry.reason}.")) for entry in others),
        is_prose=True,
    )
    return Document(
        title="runs",
        subtitle=f"in {folder}",
        sections=(
            Section("runs", "", blocks),
            *((Section("others", "not listed", (rest,)),) if others else ()),
        ),
        byline="" if known else "`workbench fit` makes them",
        kicker="Runs",
    )


def describe_age(seconds: float) -> str:
    """Return how long ago something was.

    >>> describe_age(20), describe_age(7300), describe_age(86_400 * 40), describe_age(-5)
    ('just now', '2 hours ago', '1 month ago', 'just now')
    """
    for length, unit in _UNITS:
        if seconds >= length:
            return f"{pluralise(int(seconds // length), unit)} ago"
    return "just now"


def _name(entry: RunEntry, folder: Path) -> str:
    """Return where an entry is, as seen from the folder that is listed."""
    return entry.folder.name if entry.folder == folder else str(entry.folder.relative_to(folder))


def _tabulate(entries: Sequence[RunEntry], folder: Path, now: datetime) -> TableBlock:
    columns = (
        Column("run"),
        Column("verdict"),
        Column("age"),
        Column("R-hat", "number", help="the largest of a run", drop_order=2),
        Column("model", "name", drop_order=3),
        Column("data", "name", drop_order=4),
        Column("report", "name", drop_order=1),
    )
    rows = tuple((Cell(_name(entry, folder)), *_build_row(entry, now)) for entry in entries)
    return TableBlock("runs-table", "", columns, rows)


def _build_row(entry: RunEntry, now: datetime) -> tuple[Cell, ...]:
    what = "study of an earlier run" if entry.is_of_earlier_run else "study"
    verdict = f"{entry.verdict or 'not checked'}{f' ({what})' if entry.kind == 'study' else ''}"
    age = MISSING if entry.created is None else describe_age((now - entry.created).total_seconds())
    rhat = MISSING if entry.rhat_max is None else format_number(entry.rhat_max, 3)
    report = MISSING if entry.report is None else str(entry.report)
    origin = f" (update of {Path(entry.updated_from).name})" if entry.updated_from else ""
    names = (Cell(entry.model), Cell(f"{entry.data or MISSING}{origin}"), Cell(report))
    return (Cell(verdict, _TONES.get(entry.verdict)), Cell(age), Cell(rhat), *names)
