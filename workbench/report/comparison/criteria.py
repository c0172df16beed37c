"""AIC, AICc and BIC of runs side by side, for those who report maximum likelihood."""

from __future__ import annotations

from workbench.likelihood.criteria import CriteriaComparison, RunCriteria
from workbench.report.document import Block, Cell, Column, Notice, Paragraph, Section, TableBlock
from workbench.report.numbers import MISSING, format_count, format_number

_TITLE = "Information criteria of the maximum-likelihood fits"
"""The title of the section."""


def build_section(criteria: CriteriaComparison) -> Section | None:
    """Return the table of criteria and what they count; `None` where fewer than two runs have any."""
    known = sorted(
        (run for run in criteria.runs if run.values is not None), key=lambda run: (run.values or {})["aic"]
    )
    if len(known) < 2:
        return None
    reasons = (Notice(f"`{run.name}` has none: {run.reason}") for run in criteria.runs if run.reason)
    blocks: tuple[Block, ...] = (*reasons, _build_table(known), *(Paragraph(text) for text in criteria.words))
    return Section("criteria", _TITLE, blocks)


def list_obstacles(criteria: CriteriaComparison) -> tuple[str, ...]:
    """Return why runs have no criteria, where no table of them says so."""
    if build_section(criteria) is not None:
        return ()
    if criteria.obstacle:
        return (criteria.obstacle,)
    return tuple(f"`{run.name}`: {run.reason}" for run in criteria.runs if run.reason)


def _build_table(runs: list[RunCriteria]) -> TableBlock:
    return TableBlock(
        key="criteria-table",
        caption="The smallest AIC first",
        columns=(
            Column("Run", "name"),
            Column("log likelihood", "number", help="at its maximum, with all constants [nats]"),
            Column("parameters", "number", help="free parameters"),
            Column("AIC", "number"),
            Column("weight", "number", "AIC", help="exp(-difference / 2), relative to the sum over the runs"),
            Column("AICc", "number"),
            Column("BIC", "number"),
            Column("weight", "number", "BIC"),
        ),
        rows=tuple(_build_row(run) for run in runs),
        note="Criteria judge the fit at the maximum of the likelihood, not the posterior. Weights: Burnham "
        "and Anderson (2004).",
    )


def _build_row(run: RunCriteria) -> tuple[Cell, ...]:
    values, weights = run.values or {}, run.weights or {}
    return (
        Cell(run.name),
        Cell(format_number(run.log_lik, 2)),
        Cell(MISSING if run.parameters is None else format_count(run.parameters)),
        Cell(format_number(values.get("aic"), 1)),
        Cell(format_number(weights.get("aic"), 2)),
        Cell(format_number(values.get("aicc"), 1)),
        Cell(format_number(values.get("bic"), 1)),
        Cell(format_number(weights.get("bic"), 2)),
    )
