"""The optima: the maximum of the likelihood, distinct modes, priors as penalties, and every start."""

from __future__ import annotations

import math
from collections.abc import Iterator

from workbench.methods import RESULTS
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
    TableBlock,
    Tone,
)
from workbench.report.fit.missing import explain_missing
from workbench.report.numbers import MISSING, format_count, format_number, pluralise
from workbench.results.view import MapResult, MleResult, OptimizerStart, Results

_MOST_STARTS = 50
"""The most starts of each method that are listed."""

_MOST_QUANTITIES = 12
"""The most quantities in a table of modes."""


def build_section(results: Results) -> Section:
    """Return the likelihood at its maximum, distinct modes, penalties, and every start."""
    absent = [key for key in RESULTS if key != "nuts" and results.method(key).status != "skipped"]
    blocks: tuple[Block, ...] = (
        *(Notice(text, Tone.CAUTION) for key in absent if (text := explain_missing(results, key))),
        *_list_likelihood(results),
        *_build_distinct_modes(results, "map", results.map),
        *_build_distinct_modes(results, "map_unconstrained", results.map_unconstrained),
        *_list_penalties(results),
        *_build_starts(results),
    )
    return Section("modes", "Modes and penalties", blocks or (Notice("No mode was computed."),))


def _list_likelihood(results: Results) -> Iterator[Block]:
    mle = results.mle
    if not mle.is_ok or mle.log_lik is None:
        return
    facts = [("Log likelihood at its maximum", f"{format_number(mle.log_lik, 2)} nats")]
    facts += [
        (title, format_number(value, 1))
        for title, value in (("AIC", mle.aic), ("BIC", mle.bic))
        if value is not None
    ]
    facts += [
        (title, format_count(count))
        for title, count in (("Parameters", mle.parameters), ("Observations", mle.observations))
        if count is not None
    ]
    yield Facts((*facts, *_describe_count(mle)))


def _describe_count(mle: MleResult) -> Iterator[tuple[str, str]]:
    """Say which sample size the BIC has, and which other it could have where rows are counts of trials."""
    if mle.bic is None and mle.aic is not None:
        yield (
            "BIC",
            "none: one density holds all observations, and does not say how many; --bic-count sets that",
        )
    if mle.bic is None or mle.bic_count is None or mle.parameters is None:
        return
    size = format_count(mle.bic_count)
    meaning = "the observations" if mle.bic_count == mle.observations else "as set"
    yield "Sample size of the BIC", f"{size} ({meaning})"
    if mle.trials is not None and mle.trials != mle.bic_count:
        other = mle.bic + mle.parameters * math.log(mle.trials / mle.bic_count)
        yield (
            "Trials in the observations",
            f"{format_count(mle.trials)} (with them as sample size the BIC is {format_number(other, 1)}; "
            f"--bic-count {mle.trials} sets it)",
        )


def _build_distinct_modes(results: Results, method: str, result: MapResult) -> Iterator[Block]:
    """Yield a notice and a table where the optimiser found more than one mode."""
    if len(result.modes) < 2:
        return
    text = f"{RESULTS[method].title}: the starts ended at {pluralise(len(result.modes), 'distinct mode')}."
    yield Notice(text, Tone.CAUTION)
    names = list(dict.fromkeys(name for mode in result.modes for name in mode.estimates))[:_MOST_QUANTITIES]
    unit = result.distance_in or "posterior SDs"
    columns = (
        Column("Mode", "text"),
        Column("Log density", "number"),
        Column("Starts", "number"),
        Column("Distance", "number", help=f"from the highest mode, in {unit}"),
        *(Column(f"`{results.label(name)}`", "number") for name in names),
    )
    rows = tuple(
        (
            Cell(str(place + 1)),
            Cell(format_number(mode.log_density, 2)),
            Cell(format_count(mode.starts)),
            Cell(format_number(mode.distance, 2)),
            *(Cell(format_number(mode.estimates.get(name))) for name in names),
        )
        for place, mode in enumerate(result.modes)
    )
    yield TableBlock(f"modes-{method}", "The distinct modes, highest first", columns, rows)


def _list_penalties(results: Results) -> Iterator[Block]:
    penalties = tuple(penalty.words for penalty in results.map.regularisation if penalty.words)
    if penalties:
        yield Paragraph("For the MAP, some priors are the penalties of regularised regression:")
        yield Items(penalties)


def _build_starts(results: Results) -> Iterator[Block]:
    optima = {"mle": results.mle, "map": results.map, "map_unconstrained": results.map_unconstrained}
    rows = tuple(
        _build_start(method, start)
        for method, optimum in optima.items()
        for start in optimum.starts[:_MOST_STARTS]
    )
    if not rows:
        return
    table = TableBlock(
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
        rows=rows,
        is_prose=True,
    )
    yield Disclosure(f"All starts of the optimisers ({len(rows)})", (table,))


def _build_start(method: str, start: OptimizerStart) -> tuple[Cell, ...]:
    return (
        Cell(RESULTS[method].title),
        Cell(MISSING if start.seed is None else str(start.seed)),
        Cell(start.status or MISSING),
        Cell(start.optimizer or MISSING),
        Cell(format_number(start.log_density, 3)),
        Cell(start.reason or MISSING),
    )
