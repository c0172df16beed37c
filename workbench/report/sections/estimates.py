"""The estimates table: every quantity by every method."""

from __future__ import annotations

from collections.abc import Callable

from workbench.report import reading, selection
from workbench.report.document import Block, Cell, Column, Notice, Paragraph, Section, Table, Tone
from workbench.report.numbers import MISSING, decimals_for, format_count, format_number
from workbench.report.reading import METHOD_TITLES, Record

_RHAT_LIMIT = 1.01
_GAP_LIMIT = 1.0

Fill = Callable[[Record, str, int | None], Cell]


def section(record: Record) -> Section:
    """Return the table, and a notice for each method that has no estimates."""
    notices = tuple(
        Notice(words, Tone.CAUTION) for key in METHOD_TITLES if (words := reading.explanation(record, key))
    )
    blocks: tuple[Block, ...] = (
        (_table(record),) if reading.names(record) else (Paragraph("There are none."),)
    )
    return Section("estimates", "Estimates", (*notices, *blocks))


def _table(record: Record) -> Table:
    names = selection.in_table_order(record)
    fills = [fill for _, fill in _COLUMNS]
    rows = tuple(
        (Cell(reading.label(record, name)), *(fill(record, name, _decimals(record, name)) for fill in fills))
        for name in names
    )
    return Table(
        key="estimates-table",
        caption=_caption(record, len(names)),
        columns=(Column("Quantity", "name"), *(_titled(column, record) for column, _ in _COLUMNS)),
        rows=rows,
        note=_NOTE,
        is_interactive=True,
    )


_NOTE = (
    "Numbers show three significant digits of the posterior standard deviation. SE: Wald standard error, "
    "from the curvature of the log likelihood. Gap / SD: how many posterior standard deviations the mode "
    "lies above the mean (negative: below). R-hat and effective sample sizes (ESS) after Vehtari et al. "
    "(2021), doi:10.1214/20-BA1221."
)


def _caption(record: Record, count: int) -> str:
    level = _percent(record)
    order = "" if count <= selection.ALL_UP_TO else ", the worst convergence first"
    return f"Estimates of {format_count(count)} quantities by method, with central {level} intervals{order}"


def _percent(record: Record) -> str:
    return f"{100 * float(record.get('interval', {}).get('level', 0.95)):g}%"


def _titled(column: Column, record: Record) -> Column:
    return Column(column.title.format(level=_percent(record)), column.form, column.group, column.help)


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


def _interval(method: str) -> Fill:
    def fill(record: Record, name: str, decimals: int | None) -> Cell:
        numbers = reading.estimates(record, method).get(name)
        ends = [reading.number(numbers, key) for key in ("lower", "upper")]
        if None in ends:
            return Cell(MISSING)
        return Cell(" to ".join(format_number(end, decimals) for end in ends))

    return fill


def _gap(record: Record, name: str, _: int | None) -> Cell:
    value = reading.number(record.get("gaps", {}).get(name), "in_sd")
    tone = Tone.CAUTION if value is not None and abs(value) > _GAP_LIMIT else None
    return Cell(format_number(value, 2), tone)


def _rhat(record: Record, name: str, _: int | None) -> Cell:
    value = reading.number(reading.estimates(record, "nuts").get(name), "rhat")
    return Cell(format_number(value, 3), Tone.FAIL if value is not None and value > _RHAT_LIMIT else None)


def _ess(key: str) -> Fill:
    def fill(record: Record, name: str, _: int | None) -> Cell:
        value = reading.number(reading.estimates(record, "nuts").get(name), key)
        chains = reading.number(reading.part(record, "nuts"), "chains") or 4
        return Cell(format_count(value), Tone.FAIL if value is not None and value < 100 * chains else None)

    return fill


_POSTERIOR = "Posterior"
_CONVERGENCE = "Convergence"

_COLUMNS: tuple[tuple[Column, Fill], ...] = (
    (Column("Estimate", "number", "Maximum likelihood"), _value("mle", "value")),
    (Column("SE", "number", "Maximum likelihood", "Wald standard error"), _value("mle", "se")),
    (
        Column("MAP", "number", "Modes", "joint mode of the posterior, constrained scale"),
        _value("map", "value"),
    ),
    (
        Column("Unc.", "number", "Modes", "joint mode of the posterior, unconstrained scale"),
        _value("map_unconstrained", "value"),
    ),
    (Column("Mean", "number", "Laplace"), _value("laplace", "mean")),
    (Column("SD", "number", "Laplace"), _value("laplace", "sd")),
    (Column("Mean", "number", _POSTERIOR), _value("nuts", "mean")),
    (Column("Median", "number", _POSTERIOR), _value("nuts", "median")),
    (Column("SD", "number", _POSTERIOR), _value("nuts", "sd")),
    (Column("{level} interval", "number", _POSTERIOR), _interval("nuts")),
    (Column("Gap / SD", "number", _POSTERIOR), _gap),
    (Column("R‑hat", "number", _CONVERGENCE), _rhat),
    (Column("ESS bulk", "number", _CONVERGENCE), _ess("ess_bulk")),
    (Column("ESS tail", "number", _CONVERGENCE), _ess("ess_tail")),
)
