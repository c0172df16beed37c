"""What came of a gate, as a document."""

from __future__ import annotations

from datetime import UTC, datetime

from workbench.provenance import read_workbench_version
from workbench.registry.gate import Criterion, GateResult
from workbench.report.document import (
    Block,
    Cell,
    Column,
    Document,
    Items,
    Paragraph,
    Section,
    TableBlock,
    Tone,
)
from workbench.report.numbers import join_with_and, pluralise

_TONES = {"passed": Tone.OK, "failed": Tone.FAIL, "not applicable": Tone.NEUTRAL}
"""How each result of a criterion is shown."""


def build_gate_report(result: GateResult) -> Document:
    """Return what came of a gate as a document: the answer, then each criterion."""
    now = datetime.now(UTC).strftime("%Y-%m-%d at %H:%M:%S UTC")
    remarks = list_remarks(result)
    table = build_criteria_table(result.criteria)
    blocks: tuple[Block, ...] = (table, Items(remarks)) if remarks else (table,)
    return Document(
        title=result.challenger,
        subtitle=f"in the place of {result.champion or 'no champion'}",
        opening=(describe_result(result),),
        byline=f"Written {now} by workbench {read_workbench_version()}",
        sections=(Section("criteria", "Criteria", (*blocks, *_say_rows(result))),),
        kicker="Gate",
    )


def describe_contenders(result: GateResult) -> str:
    """Return who takes whose place."""
    return f"{result.challenger} in the place of {result.champion or 'no champion'}"


def describe_result(result: GateResult) -> str:
    """Return the answer in a sentence."""
    mute = sum(criterion.status == "not applicable" for criterion in result.criteria)
    unasked = f" {mute} of {len(result.criteria)} criteria do not apply." if mute else ""
    if result.is_passed:
        return f"Passed: {result.challenger} may be promoted.{unasked}"
    failed = join_with_and([f"`{name}`" for name in result.failed])
    verb = "is not met" if len(result.failed) == 1 else "are not met"
    return f"Failed: {failed} {verb}, and {result.challenger} may not be promoted.{unasked}"


def list_remarks(result: GateResult) -> tuple[str, ...]:
    """Return what more there is to say of criteria that passed or failed."""
    return tuple(
        f"{each.name}: {each.reason}"
        for each in result.criteria
        if each.reason and each.status != "not applicable"
    )


def build_criteria_table(criteria: tuple[Criterion, ...]) -> TableBlock:
    """Return the criteria as a table, in the order in which they were asked."""
    columns = (
        Column("criterion"),
        Column("result"),
        Column("found", "prose"),
        Column("demanded", "prose"),
    )
    rows = tuple(
        (
            Cell(each.name),
            Cell(each.status, _TONES[each.status]),
            Cell(each.found if each.status != "not applicable" else each.reason),
            Cell(each.demanded),
        )
        for each in criteria
    )
    return TableBlock("criteria", "", columns, rows)


def _say_rows(result: GateResult) -> tuple[Paragraph, ...]:
    if not result.data:
        return ()
    rows = "" if result.rows is None else f"{result.rows:,} rows with "
    left_out = f" {pluralise(result.left_out, 'row')} without an outcome left out." if result.left_out else ""
    return (Paragraph(f"The held-out table has {rows}the hash {result.data[:12]}.{left_out}"),)
