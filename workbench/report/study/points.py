"""Each point and how it was obtained, how reliable that is, what it predicts and which decisions hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workbench.report.document import Block, Cell, Column, Notice, Section, TableBlock, Tone
from workbench.report.numbers import MISSING, format_count, format_number
from workbench.studies import Study, StudyResults
from workbench.studies.outcomes.table import OutcomeRow, select_outcomes
from workbench.studies.plan.decision import find_probability
from workbench.studies.view import PointResult

ORIGINS = {
    "base": "base fit",
    "refit": "refit",
    "weights": "weights",
    "failed": "failed",
    "skipped": "mode",
}
"""How a point was obtained, in a word."""

_TITLE = "Point by point"
"""The title of the section."""

_MEASURES = (
    Column("Obtained by", "text", help="A full fit, importance weights of the nearest one, or a mode"),
    Column("k-hat", "number", "Reliability"),
    Column("ESS", "number", "Reliability", "Effective draws of the slowest quantity"),
    Column("R-hat", "number", "Reliability", "Of the full fit"),
    Column("Divergences", "number", "Reliability", "Of the full fit"),
    Column("elpd (LOO)", "number", "Prediction", "Expected log predictive density"),
    Column("lpd", "number", "Prediction", "Log predictive density of the data as observed"),
)
"""The columns that say how each point was obtained and how reliable it is."""


def build_section(study: Study) -> Section:
    """Return the table of all points, and why some of them failed."""
    results = study.results
    texts = results.plan.decisions
    outcomes: dict[int, OutcomeRow] = {}
    for (number, _), outcome in select_outcomes(study.outcomes, results.leading_method).items():
        outcomes.setdefault(number, outcome)
    table = TableBlock(
        key="points-table",
        caption="Each point and how it was obtained",
        columns=(
            *build_place_columns(results),
            *_MEASURES,
            *(Column(f"`{text}`", "text", "Conclusions") for text in texts),
        ),
        rows=tuple(
            (*build_place_cells(results, point), *_build_cells(point, outcomes.get(point.number), texts))
            for point in results.points
        ),
        is_interactive=True,
    )
    return Section("points", _TITLE, (table, *_list_failures(results)))


def build_place_columns(results: StudyResults) -> tuple[Column, ...]:
    """Return the columns that say where a point is: one for each axis, or one for its label."""
    columns = tuple(Column(f"`{axis.name}`", "number") for axis in results.axis_columns)
    return columns or (Column("Point", "text"),)


def build_place_cells(results: StudyResults, point: PointResult) -> tuple[Cell, ...]:
    """Return where a point is, a cell for each of those columns."""
    cells = tuple(Cell(f"{point.find_value(axis):.4g}") for axis in results.axis_columns)
    return cells or (Cell(point.label),)


def format_khat(point: PointResult) -> str:
    """Return the k-hat of a point's weights; a full fit has none."""
    return format_number(point.khat, 2) if point.how in ("weights", "skipped") else MISSING


def format_answer(point: PointResult, text: str) -> str:
    """Return whether a decision holds at a point, as far as that can be told, and its probability."""
    answer, margin = point.find_answer(text), point.margins.get(text)
    probability = None if margin is None else find_probability(text, margin.value)
    if answer is None:
        return MISSING
    return answer if probability is None else f"{answer} ({format_number(probability, 3)})"


def _build_cells(point: PointResult, outcome: OutcomeRow | None, texts: Sequence[str]) -> tuple[Cell, ...]:
    return (
        Cell(ORIGINS[point.how], Tone.FAIL if point.how == "failed" else None),
        Cell(format_khat(point)),
        Cell(format_count(point.ess)),
        Cell(format_number(point.rhat, 3)),
        Cell(format_count(point.divergences), Tone.CAUTION if point.divergences else None),
        Cell(format_number(None if outcome is None else outcome.elpd_loo, 1)),
        Cell(format_number(None if outcome is None else outcome.lpd, 1)),
        *(Cell(format_answer(point, text)) for text in texts),
    )


def _list_failures(results: StudyResults) -> Iterator[Block]:
    for point in results.points:
        if point.how == "failed":
            yield Notice(f"{point.label}: {point.reason}", Tone.FAIL)
