"""Prior sensitivity: how far the posterior moves when prior or likelihood is given more or less weight."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workbench.report.document import Block, Cell, Column, Notice, Paragraph, Section, TableBlock, Tone
from workbench.report.fit.notes import describe_log_prior
from workbench.report.numbers import MISSING, format_number, format_share, join_with_and, pluralise
from workbench.results.view import NO_LIKELIHOOD, PowerScalingResult, PriorStatement, Results, Sensitivity
from workbench.thresholds import PRIOR_WEIGHT_LIMIT

MAX_ROWS = 200
"""The most quantities in the table; of more, the most sensitive."""

_MOST_STATEMENTS = 4
"""The most prior statements that have a column each; with more, none has."""

_TITLE = "Does the prior matter?"
"""The heading of the section."""


def build_section(results: Results) -> Section:
    """Return the power-scaling sensitivity of each quantity, or why there is none."""
    scaling = results.power_scaling
    if results.model.has_no_likelihood:
        return Section("sensitivity", _TITLE, (Notice(NO_LIKELIHOOD),))
    if not scaling.is_ok or not scaling.parameters:
        return Section("sensitivity", _TITLE, (Notice(_explain_absence(scaling)),))
    blocks = (
        Paragraph(_EXPLANATION),
        *((Paragraph(own),) if (own := describe_log_prior(results)) else ()),
        *_list_refits(scaling),
        *_list_unreliable(scaling),
        _build_table(results),
    )
    return Section("sensitivity", _TITLE, blocks)


_EXPLANATION = (
    "Each number says how far the posterior of a quantity moves when the prior, or the likelihood, is raised "
    "to a power slightly above or below 1. Sensitive to the prior alone: the prior is informative, or the "
    "data say little. Sensitive to both: prior and data may be in conflict. The information of the prior is "
    "relative to that of the data; times the number of rows, it is the effective sample size of the prior."
)
"""How to read the table."""


def _explain_absence(scaling: PowerScalingResult) -> str:
    if scaling.status == "skipped":
        return "The sensitivity to the prior was not measured."
    return f"The sensitivity to the prior is not known: {scaling.reason or 'no reason was recorded.'}"


def _list_unreliable(scaling: PowerScalingResult) -> Iterator[Block]:
    """Yield the components whose importance weights are not reliable."""
    limit = scaling.khat_threshold
    high = [
        f"{_name_component(component)} ({format_number(khat, 2)})"
        for component, khat in scaling.khat.items()
        if khat is not None and limit is not None and khat > limit
    ]
    if high:
        yield Notice(
            f"Reweighting the draws is not reliable for {join_with_and(high)}: k-hat is above "
            f"{format_number(limit, 2)}. To see the effect, fit again with another prior.",
            Tone.CAUTION,
        )


def _list_refits(scaling: PowerScalingResult) -> Iterator[Block]:
    """Yield the components for which a study fitted the model again, because weights were not reliable."""
    components = [component for component, how in scaling.how.items() if how == "refit"]
    if not components:
        return
    powers = sorted({power for component in components for power in scaling.powers[component]})
    names = join_with_and([_name_component(component) for component in components])
    verb = "was" if len(components) == 1 else "were"
    text = (
        f"{names} {verb} fitted again at the powers "
        f"{join_with_and([format_number(power) for power in powers])}: the draws of the base fit could not "
        "be reweighted that far."
    )
    yield Notice(f"{text[0].upper()}{text[1:]}")


def _name_component(component: str) -> str:
    return {"prior": "the prior", "likelihood": "the likelihood"}.get(component, f"`{component}`")


def _build_table(results: Results) -> TableBlock:
    scaling = results.power_scaling
    ranked = sorted(scaling.parameters, key=lambda name: -(scaling.parameters[name].prior or 0.0))
    statements = scaling.statements if 1 < len(scaling.statements) <= _MOST_STATEMENTS else ()
    return TableBlock(
        key="sensitivity-table",
        caption=f"Power-scaling sensitivity of {pluralise(len(ranked), 'quantity')}, most sensitive first",
        columns=_build_columns(statements, has_weights=_has_weights(scaling)),
        rows=tuple(_build_row(results, name, len(statements)) for name in ranked[:MAX_ROWS]),
        note=_write_note(scaling),
        is_interactive=True,
    )


def _has_weights(scaling: PowerScalingResult) -> bool:
    return any(sensitivity.prior_weight is not None for sensitivity in scaling.parameters.values())


def _build_columns(statements: Sequence[PriorStatement], *, has_weights: bool) -> tuple[Column, ...]:
    weights = (
        Column("relative", "number", "Information of the prior"),
        Column("in rows", "number", "Information of the prior"),
    )
    return (
        Column("Quantity", "name"),
        Column("Prior", "number", "Sensitivity to"),
        Column("Likelihood", "number", "Sensitivity to"),
        *(
            Column(f"`{statement.statement or MISSING}`", "number", "Each prior statement")
            for statement in statements
        ),
        *(weights if has_weights else ()),
        Column("Diagnosis", "prose"),
    )


def _build_row(results: Results, name: str, statement_count: int) -> tuple[Cell, ...]:
    scaling = results.power_scaling
    sensitivity = scaling.parameters[name]
    by_statement = sensitivity.statements[:statement_count]
    return (
        Cell(results.label(name)),
        _build_cell(scaling, sensitivity.prior),
        Cell(format_share(sensitivity.likelihood)),
        *(_build_cell(scaling, value) for value in by_statement),
        *(Cell(MISSING) for _ in range(statement_count - len(by_statement))),
        *(_build_weights(sensitivity) if _has_weights(scaling) else ()),
        Cell(sensitivity.diagnosis or MISSING),
    )


def _build_weights(sensitivity: Sensitivity) -> tuple[Cell, Cell]:
    """Return the information of the prior relative to the data, and in rows."""
    is_heavy = (sensitivity.prior_weight or 0.0) > PRIOR_WEIGHT_LIMIT
    return (
        Cell(format_share(sensitivity.prior_weight), Tone.CAUTION if is_heavy else None),
        Cell(format_number(sensitivity.prior_rows)),
    )


def _build_cell(scaling: PowerScalingResult, value: float | None) -> Cell:
    is_large = value is not None and scaling.threshold is not None and value >= scaling.threshold
    return Cell(format_share(value), Tone.CAUTION if is_large else None)


def _write_note(scaling: PowerScalingResult) -> str:
    is_cut = len(scaling.parameters) > MAX_ROWS
    left = f" The first {MAX_ROWS} are shown; the others are in `run.json`." if is_cut else ""
    return (
        f"A quantity counts as sensitive above {format_number(scaling.threshold, 2)}: Kallioinen, Paananen, "
        f"Bürkner and Vehtari (2024), doi:10.1007/s11222-023-10366-5.{left}"
    )
