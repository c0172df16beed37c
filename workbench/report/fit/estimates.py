"""The estimates table: every quantity by every method."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from workbench.report import reading
from workbench.report.document import Block, Cell, Column, Notice, Paragraph, Section, Table, Tone
from workbench.report.fit import selection
from workbench.report.numbers import (
    MISSING,
    decimals_for,
    format_count,
    format_number,
    format_seconds,
    plural,
)
from workbench.report.reading import METHOD_TITLES, Record
from workbench.thresholds import ESS_PER_CHAIN, LARGE_SHIFT_LIMIT, RHAT_LIMIT

Fill = Callable[[Record, str, int | None], Cell]


def section(record: Record) -> Section:
    """Return the table, and a notice for each method that has no estimates."""
    notices = tuple(
        Notice(words, Tone.CAUTION) for key in METHOD_TITLES if (words := reading.explanation(record, key))
    )
    blocks: tuple[Block, ...] = (
        (_table(record),) if reading.names(record) else (Paragraph("There are none."),)
    )
    return Section("estimates", "Estimates", (*notices, *_ladder(record), *_exact(record), *blocks))


def _ladder(record: Record) -> tuple[Block, ...]:
    """Return which methods were tried in turn, where the choice was left to the workbench."""
    steps = reading.entries(record, "ladder")
    if not steps:
        return ()
    rows = tuple(_step(one) for one in steps)
    columns = (Column("Method"), Column("Outcome"), Column("Why", "prose"), Column("Time", "number"))
    words, title = str(record.get("ladder_words") or ""), "The methods tried, from the cheapest on"
    return (Table("ladder", title, columns, rows, words[:1].upper() + words[1:], is_prose=True),)


def _step(one: Record) -> tuple[Cell, ...]:
    method, is_accepted = str(one.get("method") or MISSING), bool(one.get("accepted"))
    return (
        Cell(METHOD_TITLES.get(method, method)),
        Cell("accepted" if is_accepted else "passed over", Tone.OK if is_accepted else None),
        Cell(str(one.get("why") or MISSING)),
        Cell(format_seconds(one.get("seconds"))),
    )


def _exact(record: Record) -> tuple[Block, ...]:
    """Say that the posterior is known in closed form, where it is."""
    part = reading.part(record, "exact")
    if not reading.is_ok(part) or not part.get("estimates"):
        return ()
    evidence = reading.number(part, "log_evidence")
    words = f" The log evidence is {format_number(evidence, 2)} nats." if evidence is not None else ""
    return (
        Paragraph(
            "The model is conjugate: its posterior is known in closed form, and stands beside what the "
            f"methods found.{words}"
        ),
    )


def _table(record: Record) -> Table:
    names = selection.in_table_order(record)
    shown = _known(record, names)
    return Table(
        key="estimates-table",
        caption=_caption(record, len(names)),
        columns=_columns(record, shown),
        rows=_rows(record, names, shown),
        note=_note(record),
        is_interactive=True,
    )


def brief(record: Record, limit: int) -> Table:
    """Return a table of a few columns and rows: in the program's order if all fit, else the worst first."""
    names = reading.names(record)
    named = names if len(names) <= limit else selection.worst(record, names)[:limit]
    known = _known(record, named)
    shown = [entry for entry in known if entry.is_brief] or known
    left = len(names) - len(named)
    return Table(
        key="brief",
        caption=_caption(record, len(names)),
        columns=_columns(record, shown),
        rows=_rows(record, named, shown),
        note=f"{plural(left, 'more quantity')} of better convergence." if left else "",
    )


def _known(record: Record, names: Sequence[str]) -> list[_Entry]:
    """Return the columns for which the run has a number."""
    return [
        entry for entry in _ENTRIES if any(entry.fill(record, name, None).text != MISSING for name in names)
    ]


def _columns(record: Record, shown: Sequence[_Entry]) -> tuple[Column, ...]:
    return (Column("Quantity", "name"), *(_titled(entry.column, record) for entry in shown))


def _rows(record: Record, names: Sequence[str], shown: Sequence[_Entry]) -> tuple[tuple[Cell, ...], ...]:
    return tuple(
        (
            Cell(reading.label(record, name)),
            *(entry.fill(record, name, _decimals(record, name)) for entry in shown),
        )
        for name in names
    )


def _note(record: Record) -> str:
    mode = selection.compared_mode(record)
    gap = (
        f"Gap/SD: how many posterior standard deviations the {mode.words} lies above the mean. "
        if mode
        else ""
    )
    return (
        "Numbers show three significant digits of the posterior standard deviation. SE: Wald standard "
        f"error, from the curvature of the log likelihood. {gap}R-hat and effective sample sizes (ESS) "
        "after Vehtari et al. (2021), doi:10.1214/20-BA1221."
    )


