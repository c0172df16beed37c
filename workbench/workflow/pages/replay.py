"""A run and its replay, number by number."""

from __future__ import annotations

from pathlib import Path

from workbench.report.document import Cell, Column, Document, Section, TableBlock, Tone, Verdict
from workbench.report.numbers import pluralise
from workbench.workflow.replay import Replay

MOST_ROWS = 12
"""Numbers that are shown, the farthest apart first; `--json` prints them all."""

_COLUMNS = (
    Column("parameter", "name"),
    Column("method"),
    Column("number"),
    Column("before", "number"),
    Column("after", "number"),
    Column("difference/MCSE", "number"),
)
"""The columns of the table of differences."""


def build_replay_page(replay: Replay, run: Path) -> Document:
    """Return the page that `workbench replay` prints."""
    return Document(
        title=f"replay of {run}",
        sections=() if replay.is_identical else (Section("differences", "", (_tabulate(replay),)),),
        verdict=_judge(replay),
    )


def _judge(replay: Replay) -> Verdict:
    count = pluralise(len(replay.differences), "number")
    if replay.is_identical:
        return Verdict(Tone.OK, f"All {count} are the same to the last digit.")
    largest = f"{count} compared, the largest difference is {replay.differences[0].distance:.2f} combined"
    if not replay.disagreements:
        return Verdict(Tone.OK, f"All agree: {largest} Monte Carlo errors.")
    return Verdict(Tone.FAIL, f"{len(replay.disagreements)} disagree: {largest} Monte Carlo errors.")


def _tabulate(replay: Replay) -> TableBlock:
    rows = tuple(
        tuple(
            Cell(text)
            for text in (
                difference.parameter,
                difference.method,
                difference.quantity,
                f"{difference.before:.6g}",
                f"{difference.after:.6g}",
                f"{difference.distance:.2f}",
            )
        )
        for difference in replay.differences[:MOST_ROWS]
    )
    left_out = len(replay.differences) - MOST_ROWS
    note = f"{left_out:,} more with --json" if left_out > 0 else ""
    return TableBlock("differences", "", _COLUMNS, rows, note=note)
