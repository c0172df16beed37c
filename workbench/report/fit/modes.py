"""The modes: how the optimisers fared, whether there is more than one, what a prior is as a penalty."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.report import reading
from workbench.report.document import (
    Block,
    Cell,
    Column,
    Disclosure,
    Facts,
    Items,
    Notice,
    Paragraph,
    Section,
    Table,
    Tone,
)
from workbench.report.numbers import MISSING, format_count, format_number, plural
from workbench.report.reading import METHOD_TITLES, Record

_METHODS = ("mle", "map", "map_unconstrained")
_MOST_STARTS = 50
_MOST_QUANTITIES = 12


def section(record: Record) -> Section:
    """Return the likelihood at its maximum, distinct modes, penalties, and every start."""
    blocks: tuple[Block, ...] = (
        *_likelihood(record),
        *_distinct(record),
        *_penalties(record),
        *_starts(record),
    )
    return Section("modes", "Modes and penalties", blocks or (Notice("No mode was looked for."),))


def _likelihood(record: Record) -> Iterator[Block]:
    part = reading.part(record, "mle")
    if not reading.is_ok(part) or reading.number(part, "log_lik") is None:
        return
    facts = [("Log likelihood at its maximum", f"{format_number(part.get('log_lik'), 2)} nats")]
    for key, words in (("aic", "AIC"), ("bic", "BIC")):
        value = reading.number(part, key)
        if value is not None:
            facts.append((words, format_number(value, 1)))
    for key, words in (("parameters", "Parameters"), ("observations", "Observations")):
        value = reading.number(part, key)
        if value is not None:
            facts.append((words, format_count(value)))
    yield Facts(tuple(facts))


def _distinct(record: Record) -> Iterator[Block]:
    """Yield a table for each method whose optimiser found more than one mode."""
    for method in _METHODS:
        modes = reading.entries(reading.part(record, method), "modes")
        if len(modes) > 1:
            title = METHOD_TITLES[method]
            words = f"{title}: the starts ended at {plural(len(modes), 'distinct mode')}."
            yield Notice(words, Tone.CAUTION)
            yield _modes(record, method, modes)


def _modes(record: Record, method: str, modes: list[Record]) -> Table:
    names = list(dict.fromkeys(name for one in modes for name in one.get("estimates") or {}))[
        :_MOST_QUANTITIES
    ]
    unit = reading.part(record, method).get("distance_in") or "posterior SDs"
    columns = (
        Column("Mode", "text"),
        Column("Log density", "number"),
        Column("Starts", "number"),
        Column("Distance", "number", help=f"from the highest mode, in {unit}"),
        *(Column(f"`{reading.label(record, name)}`", "number") for name in names),
    )
    rows = tuple(
        (
            Cell(str(place + 1)),
            Cell(format_number(one.get("log_density"), 2)),
            Cell(format_count(one.get("starts"))),
            Cell(format_number(one.get("distance"), 2)),
            *(Cell(format_number((one.get("estimates") or {}).get(name))) for name in names),
        )
        for place, one in enumerate(modes)
    )
    return Table(f"modes-{method}", "The modes, the highest first", columns, rows)


def _penalties(record: Record) -> Iterator[Block]:
    words = [str(one["words"]) for one in reading.entries(reading.part(record, "map"), "regularisation")
             if one.get("words")]  # fmt: skip
    if words:
        yield Paragraph("Some priors act on the MAP as a penalty that regression knows by another name:")
        yield Items(tuple(words))


def _starts(record: Record) -> Iterator[Block]:
    rows = [
        (method, one)
        for method in _METHODS
        for one in reading.entries(reading.part(record, method), "starts")[:_MOST_STARTS]
    ]
    if not rows:
        return
    table = Table(
        key="starts-table",
        caption="Where each start of an optimiser ended",
        columns=(
            Column("Method"),
            Column("Seed", "number"),
            Column("Outcome"),
            Column("Optimiser"),
            Column("Log density", "number"),
            Column("Reason", "prose"),
        ),
        rows=tuple(_start(method, one) for method, one in rows),
        is_prose=True,
    )
    yield Disclosure(f"Every start ({len(rows)})", (table,))


def _start(method: str, one: Record) -> tuple[Cell, ...]:
    return (
        Cell(METHOD_TITLES[method]),
        Cell(str(one.get("seed", MISSING))),
        Cell(str(one.get("status") or MISSING)),
        Cell(str(one.get("optimizer") or MISSING)),
        Cell(format_number(one.get("log_density"), 3)),
        Cell(str(one.get("reason") or MISSING)),
    )
