"""How the Bayes factor of two runs moves with the scale of a prior."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from workbench.evidence.curve import EvidenceCurve, FactorAt, Way
from workbench.report.comparison.evidence import choose_decimals, format_error, format_factor
from workbench.report.document import (
    Block,
    Cell,
    Column,
    Figure,
    Figures,
    Notice,
    Paragraph,
    Section,
    TableBlock,
)
from workbench.report.figures.evidence_curve import FactorCurve, draw_factor_curve
from workbench.report.figures.sweep import name_value
from workbench.report.numbers import MISSING, format_number, join_with_and

_WAYS = {"the run": "the run", "weights": "its draws, weighted", "refit": "a fit of its own", "": MISSING}
"""How an evidence was found, in a table."""

_CAVEAT = (
    "The wider a prior, the more of its probability lies where the data exclude the parameter: in the end "
    "the evidence falls with the width, without a limit, and an improper prior has none (Bartlett 1957). Say "
    "why the width of the run was chosen."
)
"""What is said of every curve."""


def build_section(curve: EvidenceCurve) -> Section:
    """Return the Bayes factors along the hyperparameter: sentences, pictures and tables."""
    title = f"Evidence along {curve.name}"
    if curve.obstacle:
        return Section("evidence-curve", title, (Notice(f"There is no curve: {curve.obstacle}"),))
    blocks: list[Block] = [Paragraph(text) for text in describe(curve)]
    blocks += [Notice(text) for text in _list_reasons(curve)]
    drawings = tuple(drawing for pair in curve.pairs for drawing in _draw(curve, *pair))
    if drawings:
        explanation = (
            "Above the line the data favour the first program; the vertical line is the value of the run, "
            "the dotted one where both are equally probable. The band: two Monte Carlo standard errors to "
            "both sides."
        )
        blocks.append(Figures("evidence-curves", drawings, explanation, "small"))
    blocks += [_build_table(curve, *pair) for pair in curve.pairs]
    if not curve.pairs:
        blocks.append(_build_evidences(curve))
    return Section("evidence-curve", title, (*blocks, Paragraph(_CAVEAT)))


def describe(curve: EvidenceCurve) -> tuple[str, ...]:
    """Return how far the verdict hangs on the hyperparameter, in sentences."""
    if curve.obstacle:
        return ()
    return tuple(text for pair in curve.pairs for text in _describe_pair(curve, *pair))


def _describe_pair(curve: EvidenceCurve, first: str, second: str) -> Iterator[str]:
    known = [factor for factor in curve.list_factors(first, second) if factor.log_value is not None]
    if not known:
        yield f"No Bayes factor of `{first}` over `{second}` is known along `{curve.name}`."
        return
    low, high = (choose(known, key=lambda factor: factor.log_value or 0.0) for choose in (min, max))
    yield (
        f"Along `{curve.name}` from {name_value(known[0].at)} to {name_value(known[-1].at)} "
        f"({_say_fitted(curve)}) the log Bayes factor of `{first}` over `{second}` runs from "
        f"{_say(low)} at {name_value(low.at)} to {_say(high)} at {name_value(high.at)}: the probability of "
        f"`{first}`, if both were as probable before, from {format_number(low.probability, 3)} to "
        f"{format_number(high.probability, 3)}."
    )
    crossings = curve.find_crossings(first, second)
    if crossings:
        places = join_with_and([f"`{curve.name}` = {name_value(float(f'{at:.3g}'))}" for at in crossings])
        yield f"The verdict hangs on it: both are equally probable at {places}."
    elif all(factor.is_clear for factor in known):
        better = first if (low.log_value or 0.0) > 0 else second
        yield f"At each of these values the data favour `{better}`."
    if unclear := [name_value(factor.at) for factor in known if not factor.is_clear]:
        yield f"At {join_with_and(unclear)} neither is favoured beyond Monte Carlo error."


def _say_fitted(curve: EvidenceCurve) -> str:
    values = {name_value(value) for value in curve.fitted.values()}
    if len(values) == 1:
        return f"{values.pop()} in {join_with_and([f'`{name}`' for name in curve.fitted])}"
    return join_with_and([f"{name_value(value)} in `{name}`" for name, value in curve.fitted.items()])


def _say(factor: FactorAt) -> str:
    text = format_number(factor.log_value, choose_decimals(factor.error))
    return text if not factor.error else f"{text} ± {format_error(factor.error)}"


def _list_reasons(curve: EvidenceCurve) -> Iterator[str]:
    """Yield why evidences are missing, once for each reason."""
    for name, found in curve.evidences.items():
        for reason in dict.fromkeys(each.reason for each in found if each.reason):
            places = [
                name_value(at) for at, each in zip(curve.values, found, strict=True) if each.reason == reason
            ]
            yield f"`{name}` has no log evidence at {join_with_and(places)}: {reason}"


def _draw(curve: EvidenceCurve, first: str, second: str) -> Iterator[Figure]:
    known = [factor for factor in curve.list_factors(first, second) if factor.log_value is not None]
    if len(known) < 2:
        return
    drawn = FactorCurve(
        [factor.at for factor in known],
        [factor.log_value or 0.0 for factor in known],
        [factor.error or 0.0 for factor in known],
        curve.fitted[first],
        curve.find_crossings(first, second),
    )
    text = f"{first} over {second}: log Bayes factor along {curve.name}"
    ends = " to ".join(f"{_say(factor)} at {name_value(factor.at)}" for factor in (known[0], known[-1]))
    caption = f"`{first}` over `{second}`: log Bayes factor by `{curve.name}`"
    yield Figure(draw_factor_curve(drawn, is_log=curve.is_log), f"{text}, from {ends}.", caption)


def _build_table(curve: EvidenceCurve, first: str, second: str) -> TableBlock:
    rows = []
    factors = curve.list_factors(first, second)
    for place, factor in enumerate(factors):
        one = curve.evidences[first][place]
        decimals = choose_decimals(factor.error)
        is_known = factor.log_value is not None
        rows.append(
            (
                Cell(name_value(factor.at)),
                Cell(
                    format_number(one.value, choose_decimals(one.error)) if one.value is not None else MISSING
                ),
                Cell(format_number(factor.log_value, decimals) if is_known else MISSING),
                Cell(format_error(factor.error) if is_known else MISSING),
                Cell(format_factor(factor.log_value) if factor.log_value is not None else MISSING),
                Cell(format_number(factor.probability, 3) if is_known else MISSING),
                Cell(_say_ways({name: curve.evidences[name][place].way for name in (first, second)}, curve)),
            )
        )
    return TableBlock(
        key=f"evidence-curve-{first}-{second}",
        caption=f"`{first}` over `{second}`",
        columns=(
            Column(curve.name, "number"),
            Column("Log evidence", "number", help=f"of {first}"),
            Column("log", "number", "Bayes factor"),
            Column("SE", "number", "Bayes factor"),
            Column("ratio", "number", "Bayes factor"),
            Column("Probability", "number", help="of the first, if both were as probable before the data"),
            Column("From", "text"),
        ),
        rows=tuple(rows),
    )


def _say_ways(ways: Mapping[str, Way], curve: EvidenceCurve) -> str:
    """Return how the evidences of the runs that have the hyperparameter were found."""
    varied = {name: _WAYS[way] for name, way in ways.items() if name in curve.fitted}
    if len(set(varied.values())) == 1:
        return next(iter(varied.values()))
    return "; ".join(f"{name}: {text}" for name, text in varied.items())


def _build_evidences(curve: EvidenceCurve) -> TableBlock:
    """Return the log evidence of a single run at each value."""
    ((name, found),) = curve.evidences.items()
    return TableBlock(
        key="evidence-curve-alone",
        caption=f"Log evidence of `{name}` [nats]",
        columns=(
            Column(curve.name, "number"),
            Column("Log evidence", "number"),
            Column("SE", "number"),
            Column("From", "text"),
        ),
        rows=tuple(
            (
                Cell(name_value(at)),
                Cell(
                    MISSING if each.value is None else format_number(each.value, choose_decimals(each.error))
                ),
                Cell(format_error(each.error)),
                Cell(_WAYS[each.way]),
            )
            for at, each in zip(curve.values, found, strict=True)
        ),
    )
