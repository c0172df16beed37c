"""The checks: what was measured, the threshold, what was found and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from workbench.report.document import Cell, Column, Notice, Paragraph, Section, TableBlock, Tone
from workbench.report.fit.check_pages import find_anchor
from workbench.report.numbers import MISSING, format_number, pluralise
from workbench.results.view import CheckResult, Results

_STATUSES = {
    "issue": (Tone.FAIL, "Issue"),
    "tip": (Tone.CAUTION, "Tip"),
    "passed": (Tone.OK, "Passed"),
    "n/a": (Tone.NEUTRAL, "Does not apply"),
    "skipped": (Tone.NEUTRAL, "Skipped"),
}
"""The tone and the name of each status, the most urgent first."""

_COLUMNS = (
    Column("Check", "prose"),
    Column("Result"),
    Column("Measured", "number"),
    Column("Threshold", "prose"),
    Column("Finding", "prose"),
    Column("What to do", "prose"),
)
"""The columns of the table of checks."""


def build_section(results: Results) -> Section:
    """Return the table of checks, the most urgent first."""
    checks = results.diagnosis.checks if results.diagnosis else ()
    if not checks:
        notice = Notice("This run has not been checked.", Tone.CAUTION)
        return Section("checks", "Checks", (notice,))
    order = list(_STATUSES)
    ranked = sorted(checks, key=lambda check: order.index(check.status))
    table = TableBlock(
        key="checks-table",
        caption="All checks, most urgent first",
        columns=_COLUMNS,
        rows=tuple(_build_row(check) for check in ranked),
        is_prose=True,
    )
    return Section("checks", "Checks", (Paragraph(_summarise(checks)), table))


def _summarise(checks: Sequence[CheckResult]) -> str:
    counts = Counter(check.status for check in checks)
    return (
        f"Of {pluralise(len(checks), 'check')}: {counts['passed']} passed, "
        f"{pluralise(counts['issue'], 'issue')}, {pluralise(counts['tip'], 'tip')}, "
        f"{counts['n/a'] + counts['skipped']} not applicable or skipped."
    )


def _build_row(check: CheckResult) -> tuple[Cell, ...]:
    tone, status = _STATUSES[check.status]
    needs_action = check.status in ("issue", "tip")
    threshold = check.threshold or MISSING
    return (
        Cell(f"`{check.code or MISSING}` {check.title}".strip(), anchor=find_anchor(check.code)),
        Cell(status, tone),
        Cell(format_number(check.measured)),
        Cell(f"{threshold} ({check.reference})" if check.reference else threshold),
        Cell(check.message or MISSING),
        Cell(check.advice or MISSING if needs_action else MISSING),
    )
