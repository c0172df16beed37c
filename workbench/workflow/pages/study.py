"""The page that `workbench sensitivity` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workbench.report.document import Cell, Column, Document, Section, TableBlock
from workbench.report.numbers import MISSING
from workbench.report.study.effects import build_table
from workbench.report.study.points import (
    ORIGINS,
    build_place_cells,
    format_answer,
    format_khat,
)
from workbench.report.study.ranking import put_declared_first
from workbench.report.study.report import build_verdict, describe_scale
from workbench.report.study.slices import name_means
from workbench.studies import Study, StudyResults
from workbench.studies.outcomes.moves import identify_part
from workbench.studies.outcomes.table import OutcomeRow, select_outcomes
from workbench.studies.plan.decision import find_names
from workbench.studies.store import REPORT, TABLE
from workbench.studies.view import PointResult

MAX_ROWS = 12
"""Points that are shown; the table of the study directory has all."""

MAX_EFFECTS = 8
"""Parts of the prior that are shown, those that matter most; the report has more."""

MAX_QUANTITIES = 4
"""Quantities that are shown: those of decisions, however many, and those that move most."""


def build_study_page(study: Study) -> Document:
    """Return the page that `workbench sensitivity` prints: points, which prior matters, the conclusion."""
    results = study.results
    title = f"{name_means(results)}{'' if results.leading_method == 'map' else ' (SD)'} at each point"
    points = Section("points", title, (_build_table(study),))
    effects = Section("effects", "Which prior matters", (build_table(results, MAX_EFFECTS),))
    return Document(
        title=f"{results.model.name} and its priors{describe_scale(results)}",
        sections=(points, effects) if results.conclusion.effects else (points,),
        verdict=build_verdict(study),
        byline="" if study.folder is None else f"report: {study.folder / REPORT}",
    )


def _build_table(study: Study) -> TableBlock:
    results = study.results
    names = _choose_quantities(results)
    outcomes = select_outcomes(study.outcomes, results.leading_method)
    points = _choose_points(results)
    left_out = len(results.points) - len(points)
    return TableBlock(
        key="points-table",
        caption="",
        columns=(
            *_build_place_columns(results),
            Column("obtained by"),
            Column("k-hat", "number", drop_order=1),
            *(Column(results.find_label(name), "number") for name in names),
            *(Column(text, drop_order=2) for text in results.plan.decisions),
        ),
        rows=tuple(_build_row(results, point, names, outcomes) for point in points),
        note=f"{left_out} more points are in {TABLE}." if left_out > 0 else "",
        full_table=TABLE,
    )


def _choose_quantities(results: StudyResults) -> list[str]:
    """Return the quantities to show: those that decisions are about, then those that move most."""
    stan_names = {label: name for name, label in results.labels.items()}
    named = (name for text in results.plan.decisions for name in find_names(text, stan_names))
    decided = list(dict.fromkeys(name for name in named if name in results.quantities))
    others = [name for name in results.conclusion.ranked_names if name not in decided]
    return [*decided, *put_declared_first(results, others[: max(MAX_QUANTITIES - len(decided), 0)])]


def _choose_points(results: StudyResults) -> Sequence[PointResult]:
    """Return the points to show: of many, the base fit and those along what matters most."""
    if len(results.points) <= MAX_ROWS:
        return results.points
    effect = next(iter(results.conclusion.effects), None)
    own = None if effect is None else (effect.kind, effect.name)
    along = [point for point in results.points[1:] if identify_part(point) == own] or results.points[1:]
    return [results.points[0], *along[: MAX_ROWS - 1]]


def _build_place_columns(results: StudyResults) -> tuple[Column, ...]:
    columns = tuple(Column(axis.name, "number") for axis in results.axis_columns)
    return columns or (Column("point"),)


def _build_row(
    results: StudyResults,
    point: PointResult,
    names: list[str],
    outcomes: Mapping[tuple[int, str], OutcomeRow],
) -> tuple[Cell, ...]:
    return (
        *build_place_cells(results, point),
        Cell(ORIGINS[point.how]),
        Cell(format_khat(point)),
        *(Cell(_format_estimate(outcomes.get((point.number, name)))) for name in names),
        *(Cell(format_answer(point, text)) for text in results.plan.decisions),
    )


def _format_estimate(outcome: OutcomeRow | None) -> str:
    if outcome is None or outcome.mean is None:
        return MISSING
    sd = "" if outcome.sd is None else f" ({outcome.sd:.2g})"
    return f"{outcome.mean:.3g}{sd}"
