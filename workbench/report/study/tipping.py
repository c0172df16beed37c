"""Where decisions tip: the smallest change of each hyperparameter that changes one."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.report.document import Cell, Column, Notice, Section, TableBlock, Tone
from workbench.report.numbers import format_number
from workbench.report.study.slopes import format_rounded
from workbench.studies import StudyResults
from workbench.studies.view import TippingPoint, TippingSide
from workbench.thresholds import MARGIN_STANDARD_ERRORS

_TITLE = "When conclusions tip"
"""The title of the section."""

_COLUMNS = (
    Column("Conclusion", "prose"),
    Column("In the base fit", "text"),
    Column("Margin", "number", help="How far the conclusion is from tipping in the base fit"),
    Column("MCSE", "number", help="Monte Carlo standard error of the margin"),
    Column("Hyperparameter", "name"),
    Column("Base", "number"),
    Column("Tips below", "prose"),
    Column("Tips above", "prose"),
)

_ERRORS = f"{MARGIN_STANDARD_ERRORS:g} Monte Carlo standard errors"
"""The distance from zero beyond which a margin is clear."""

_FOUND = (
    f"In brackets: where the margin is within {_ERRORS} of zero, an interval that holds the tipping point "
    "about 19 times in 20."
)
"""How to read a tipping point."""

_CONFIRMED = "A full fit at each tipping point is among those behind it."
"""What confirms tipping points."""

_UNCLEAR = f"Cannot tell: the margin is within {_ERRORS} of zero, so that its sign is not known."
"""How to read what is not known."""


def build_section(results: StudyResults) -> Section:
    """Return the table of tipping points, or why there is none."""
    if not results.tipping:
        return Section("tipping", _TITLE, (Notice(_explain_absence(results)),))
    table = TableBlock(
        key="tipping-table",
        caption="The smallest change of each hyperparameter that changes a conclusion",
        columns=_COLUMNS,
        rows=tuple(_build_row(tip) for tip in results.tipping),
        note=_explain_cells(results.tipping),
        is_prose=True,
    )
    return Section("tipping", _TITLE, (table,))


def _explain_absence(results: StudyResults) -> str:
    if results.plan.decisions:
        return "Tipping points are searched for among posteriors, which need nuts among --methods."
    return "No conclusion was stated; --decision 'P(beta[1]>0)>0.95' follows one until it tips."


def _explain_cells(tips: Sequence[TippingPoint]) -> str:
    """Return how to read what the table holds."""
    sides = [side for tip in tips for side in (tip.below, tip.above)]
    found = [side for side in sides if side.is_found]
    sentences = [_FOUND] if found else []
    if found and all(side.is_confirmed for side in found):
        sentences.append(_CONFIRMED)
    if any(side.is_unclear for side in sides) or any(tip.answer == "cannot tell" for tip in tips):
        sentences.append(_UNCLEAR)
    return " ".join(sentences)


def _build_row(tip: TippingPoint) -> tuple[Cell, ...]:
    answers = {"yes": "holds", "no": "does not hold", "cannot tell": "cannot tell"}
    return (
        Cell(f"`{tip.decision}`"),
        Cell(answers[tip.answer]),
        Cell(format_rounded(tip.margin)),
        Cell(format_number(None if tip.mcse is None else float(f"{tip.mcse:.2g}"))),
        Cell(tip.hyperparameter),
        Cell(format_number(tip.base)),
        Cell(_describe_side(tip, tip.below, "down"), Tone.CAUTION if tip.nearest == "below" else None),
        Cell(_describe_side(tip, tip.above, "up"), Tone.CAUTION if tip.nearest == "above" else None),
    )


def _describe_side(tip: TippingPoint, side: TippingSide, direction: str) -> str:
    if side.status == "found":
        interval = f"{format_rounded(side.lower)} to {format_rounded(side.upper)}"
        near = ", within error of the base" if tip.is_near_base and side is tip.nearest_side else ""
        return f"{format_rounded(side.value)} ({interval}){near}"
    if side.status == "none":
        return f"not {direction} to {format_rounded(side.searched)}"
    if side.status == "unclear":
        return _describe_unclear_side(side, direction)
    return f"not known: {side.reason}"


def _describe_unclear_side(side: TippingSide, direction: str) -> str:
    """Return over which values it cannot be told, and where the draws alone would put the tipping point."""
    start, end = (side.upper, side.lower) if direction == "down" else (side.lower, side.upper)
    parts = ["cannot tell"]
    parts += [] if start is None else [f"from {format_rounded(start)}"]
    parts.append(f"{direction} to {format_rounded(side.searched if end is None else end)}")
    if side.value is not None:
        parts.append(f"(perhaps at {format_rounded(side.value)})")
    return " ".join(parts)
