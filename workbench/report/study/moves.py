"""How far each posterior mean moves over all points, and how fast at the base fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workbench.report.document import Cell, Column, Notice, Section, TableBlock, Tone
from workbench.report.numbers import MISSING, choose_decimals, format_number
from workbench.report.study import slopes
from workbench.report.study.ranking import rank_quantities
from workbench.report.study.slices import name_means
from workbench.studies import Study, StudyResults
from workbench.studies.outcomes.headline import choose_move_decimals
from workbench.studies.outcomes.moves import LEADING_MEANS
from workbench.studies.outcomes.table import OutcomeRow, select_outcomes
from workbench.studies.view import Move

_TITLE = "What moves"
"""The title of the section."""

_FOLDED = (
    "Of large arrays, elements that move have rows of their own; the row of all others shows the farthest."
)
"""How to read rows of folded arrays."""


def build_section(study: Study) -> Section:
    """Return how far each posterior mean moves, declared parameters first, and its slopes."""
    results = study.results
    if not results.conclusion.moves:
        return Section("moves", _TITLE, (Notice("There is no posterior to compare."),))
    ranking = rank_quantities(results)
    outcomes = select_outcomes(study.outcomes, results.leading_method)
    means = name_means(results)
    folded = [_build_folded_row(results, *item) for item in ranking.folded.items()]
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
        rows=(*(_build_row(results, name, outcomes) for name in ranking.shown), *folded),
        note=_FOLDED if folded else "",
        is_interactive=True,
    )
    return Section("moves", _TITLE, (table, *slopes.build_table(results, ranking.shown)))


def _build_row(
    results: StudyResults, name: str, outcomes: Mapping[tuple[int, str], OutcomeRow]
) -> tuple[Cell, ...]:
    move, base = results.conclusion.moves[name], outcomes.get((0, name))
    decimals = choose_decimals(None if base is None else base.sd)
    return (
        Cell(results.find_label(name)),
        Cell(format_number(None if base is None else base.mean, decimals)),
        Cell(format_number(move.lowest, decimals)),
        Cell(format_number(move.highest, decimals)),
        *_fill_move(results, move),
    )


def _build_folded_row(results: StudyResults, variable: str, names: Sequence[str]) -> tuple[Cell, ...]:
    """Return the row of the elements of an array that have none of their own."""
    move = results.conclusion.moves[names[0]]
    blanks = (Cell(MISSING),) * 3
    return (Cell(f"{variable}, {len(names):,} more"), *blanks, *_fill_move(results, move))


def _fill_move(results: StudyResults, move: Move) -> tuple[Cell, ...]:
    is_large = move.is_large_among(len(results.conclusion.moves))
    return (
        Cell(format_number(move.in_sd, choose_move_decimals(move)), Tone.CAUTION if is_large else None),
        Cell(slopes.format_rounded(None if move.mcse is None else float(f"{move.mcse:.2g}"))),
        Cell(results.points[move.point].label),
    )
