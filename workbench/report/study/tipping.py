"""Where decisions tip: the smallest change of each hyperparameter that changes one."""

from __future__ import annotations

from workbench.report.document import Cell, Column, Notice, Section, Table, Tone
from workbench.report.numbers import format_number
from workbench.report.study.slopes import format_rounded
from workbench.studies import StudyResults
from workbench.studies.view import TippingPoint, TippingSide

_TITLE = "When conclusions tip"
"""The title of the section."""

_COLUMNS = (
    Column("Conclusion", "prose"),
    Column("In the base fit", "text"),
    Column("Hyperparameter", "name"),
    Column("Base", "number"),
    Column("Tips below", "prose"),
    Column("Tips above", "prose"),
)
"""The columns of the table."""


def build_section(results: StudyResults) -> Section:
    """Return the table of tipping points, or why there is none."""
    if not results.tipping:
        return Section("tipping", _TITLE, (Notice(_explain_absence(results)),))
    table = Table(
        key="tipping-table",
        caption="The smallest change of each hyperparameter that changes a conclusion",
        columns=_COLUMNS,
        rows=tuple(_build_row(tip) for tip in results.tipping),
        note="In brackets: two Monte Carlo standard errors to each side. A full fit confirmed each value.",
        is_prose=True,
    )
    return Section("tipping", _TITLE, (table,))


def _explain_absence(results: StudyResults) -> str:
    if results.plan.decisions:
        return "Tipping points are searched for among posteriors, which need nuts among --methods."
    return "No conclusion was stated; --decision 'P(beta[1]>0)>0.95' follows one until it tips."


def _build_row(tip: TippingPoint) -> tuple[Cell, ...]:
    return (
        Cell(f"`{tip.decision}`"),
        Cell("holds" if tip.holds else "does not hold"),
        Cell(tip.hyperparameter),
        Cell(format_number(tip.base)),
        Cell(_describe_side(tip.below, "down"), Tone.CAUTION if tip.nearest == "below" else None),
        Cell(_describe_side(tip.above, "up"), Tone.CAUTION if tip.nearest == "above" else None),
    )


def _describe_side(side: TippingSide, direction: str) -> str:
    if side.status == "found":
        interval = f"{format_rounded(side.lower)} to {format_rounded(side.upper)}"
        return f"{format_rounded(side.value)} ({interval})"
    if side.status == "none":
        return f"not {direction} to {format_rounded(side.searched)}"
    return f"not known: {side.reason}"
