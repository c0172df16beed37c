"""Leave-one-out: how well the model predicts rows it has not seen, and which rows weigh most."""

from __future__ import annotations

from workbench.diagnostics.loo import LeaveOneOut
from workbench.report import figures, reading
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
    Table,
    Tone,
)
from workbench.report.numbers import MISSING, format_count, format_number, plural
from workbench.report.reading import Record

_TITLE = "Rows left out one by one"


def section(record: Record, left: LeaveOneOut | None = None) -> Section:
    """Return the leave-one-out numbers, the k-hat of each row where `left` has it, the influential rows."""
    part = reading.part(record, "loo")
    if not reading.is_ok(part):
        return Section("influence", _TITLE, (Notice(_absence(part)),))
    blocks: tuple[Block, ...] = (Paragraph(_words(part)), _facts(part), *_picture(part, left), *_rows(part))
    return Section("influence", _TITLE, blocks)


def _absence(part: Record) -> str:
    if part.get("status") == "skipped":
        return "Leave-one-out cross-validation was not worked out on this run."
    return f"There is no leave-one-out cross-validation: {part.get('reason') or 'no reason was recorded.'}"


def _words(part: Record) -> str:
    bad, count = reading.number(part, "bad"), reading.number(part, "observations")
    if not bad:
        return (
            "Each row was predicted from all others by reweighting the draws. No row is so influential that "
            "this fails."
        )
    return (
        "Each row was predicted from all others by reweighting the draws. That fails for "
        f"{plural(int(bad), 'row')} of {format_count(count)}, on which the posterior hangs so much that the "
        "numbers below are not reliable. Look whether such rows are errors, or show what the model lacks."
    )


def _facts(part: Record) -> Facts:
    elpd, se = format_number(part.get("elpd"), 1), format_number(part.get("se"), 1)
    largest = f"{format_number(part.get('khat_max'), 2)} (limit {format_number(part.get('khat_limit'), 2)})"
    return Facts(
        (
            ("Expected log predictive density", f"{elpd} ± {se} nats (estimate ± standard error)"),
            ("Effective parameters", format_number(part.get("p_loo"), 1)),
            ("Largest k-hat", largest),
        )
    )


def _picture(part: Record, left: LeaveOneOut | None) -> tuple[Block, ...]:
    limit = reading.number(part, "khat_limit")
    if left is None or limit is None:
        return ()
    khat = left.khat
    above = int((khat > limit).sum())
    alt = f"k-hat of {plural(len(khat), 'row')}, in order: {above} above {format_number(limit, 2)}."
    drawn = Figure(figures.draw_khat(khat, limit), alt, "k-hat of each row")
    words = "Each dot is a row of the data, in order. Above the line its influence is too large to judge."
    return (Figures("khat", (drawn,), words, "medium"),)


def _rows(part: Record) -> tuple[Block, ...]:
    rows = reading.entries(part, "rows")
    if not rows:
        return ()
    limit = reading.number(part, "khat_limit")
    table = Table(
        key="rows-table",
        caption="The most influential rows, the worst first",
        columns=(
            Column("Row", "number"),
            Column("Label", "text"),
            Column("k-hat", "number"),
            Column("elpd", "number", help="log predictive density given all other rows, in nats"),
        ),
        rows=tuple(_row(one, limit) for one in rows),
        note="elpd: log predictive density of the row given all others, very negative for a surprise.",
        is_interactive=True,
    )
    return (table,)


def _row(one: Record, limit: float | None) -> tuple[Cell, ...]:
    khat = reading.number(one, "khat")
    tone = Tone.FAIL if khat is not None and limit is not None and khat > limit else None
    return (
        Cell(str(one.get("row") or MISSING)),
        Cell(str(one.get("label") or MISSING)),
        Cell(format_number(khat, 2), tone),
        Cell(format_number(one.get("elpd"), 2)),
    )
