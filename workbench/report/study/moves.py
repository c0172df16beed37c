"""How far each posterior mean moves over all points, and how fast at the base fit."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.report.document import Cell, Column, Notice, Section, TableBlock, Tone
from workbench.report.numbers import choose_decimals, format_number
from workbench.report.study import slopes
from workbench.report.study.slices import name_means
from workbench.studies import Study, StudyResults
from workbench.studies.outcomes.moves import LEADING_MEANS
from workbench.studies.outcomes.table import OutcomeRow, select_outcomes
from workbench.thresholds import SHIFT_LIMIT

_TITLE = "What moves"
"""The title of the section."""


def build_section(study: Study) -> Section:
    """Return how far each posterior mean moves, the farthest first, and its slopes."""
    results = study.results
    names = results.conclusion.ranked_names
    if not names:
        return Section("moves", _TITLE, (Notice("There is no posterior to compare."),))
    outcomes = select_outcomes(study.outcomes, results.leading_method)
    means = name_means(results)
    table = TableBlock(
        key="moves-table",
        caption=f"How far each {LEADING_MEANS[results.leading_method]} moves over all points",
        columns=(
            Column("Quantity", "name"),
            Column("Base", "number", means),
            Column("Lowest", "number", means),
            Column("Highest", "number", means),
            Column("Largest move", "number", means, "In posterior SDs of the base fit"),
            Column("MCSE", "number", means, "Monte Carlo standard error of the move"),
            Column("At", "text", means),
        ),
        rows=tuple(_build_row(results, name, outcomes) for name in names),
        is_interactive=True,
    )
    return Section("moves", _TITLE, (table, *slopes.build_table(results, names)))


def _build_row(
    results: StudyResults, name: str, outcomes: Mapping[tuple[int, str], OutcomeRow]
) -> tuple[Cell, ...]:
    move, base = results.conclusion.moves[name], outcomes.get((0, name))
    decimals = choose_decimals(None if base is None else base.sd)
    is_large = abs(move.in_sd) > SHIFT_LIMIT and move.is_clear
    return (
        Cell(results.find_label(name)),
        Cell(format_number(None if base is None else base.mean, decimals)),
        Cell(format_number(move.lowest, decimals)),
        Cell(format_number(move.highest, decimals)),
        Cell(format_number(move.in_sd, 2), Tone.CAUTION if is_large else None),
        Cell(slopes.format_rounded(None if move.mcse is None else float(f"{move.mcse:.2g}"))),
        Cell(results.points[move.point].label),
    )
