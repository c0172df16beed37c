"""Which run predicts rows it has not seen better, and whether one can tell."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.diagnostics import comparison
from workbench.diagnostics.comparison import Standing
from workbench.diagnostics.loo import log_likelihood
from workbench.report.document import Cell, Column, Notice, Paragraph, Section, Table, Tone
from workbench.report.numbers import MISSING, format_number
from workbench.results import Fit

_TITLE = "Prediction"


def section(fits: Mapping[str, Fit]) -> Section:
    """Return the leave-one-out comparison, or why there is none."""
    reason = _reason(fits)
    if reason:
        return Section("prediction", _TITLE, (Notice(f"No comparison by leave-one-out: {reason}"),))
    found, rows = comparison.standings(fits), _rows(fits)
    table = Table(
        key="loo-table",
        caption="Leave-one-out cross-validation, the best first [nats]",
        columns=(
            Column("Run", "name"),
            Column("elpd", "number", help="expected log predictive density"),
            Column("SE", "number"),
            Column("p_loo", "number", help="effective number of parameters"),
            Column("Behind", "number", "From the best"),
            Column("SE", "number", "From the best"),
            Column("Weight", "number", help="in the stack of predictive distributions"),
            Column("What speaks against telling them apart", "prose"),
        ),
        rows=tuple(_row(name, one, rows) for name, one in found.items()),
        note=(
            "elpd: expected log predictive density of rows left out one by one. Weight: stacking (Yao et al. "
            "2018). Small differences and few rows: Sivula et al. (2020), arXiv:2008.10296."
        ),
    )
    return Section("prediction", _TITLE, (Paragraph(_words(found, rows)), table))


def sentence(fits: Mapping[str, Fit]) -> str:
    """Return the outcome of the comparison in words; empty where there is none."""
    return "" if _reason(fits) else _words(comparison.standings(fits), _rows(fits))


def _reason(fits: Mapping[str, Fit]) -> str:
    try:
        return comparison.incomparable(fits)
    except (KeyError, TypeError) as missing:
        return f"a run lacks {missing}."


def _rows(fits: Mapping[str, Fit]) -> int:
    found = log_likelihood(next(iter(fits.values())))
    return 0 if found is None else len(found)


def _words(found: Mapping[str, Standing], rows: int) -> str:
    (best, _), (second, runner), *_ = found.items()
    doubts = comparison.doubts(runner, rows)
    apart = f"{format_number(runner.behind, 1)} ± {format_number(runner.behind_se, 1)}"
    if doubts:
        return (
            f"`{best}` and `{second}` cannot be told apart by how they predict left-out rows: the difference "
            f"is {apart} nats, with {' and '.join(doubts)}."
        )
    return f"`{best}` predicts left-out rows best: `{second}` is {apart} nats behind."


def _row(name: str, one: Standing, rows: int) -> tuple[Cell, ...]:
    is_best = one.behind == 0
    doubts = "" if is_best else "; ".join(comparison.doubts(one, rows))
    return (
        Cell(name),
        Cell(format_number(one.elpd, 1), Tone.CAUTION if one.is_unreliable else None),
        Cell(format_number(one.se, 1)),
        Cell(format_number(one.p_loo, 1)),
        Cell(MISSING if is_best else format_number(one.behind, 1)),
        Cell(MISSING if is_best else format_number(one.behind_se, 1)),
        Cell(format_number(one.weight, 2)),
        Cell(doubts or MISSING),
    )
