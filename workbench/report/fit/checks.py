"""The checks: what was measured, against which threshold, what it means and what to do."""

from __future__ import annotations

from workbench.report import reading
from workbench.report.document import Block, Cell, Column, Notice, Paragraph, Section, Table, Tone
from workbench.report.fit.check_pages import anchor
from workbench.report.numbers import MISSING, format_number, plural
from workbench.report.reading import Record

_STATUSES = {
    "issue": (Tone.FAIL, "Issue"),
    "tip": (Tone.CAUTION, "Tip"),
    "passed": (Tone.OK, "Passed"),
    "n/a": (Tone.NEUTRAL, "Does not apply"),
    "skipped": (Tone.NEUTRAL, "Skipped"),
}
"""From the most to the least urgent."""

_COLUMNS = (
    Column("Check", "prose"),
    Column("Result"),
    Column("Measured", "number"),
    Column("Threshold", "prose"),
    Column("What was found", "prose"),
    Column("What to do", "prose"),
)


def section(record: Record) -> Section:
    """Return the table of checks, the most urgent first."""
    checks = reading.entries(reading.part(record, "diagnosis"), "checks")
    if not checks:
        notice = Notice("No checks were made on this run.", Tone.CAUTION)
        return Section("checks", "Checks", (notice,))
    order = {status: place for place, status in enumerate(_STATUSES)}
    checks.sort(key=lambda check: order.get(str(check.get("status")), len(order)))
    table = Table(
        key="checks-table",
        caption="Every check, the most urgent first",
        columns=_COLUMNS,
        rows=tuple(_row(check) for check in checks),
        is_prose=True,
    )
    blocks: tuple[Block, ...] = (Paragraph(_counts(checks)), table)
    return Section("checks", "Checks", blocks)


def _counts(checks: list[Record]) -> str:
    counts = {status: sum(check.get("status") == status for check in checks) for status in _STATUSES}
    parts = [f"{counts['passed']} passed", plural(counts["issue"], "issue"), plural(counts["tip"], "tip")]
    idle = counts["n/a"] + counts["skipped"]
    return f"Of {plural(len(checks), 'check')}: {', '.join(parts)}, {idle} not applied."


def _row(check: Record) -> tuple[Cell, ...]:
    tone, word = _STATUSES.get(str(check.get("status")), (Tone.NEUTRAL, MISSING))
    advice = str(check.get("advice") or "")
    is_called_for = check.get("status") in ("issue", "tip")
    threshold = _number_or_text(check.get("threshold"))
    reference = check.get("reference")
    return (
        Cell(
            f"`{check.get('code') or MISSING}` {check.get('title') or ''}".strip(),
            anchor=anchor(check.get("code")),
        ),
        Cell(word, tone),
        Cell(_number_or_text(check.get("measured"))),
        Cell(f"{threshold} ({reference})" if reference else threshold),
        Cell(str(check.get("message") or MISSING)),
        Cell(advice if is_called_for and advice else MISSING),
    )


def _number_or_text(value: object) -> str:
    return value if isinstance(value, str) and value else format_number(value)
