"""How probable the data are under each run's program and priors, and what follows for the programs."""

from __future__ import annotations

import math
from collections.abc import Iterator

from workbench.evidence.bayes_factors import EvidenceComparison
from workbench.evidence.log_evidence import LogEvidence
from workbench.report.document import (
    Block,
    Cell,
    Column,
    Items,
    Notice,
    Paragraph,
    Section,
    TableBlock,
    Tone,
)
from workbench.report.numbers import MISSING, format_number

_TITLE = "Evidence"
"""The title of the section."""

_LARGEST_FACTOR = 1e6
"""Bayes factors above it are said by their order of magnitude. Ours."""

_CAVEAT = (
    "A log evidence depends on the width of every prior, also where the posterior does not: with priors that "
    "were not meant as a statement on their own, do not choose by it."
)
"""What is said beside every evidence."""


def build_section(comparison: EvidenceComparison) -> Section:
    """Return the log evidences, the Bayes factors, and everything that has to be known of them."""
    blocks: list[Block] = []
    if comparison.obstacle:
        blocks.append(Notice(f"There are no Bayes factors: {comparison.obstacle}"))
    blocks += [Notice(text, Tone.CAUTION) for text in _list_warnings(comparison)]
    blocks += [Notice(text) for text in _list_reasons(comparison)]
    if any(evidence.is_known for evidence in comparison.evidences.values()):
        sentence = describe(comparison)
        blocks += [Paragraph(text) for text in (sentence, comparison.remark) if text]
        blocks += [_build_table(comparison), Items((*_list_contents(comparison), _CAVEAT))]
    return Section("evidence", _TITLE, tuple(blocks))


def describe(comparison: EvidenceComparison) -> str:
    """Return which program the data favour, and by how much; empty where evidences are not compared."""
    if not comparison.best:
        return ""
    order = sorted(comparison.factors, key=lambda name: -comparison.factors[name].log_value)
    first, second = order[0], order[1]
    factor = comparison.factors[second]
    size = f"{format_factor(-factor.log_value)} (log {_format_with_error(-factor.log_value, factor.error)})"
    doubt = ""
    if factor.error is not None and -factor.log_value < 2 * factor.error:
        doubt = ", which is within its Monte Carlo error"
    elif any(evidence.warnings for evidence in comparison.evidences.values()):
        doubt = ", with reservations"
    return f"The data favour `{first}` over `{second}` by a Bayes factor of {size}{doubt}."


def _list_warnings(comparison: EvidenceComparison) -> Iterator[str]:
    for name, evidence in comparison.evidences.items():
        for warning in evidence.warnings if evidence.is_known else ():
            yield f"`{name}`: {warning}"


def _list_reasons(comparison: EvidenceComparison) -> Iterator[str]:
    for name, evidence in comparison.evidences.items():
        if not evidence.is_known:
            yield f"`{name}`: {evidence.reason}"


def _list_contents(comparison: EvidenceComparison) -> Iterator[str]:
    """Yield what the evidences count with: once where it holds for all runs."""
    known = {name: each for name, each in comparison.evidences.items() if each.is_known}
    texts = dict.fromkeys(text for evidence in known.values() for text in evidence.includes)
    for text in texts:
        names = [name for name, evidence in known.items() if text in evidence.includes]
        whose = "" if len(names) == len(known) else f"{', '.join(f'`{name}`' for name in names)}: "
        yield f"{whose}{text}" if whose else f"{text[:1].upper()}{text[1:]}"


def _build_table(comparison: EvidenceComparison) -> TableBlock:
    known = [(name, each) for name, each in comparison.evidences.items() if each.is_known]
    known.sort(key=lambda item: -(item[1].value or 0.0))
    columns = [
        Column("Run", "name"),
        Column("Log evidence", "number", help="log probability of the data under program and priors"),
        Column("SE", "number", help="Monte Carlo standard error"),
        Column("Method"),
    ]
    if comparison.best:
        columns += [
            Column("log", "number", "Bayes factor of the best against it"),
            Column("SE", "number", "Bayes factor of the best against it"),
            Column("ratio", "number", "Bayes factor of the best against it"),
            Column("Probability", "number", help="if all runs were as probable before the data"),
            Column("SE", "number", "", help="Monte Carlo standard error of the probability"),
        ]
        known.sort(key=lambda item: -comparison.factors[item[0]].log_value)
    share = f"1/{len(comparison.evidences)}"
    note = (
        f"Probability: of each program given the data, if one of these is true and each had {share} before."
        if comparison.best
        else ""
    )
    return TableBlock(
        key="evidence-table",
        caption="Log evidence [nats]",
        columns=tuple(columns),
        rows=tuple(_build_row(comparison, *item) for item in known),
        note=note,
    )


def _build_row(comparison: EvidenceComparison, name: str, evidence: LogEvidence) -> tuple[Cell, ...]:
    value, error = evidence.value or 0.0, evidence.error
    cells = [
        Cell(name),
        Cell(format_number(value, choose_decimals(error)), Tone.CAUTION if evidence.warnings else None),
        Cell(format_error(error)),
        Cell(", ".join(text for text in (evidence.method, evidence.proposal) if text)),
    ]
    if comparison.best:
        factor, probability = comparison.factors[name], comparison.probabilities[name]
        is_best = name == comparison.best
        cells += [
            Cell(MISSING if is_best else format_number(-factor.log_value, choose_decimals(factor.error))),
            Cell(MISSING if is_best else format_error(factor.error)),
            Cell(MISSING if is_best else format_factor(-factor.log_value)),
            Cell(format_number(probability.value, 3)),
            Cell(format_error(probability.error)),
        ]
    return tuple(cells)


def choose_decimals(error: float | None) -> int:
    """Return decimals that show two digits of a standard error, two where there is none."""
    if not error:
        return 2
    return min(6, max(0, 1 - math.floor(math.log10(error))))


def format_error(error: float | None) -> str:
    """Return a Monte Carlo error as text; a dash where there is none."""
    if error is None:
        return MISSING
    return "0" if error == 0 else format_number(error, choose_decimals(error))


def _format_with_error(value: float, error: float | None) -> str:
    text = format_number(value, choose_decimals(error))
    return text if not error else f"{text} ± {format_error(error)}"


def format_factor(log_value: float) -> str:
    """Return a Bayes factor from its log; its order of magnitude where it is huge.

    >>> format_factor(0.0), format_factor(2.8484), format_factor(230.26)
    ('1', '17.26', '10^100')
    """
    if log_value > math.log(_LARGEST_FACTOR):
        exponent, fraction = divmod(log_value / math.log(10), 1)
        leading = round(10**fraction)
        return f"10^{exponent + leading // 10:.0f}" if leading in {1, 10} else f"{leading}·10^{exponent:.0f}"
    return format_number(math.exp(log_value))
