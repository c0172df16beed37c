"""The page of a prior: in a terminal, and as a report with pictures."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from workbench.calibration.drawn_priors import QUANTILES, DrawnPrior
from workbench.calibration.prior_predictive import OutcomePrior, PriorPredictive, Responsibility
from workbench.report import figures
from workbench.report.document import (
    Block,
    Cell,
    Column,
    Document,
    Figure,
    Figures,
    Items,
    Paragraph,
    Section,
    TableBlock,
)
from workbench.report.fit.model import format_value
from workbench.report.numbers import format_number, join_with_and
from workbench.report.prior.provenance import PriorOrigin, build_provenance_section
from workbench.report.prior.sentences import describe_position, describe_prior_predictive, format_percent

_MOST_PARAMETERS = 30
"""Parameters that a terminal lists; the report has all."""

_SHOWN = (1, 3, 5)
"""The places of the quantiles that tables show: 2.5 %, 50 % and 97.5 %."""


def build_prior_page(prior: PriorPredictive, title: str, subtitle: str) -> Document:
    """Return what a terminal shows of a prior."""
    sections = [Section(item.key, _plain(item.caption), (_bare(item),)) for item in _list_tables(prior)]
    parameters = _build_parameters(prior, _MOST_PARAMETERS)
    sections.append(Section("parameters", "Priors of parameters", (_bare(parameters),)))
    if prior.notes:
        sections.append(Section("notes", "Notes", (Items(prior.notes),)))
    return Document(
        title=title,
        subtitle=subtitle,
        opening=(*describe_prior_predictive(prior), _describe_way(prior)),
        sections=tuple(sections),
        kicker="Prior",
    )


def build_prior_report(prior: PriorPredictive, title: str, subtitle: str, origin: PriorOrigin) -> Document:
    """Return the report of a prior, with pictures."""
    responsible = {item.outcome: item for item in prior.responsible}
    sections = [
        Section(
            f"outcome-{_make_key(outcome.name)}",
            f"What does the prior say of {outcome.name}?",
            tuple(_list_blocks(prior, outcome, responsible.get(outcome.name))),
        )
        for outcome in prior.outcomes
    ]
    sections.append(
        Section("parameters", "What does the prior say of parameters?", (_build_parameters(prior),))
    )
    if prior.notes:
        sections.append(Section("notes", "What must be known about the draws?", (Items(prior.notes),)))
    sections.append(build_provenance_section(origin))
    created = origin.created.replace("T", " at ").replace("+00:00", " UTC")
    return Document(
        title=title,
        subtitle=subtitle,
        byline=f"Written {created} by workbench {origin.workbench}",
        opening=(*describe_prior_predictive(prior), _describe_way(prior)),
        sections=tuple(sections),
        kicker="Prior and prior predictive distribution",
    )


def _describe_way(prior: PriorPredictive) -> str:
    how = "forward by random number generators" if prior.way == "forward" else "by NUTS from the prior alone"
    data_sets = ", and a data set for each; outcomes of the data are not used" if prior.outcomes else ""
    return f"{prior.draws:,} parameters were drawn {how}{data_sets}."


def _plain(text: str) -> str:
    return text.replace("`", "")


def _bare(table: TableBlock) -> TableBlock:
    return TableBlock(table.key, "", table.columns, table.rows, table.note)


def _list_tables(prior: PriorPredictive) -> Iterator[TableBlock]:
    responsible = {item.outcome: item for item in prior.responsible}
    for outcome in prior.outcomes:
        yield _build_statistics(prior, outcome)
        found = responsible.get(outcome.name)
        if found is not None and found.held:
            yield _build_responsible(outcome, found)


def _list_blocks(
    prior: PriorPredictive, outcome: OutcomePrior, responsible: Responsibility | None
) -> Iterator[Block]:
    yield from _draw(outcome)
    yield _build_quantiles(outcome)
    yield _build_statistics(prior, outcome)
    if responsible is not None and responsible.held:
        yield Paragraph(
            f"Each parameter is held at its prior median in {responsible.count:,} data sets, with "
            "all that has a prior given it drawn anew. Shares need not add up to 100 %: two priors can be "
            "needed together."
        )
        yield _build_responsible(outcome, responsible)


def _build_quantiles(outcome: OutcomePrior) -> TableBlock:
    rows = [
        (Cell("smallest drawn"), Cell(format_number(outcome.lowest))),
        *(
            (Cell(f"{100 * probability:g} % are below"), Cell(format_number(value)))
            for probability, value in zip(QUANTILES, outcome.quantiles, strict=True)
        ),
        (Cell("largest drawn"), Cell(format_number(outcome.highest))),
    ]
    limits = outcome.limits
    if limits is not None:
        unit = " (data sets)" if outcome.kind == "yes/no" else ""
        rows += [
            (
                Cell(f"below {format_number(limits.lower)}, {limits.source}{unit}"),
                Cell(format_percent(outcome.below)),
            ),
            (
                Cell(f"beyond {format_number(limits.upper)}, {limits.source}{unit}"),
                Cell(format_percent(outcome.beyond)),
            ),
        ]
    return TableBlock(
        f"quantiles-{_make_key(outcome.name)}",
        f"Single values of `{outcome.name}` under the prior",
        (Column("", "text"), Column("value", "number")),
        tuple(rows),
    )


def _build_statistics(prior: PriorPredictive, outcome: OutcomePrior) -> TableBlock:
    has_data = any(item.observed is not None for item in outcome.statistics)
    tail = 50 * (1 - prior.level)
    columns = [
        Column("of a data set", "text"),
        Column(f"{tail:g} %", "number"),
        Column("median", "number"),
        Column(f"{100 - tail:g} %", "number"),
    ]
    if has_data:
        columns += [
            Column("in the data", "number"),
            Column("below that", "number", help="share of data sets under the prior with a smaller value"),
        ]
    rows = []
    for item in outcome.statistics:
        cells = [Cell(item.name), *(Cell(format_number(v)) for v in (item.lower, item.median, item.upper))]
        if has_data:
            cells += [Cell(format_number(item.observed)), Cell(describe_position(item))]
        rows.append(tuple(cells))
    return TableBlock(
        f"statistics-{_make_key(outcome.name)}",
        f"Data sets of `{outcome.name}` under the prior",
        tuple(columns),
        tuple(rows),
    )


def _build_responsible(outcome: OutcomePrior, responsible: Responsibility) -> TableBlock:
    is_outside = responsible.is_about_range
    free = responsible.free
    columns = [
        Column("held at its median", "name"),
        Column("outside" if is_outside else "95 % width", "number"),
        Column("makes", "number", help="share of what is outside, or of the width, that is gone"),
    ]

    def show(below: float, beyond: float, spread: float) -> str:
        return format_percent(below + beyond) if is_outside else format_number(spread)

    rows = [(Cell("none"), Cell(show(free.below, free.beyond, free.spread)), Cell("–"))]
    for item in responsible.held:
        share = max(0.0, responsible.measure(item))
        rows.append(
            (
                Cell(item.parameter),
                Cell(show(item.below, item.beyond, item.spread)),
                Cell(format_percent(share)),
            )
        )
    return TableBlock(
        f"responsible-{_make_key(outcome.name)}",
        f"Which prior is responsible for `{outcome.name}`",
        tuple(columns),
        tuple(rows),
    )


def _build_parameters(prior: PriorPredictive, most: int | None = None) -> TableBlock:
    columns = (
        Column("parameter", "name"),
        *(Column(f"{100 * QUANTILES[place]:g} %", "number") for place in _SHOWN),
        Column("prior", "prose"),
    )
    chosen = prior.parameters if most is None else prior.parameters[:most]
    rows = tuple(
        (
            Cell(item.label),
            *(Cell(format_number(item.quantiles[place])) for place in _SHOWN),
            Cell(_describe_statement(item)),
        )
        for item in chosen
    )
    left = len(prior.parameters) - len(chosen)
    note = f"{left:,} more are in the report that --html writes." if left else ""
    return TableBlock("table-parameters", "Priors of parameters, as drawn", columns, rows, note)


def _describe_statement(prior: DrawnPrior) -> str:
    """Return a prior with the values of what it reads."""
    if not prior.statement:
        return "computed from parameters"
    values = [
        f"{item.name} = {format_value(item.value)}"
        + ("" if item.written is None else f" instead of {format_number(item.written)}")
        for item in prior.constants
    ]
    return f"{prior.statement} with {join_with_and(values)}" if values else prior.statement


def _draw(outcome: OutcomePrior) -> Iterator[Figures]:
    """Yield the pictures of an outcome: single values, and statistics of data sets."""
    pictures = []
    values = outcome.sample[np.isfinite(outcome.sample)]
    if outcome.kind in {"number", "count"} and len(values) > 1 and np.ptp(values) > 0:
        low, high = np.quantile(values, [0.01, 0.99])
        inside = values[(values >= low) & (values <= high)]
        limits = outcome.limits
        ends = [] if limits is None else [e for e in (limits.lower, limits.upper) if np.isfinite(e)]
        if np.ptp(inside) > 0:
            source = "" if limits is None else f"; ticks mark the {limits.source} range"
            pictures.append(
                Figure(
                    figures.draw_spread(inside, np.array(ends)),
                    f"{outcome.name} under the prior: the middle 98 % are from {format_number(low)} to "
                    f"{format_number(high)}.",
                    f"`{outcome.name}`, the middle 98 %{source}",
                )
            )
    for item in outcome.statistics:
        finite = item.values[np.isfinite(item.values)]
        if len(finite) < 2 or np.ptp(finite) == 0:
            continue
        low, high = np.quantile(finite, [0.01, 0.99])
        inside = finite[(finite >= low) & (finite <= high)]
        if np.ptp(inside) == 0:
            continue
        marks = np.empty(0) if item.observed is None else np.array([item.observed])
        of_data = "" if item.observed is None else "; the tick is that of the data"
        pictures.append(
            Figure(
                figures.draw_spread(inside, marks),
                f"{item.name} of data sets under the prior: {format_number(item.lower)} to "
                f"{format_number(item.upper)}, in the data {format_number(item.observed)}.",
                f"{item.name} of a data set{of_data}",
            )
        )
    if pictures:
        yield Figures(
            f"pictures-{_make_key(outcome.name)}",
            tuple(pictures),
            "Histograms of what the prior predicts before any outcome is seen. An observed value far out in "
            "a tail is a surprise under the prior; a prior that makes impossible values common is too wide.",
        )


def _make_key(name: str) -> str:
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name)