def _caption(record: Record, count: int) -> str:
    level = reading.level(record)
    order = "" if count <= selection.ALL_UP_TO else ", the worst convergence first"
    return f"Estimates of {plural(count, 'quantity')} by method, with central {level} intervals{order}"


def _titled(column: Column, record: Record) -> Column:
    return Column(column.title.format(level=reading.level(record)), column.form, column.group, column.help)


def _decimals(record: Record, name: str) -> int | None:
    """Return the decimals of a row: three digits of its posterior spread, or of the next best scale."""
    for key, scale in (("nuts", "sd"), ("laplace", "sd"), ("mle", "se")):
        decimals = decimals_for(reading.number(reading.estimates(record, key).get(name), scale))
        if decimals is not None:
            return decimals
    return None


def _value(method: str, key: str) -> Fill:
    def fill(record: Record, name: str, decimals: int | None) -> Cell:
        return Cell(format_number(reading.number(reading.estimates(record, method).get(name), key), decimals))

    return fill


def _interval(method: str, prefix: str = "") -> Fill:
    def fill(record: Record, name: str, decimals: int | None) -> Cell:
        numbers = reading.estimates(record, method).get(name)
        ends = [reading.number(numbers, f"{prefix}{key}") for key in ("lower", "upper")]
        if None in ends:
            return Cell(MISSING)
        return Cell(" to ".join(format_number(end, decimals) for end in ends))

    return fill


def _gap(record: Record, name: str, _: int | None) -> Cell:
    value = selection.gap(record, name)
    tone = Tone.CAUTION if value is not None and abs(value) > LARGE_SHIFT_LIMIT else None
    return Cell(format_number(value, 2), tone)


def _rhat(record: Record, name: str, _: int | None) -> Cell:
    value = reading.number(reading.estimates(record, "nuts").get(name), "rhat")
    return Cell(format_number(value, 3), Tone.FAIL if value is not None and value > RHAT_LIMIT else None)


def _ess(key: str) -> Fill:
    def fill(record: Record, name: str, _: int | None) -> Cell:
        value = reading.number(reading.estimates(record, "nuts").get(name), key)
        chains = reading.number(reading.part(record, "nuts"), "chains") or 4
        is_small = value is not None and value < ESS_PER_CHAIN * chains
        return Cell(format_count(value), Tone.FAIL if is_small else None)

    return fill


@dataclass(frozen=True)
class _Entry:
    """A column of the table, how to fill it, and whether a short table has it."""

    column: Column
    fill: Fill
    is_brief: bool = False


def _number(
    method: str, key: str, title: str, group: str, help_text: str = "", *, is_brief: bool = False
) -> _Entry:
    return _Entry(Column(title, "number", group, help_text), _value(method, key), is_brief)


_ENTRIES = (
    _number("nuts", "mean", "Mean", "Posterior", is_brief=True),
    _number("nuts", "median", "Median", "Posterior"),
    _number("nuts", "sd", "SD", "Posterior", is_brief=True),
    _Entry(Column("{level} interval", "number", "Posterior"), _interval("nuts"), is_brief=True),
    _Entry(Column("R‑hat", "number", "Convergence"), _rhat, is_brief=True),
    _Entry(Column("ESS bulk", "number", "Convergence"), _ess("ess_bulk"), is_brief=True),
    _Entry(Column("ESS tail", "number", "Convergence"), _ess("ess_tail")),
    _number("exact", "mean", "Mean", "Exact", "of the posterior in closed form"),
    _number("exact", "sd", "SD", "Exact", "of the posterior in closed form"),
    _number("mle", "value", "Estimate", "Maximum likelihood"),
    _number("mle", "se", "SE", "Maximum likelihood", "Wald standard error"),
    _Entry(
        Column("{level} profile", "number", "Maximum likelihood", "interval from the profile likelihood"),
        _interval("mle", "profile_"),
    ),
    _number("map", "value", "MAP", "Modes", "joint mode of the posterior on the constrained scale"),
    _number("map_unconstrained", "value", "Unc.", "Modes", "joint mode on the unconstrained scale"),
    _Entry(
        Column("Gap/SD", "number", "Modes", "from the posterior mean to the mode"),
        _gap,
        is_brief=True,
    ),
    _number("laplace", "mean", "Mean", "Laplace"),
    _number("laplace", "sd", "SD", "Laplace"),
    _number("laplace", "corrected_mean", "Mean, corrected", "Laplace", "reweighted by importance"),
    _number("laplace", "corrected_sd", "SD, corrected", "Laplace", "reweighted by importance"),
    _number("pathfinder", "mean", "Mean", "Pathfinder"),
    _number("pathfinder", "sd", "SD", "Pathfinder"),
)
