"""Which run predicts unseen rows better, and whether the difference is clear."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workbench.diagnostics.comparison import (
    Standing,
    compare_predictions,
    find_comparable_scale,
    find_doubts,
)
from workbench.diagnostics.loo import read_log_likelihood
from workbench.report.document import Cell, Column, Notice, Paragraph, Section, TableBlock, Tone
from workbench.report.numbers import MISSING, format_number
from workbench.results import Fit

_TITLE = "Prediction"
"""The title of the section."""


@dataclass(frozen=True)
class PredictionComparison:
    """How well the runs predict.

    Attributes
    ----------
    obstacle
        Why they cannot be compared; empty where they can.
    standings
        By run, the best first.
    rows
        Rows of the log likelihood.
    remark
        The scale on which the runs are compared, where it is not that of every log likelihood.
    """

    obstacle: str = ""
    standings: Mapping[str, Standing] | None = None
    rows: int = 0
    remark: str = ""


def compare(fits: Mapping[str, Fit]) -> PredictionComparison:
    """Compare runs by leave-one-out, where that is possible."""
    scale = find_comparable_scale(fits)
    if scale.obstacle:
        return PredictionComparison(scale.obstacle)
    log_lik = read_log_likelihood(next(iter(fits.values())))
    rows = 0 if log_lik is None else len(log_lik)
    return PredictionComparison("", compare_predictions(fits, scale.offsets), rows, scale.remark)


def build_section(comparison: PredictionComparison) -> Section:
    """Return the leave-one-out comparison, or why there is none."""
    if comparison.standings is None:
        notice = Notice(f"The runs cannot be compared by leave-one-out: {comparison.obstacle}")
        return Section("prediction", _TITLE, (notice,))
    table = TableBlock(
        key="loo-table",
        caption="Leave-one-out cross-validation, the best first [nats]",
        columns=(
            Column("Run", "name"),
            Column("elpd", "number", help="expected log predictive density"),
            Column("SE", "number"),
            Column("p_loo", "number", help="effective number of parameters"),
            Column("elpd", "number", "Below the best"),
            Column("SE", "number", "Below the best"),
            Column("Weight", "number", help="in the stack of predictive distributions"),
            Column("Why the difference is not clear", "prose"),
        ),
        rows=tuple(
            _build_row(name, standing, comparison.rows) for name, standing in comparison.standings.items()
        ),
        note=(
            "elpd: expected log predictive density of rows that are left out one at a time. Weight: stacking "
            "(Yao et al. 2018). Small differences and few rows: Sivula et al. (2020), arXiv:2008.10296."
        ),
    )
    remarks = (Paragraph(comparison.remark),) if comparison.remark else ()
    return Section("prediction", _TITLE, (Paragraph(describe(comparison)), *remarks, table))


def describe(comparison: PredictionComparison) -> str:
    """Return a sentence on which run predicts best; empty where they cannot be compared."""
    if comparison.standings is None:
        return ""
    (best, _), (second, standing), *_ = comparison.standings.items()
    doubts = find_doubts(standing, comparison.rows)
    difference = f"{format_number(standing.difference, 1)} ± {format_number(standing.difference_se, 1)} nats"
    if doubts:
        return (
            f"Leave-one-out does not show whether `{best}` or `{second}` predicts better: their elpd differs "
            f"by {difference} ({' and '.join(doubts)})."
        )
    return f"`{best}` predicts left-out rows best: the elpd of `{second}` is lower by {difference}."


def _build_row(name: str, standing: Standing, rows: int) -> tuple[Cell, ...]:
    is_best = standing.difference == 0
    doubts = "" if is_best else "; ".join(find_doubts(standing, rows))
    return (
        Cell(name),
        Cell(format_number(standing.elpd, 1), Tone.CAUTION if standing.is_unreliable else None),
        Cell(format_number(standing.se, 1)),
        Cell(format_number(standing.p_loo, 1)),
        Cell(MISSING if is_best else format_number(standing.difference, 1)),
        Cell(MISSING if is_best else format_number(standing.difference_se, 1)),
        Cell(format_number(standing.weight, 2)),
        Cell(doubts or MISSING),
    )
