"""Leave-one-out: how well the model predicts rows that it has not seen, and the most influential rows."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.diagnostics.loo import LeaveOneOut
from workbench.report import figures
from workbench.report.document import (
    Block,
    Cell,
    Column,
    Facts,
    Figure,
    Figures,
    Notice,
    Paragraph,
    Section,
    TableBlock,
    Tone,
)
from workbench.report.fit.notes import describe_log_lik, describe_pointwise
from workbench.report.numbers import MISSING, format_count, format_number, pluralise
from workbench.results.view import LooResult, LooRow, Results
from workbench.thresholds import WAIC_VARIANCE_LIMIT

_TITLE = "Leave-one-out cross-validation"
"""The heading of the section."""


def build_section(results: Results, leave_one_out: LeaveOneOut | None = None) -> Section:
    """Return the results of leave-one-out cross-validation, the k-hat of each row, and influential rows.

    Parameters
    ----------
    results
        The results of the run.
    leave_one_out
        Leave-one-out computed from the draws, for the drawing of the k-hats.
    """
    loo = results.loo
    if not loo.is_ok:
        return Section("influence", _TITLE, (Notice(_explain_absence(loo)),))
    blocks: tuple[Block, ...] = (
        Paragraph(_describe_reliability(loo)),
        *(
            Paragraph(text)
            for text in (loo.remark, describe_log_lik(results), describe_pointwise(results))
            if text
        ),
        _list_facts(loo),
        *_draw_khat(loo, leave_one_out),
        *_build_table(loo),
    )
    return Section("influence", _TITLE, blocks)


def _explain_absence(loo: LooResult) -> str:
    if loo.status == "skipped":
        return " ".join(filter(None, ("Leave-one-out cross-validation was not run.", _begin(loo.reason))))
    return f"There is no leave-one-out cross-validation: {loo.reason or 'no reason was recorded.'}"


def _begin(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _describe_reliability(loo: LooResult) -> str:
    method = "Each row was predicted from all others by reweighting the draws."
    if loo.sampled is not None:
        method = (
            f"It is estimated from {pluralise(loo.sampled, 'row')} of {format_count(loo.observations)}, "
            "chosen at random: each of them was predicted from all others by reweighting the draws. Of the "
            "other rows the elpd is computed more simply; the mean error of that is known from the chosen "
            f"ones.{_describe_wide(loo)}"
        )
    if not loo.bad:
        rows = "no row" if loo.sampled is None else "no row among those examined"
        return f"Leave-one-out is reliable: {rows} has too much influence on the posterior. {method}"
    return (
        f"Leave-one-out is not reliable for {pluralise(loo.bad, 'row')} of {format_count(loo.examined)}, "
        "on which the posterior depends too much, so the totals below are not reliable either. Check whether "
        f"such rows are errors, or show what the model lacks. {method}"
    )


def _describe_wide(loo: LooResult) -> str:
    """Return how many rows may be too influential, as a sentence after a space; empty without any."""
    if not loo.wide:
        return ""
    rows = pluralise(loo.wide, "row")
    return (
        f" Of all rows, the log likelihood of {rows} varies so much (variance above {WAIC_VARIANCE_LIMIT:g}) "
        "that the posterior may depend on them; few or none of them may be among the chosen ones."
    )


def _list_facts(loo: LooResult) -> Facts:
    elpd, se = format_number(loo.elpd, 1), format_number(loo.se, 1)
    largest, limit = format_number(loo.khat_max, 2), format_number(loo.khat_limit, 2)
    sampling: tuple[tuple[str, str], ...] = ()
    if loo.sampled is not None:
        error = f"{format_number(loo.sampling_se, 2)} nats"
        sampling = (("Standard error by choosing rows", f"{error}, apart from the one above"),)
    return Facts(
        (
            ("Expected log predictive density", f"{elpd} ± {se} nats (estimate ± standard error)"),
            *sampling,
            ("Effective number of parameters", format_number(loo.p_loo, 1)),
            ("Largest k-hat", f"{largest} (limit {limit})"),
        )
    )


def _draw_khat(loo: LooResult, leave_one_out: LeaveOneOut | None) -> Iterator[Block]:
    limit = loo.khat_limit
    if leave_one_out is None or limit is None:
        return
    khat = leave_one_out.khat
    above = int((khat > limit).sum())
    rows = pluralise(len(khat), "row")
    alt = f"k-hat of {rows} in the order of the data; above {format_number(limit, 2)}: {above}."
    figure = Figure(figures.draw_khat(khat, limit), alt, "k-hat of each row")
    explanation = (
        "Each dot is a row, in the order of the data. Above the line, its influence is too large for a "
        "reliable estimate."
    )
    yield Figures("khat", (figure,), explanation, "medium")


def _build_table(loo: LooResult) -> Iterator[Block]:
    if not loo.rows:
        return
    yield TableBlock(
        key="rows-table",
        caption="The most influential rows, largest k-hat first",
        columns=(
            Column("Row", "number"),
            Column("Label", "text"),
            Column("k-hat", "number"),
            Column("elpd", "number", help="log predictive density given all other rows, in nats"),
        ),
        rows=tuple(_build_row(row, loo.khat_limit) for row in loo.rows),
        note="elpd: log predictive density of the row given all others; a very low value is a surprise.",
        is_interactive=True,
    )


def _build_row(row: LooRow, limit: float | None) -> tuple[Cell, ...]:
    is_high = row.khat is not None and limit is not None and row.khat > limit
    return (
        Cell(str(row.row)),
        Cell(row.label or MISSING),
        Cell(format_number(row.khat, 2), Tone.FAIL if is_high else None),
        Cell(format_number(row.elpd, 2)),
    )
