"""What each setting of the priors says about data before any are seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workbench.report.document import Block, Cell, Column, Notice, Paragraph, Section, TableBlock, Tone
from workbench.report.numbers import MISSING, choose_decimals, format_number
from workbench.report.study.points import build_place_cells, build_place_columns
from workbench.studies import Study, StudyResults
from workbench.studies.outcomes.table import PRIOR, OutcomeRow

_TITLE = "Before seeing any data"
"""The title of the section."""

_EXPLANATION = (
    "The program was sampled with its likelihood switched off. If most predictions lie outside anything that "
    "could be observed, the prior says more than its author meant."
)
"""How to read the table."""

_YES_NO = (
    "For a yes/no outcome the table shows the share of yes (1) in a replicated data set: a prior that puts "
    "it near 0 % or 100 % has decided before any data."
)
"""How to read the rows of yes/no outcomes."""

_OBSERVED = Column("Observed", "number", help="Share of yes in the data")
"""The column that yes/no outcomes need."""

_COLUMNS = (
    Column("Quantity", "name"),
    Column("Median", "number"),
    Column("Lower", "number", "Interval"),
    Column("Upper", "number", "Interval"),
    Column("Below", "number", "Outside the data", "Share of predictions below the smallest observation"),
    Column("Above", "number", "Outside the data", "Share of predictions above the largest observation"),
)
"""The columns of the table."""


def build_section(study: Study) -> Section:
    """Return the predictions of each prior, or of each quantity if the program makes none."""
    results = study.results
    if not results.prior_alone.is_ok:
        is_skipped = results.prior_alone.status == "skipped"
        reason = "they were not requested." if is_skipped else results.prior_alone.reason
        text = f"The priors alone were not sampled: {reason}"
        return Section("prior-alone", _TITLE, (Notice(text),))
    outcomes = [outcome for outcome in study.outcomes if outcome.method == PRIOR]
    known = [outcome for outcome in outcomes if outcome.is_ok]
    predicted = [outcome for outcome in known if outcome.parameter not in results.quantities]
    shown = predicted or known
    has_shares = any(outcome.share is not None for outcome in shown)
    table = TableBlock(
        key="prior-alone-table",
        caption=f"What the priors alone say about {'the data' if predicted else 'each quantity'}",
        columns=(*build_place_columns(results), *_COLUMNS, *((_OBSERVED,) if has_shares else ())),
        rows=tuple(_build_row(results, outcome, has_shares=has_shares) for outcome in shown),
        is_interactive=True,
    )
    failures = tuple(_list_failures(results, outcomes))
    explanation = f"{_EXPLANATION} {_YES_NO}" if has_shares else _EXPLANATION
    return Section("prior-alone", _TITLE, (Paragraph(explanation), table, *failures))


def _list_failures(results: StudyResults, outcomes: Sequence[OutcomeRow]) -> Iterator[Block]:
    """Yield the points whose prior alone could not be sampled, and why."""
    for outcome in outcomes:
        if not outcome.is_ok:
            yield Notice(f"{results.points[outcome.point].label}: {outcome.reason}", Tone.CAUTION)


def _build_row(results: StudyResults, outcome: OutcomeRow, *, has_shares: bool) -> tuple[Cell, ...]:
    place = build_place_cells(results, results.points[outcome.point])
    if outcome.share is not None:
        shares = (outcome.share, outcome.share_lower, outcome.share_upper)
        return (
            *place,
            Cell(f"share of yes in {outcome.label}"),
            *(Cell(_format_share(share)) for share in (*shares, None, None, outcome.share_observed)),
        )
    decimals = choose_decimals(outcome.sd)
    return (
        *place,
        Cell(str(outcome.label)),
        Cell(format_number(outcome.median, decimals)),
        Cell(format_number(outcome.lower, decimals)),
        Cell(format_number(outcome.upper, decimals)),
        Cell(_format_share(outcome.below)),
        Cell(_format_share(outcome.beyond)),
        *((Cell(MISSING),) if has_shares else ()),
    )


def _format_share(share: float | None) -> str:
    return MISSING if share is None else f"{100 * share:.0f}%"
