"""Whether a challenger may take the place of a champion: both read, and put to the same held-out rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from workbench import files, tables
from workbench.errors import RequestError, WorkbenchError
from workbench.prediction.levels import NewGroups
from workbench.prediction.scores import OutcomeScores
from workbench.progress import SILENT, Progress
from workbench.provenance import hash_text
from workbench.registry.gate import CARRIED, GateLimits, GateResult, HeldOutOutcome, judge
from workbench.report.gate import (
    build_criteria_table,
    build_gate_report,
    describe_contenders,
    describe_result,
    list_remarks,
)
from workbench.report.html import render
from workbench.report.table_formats import escape_markdown, format_markdown
from workbench.results import Fit, store
from workbench.tables import Table
from workbench.toolchain import ToolchainSettings
from workbench.workflow.score import (
    ScoringOptions,
    choose_methods,
    keep_rows_with_outcomes,
    score_methods,
)

_HAS_ORDER = ("continuous", "count", "yes/no", "ordered")
"""Kinds of outcomes whose values can be subtracted."""


@dataclass(frozen=True)
class Contender:
    """A fit, and what it is called.

    Attributes
    ----------
    name
        Its version, or the folder of its run.
    fit
        The fit.
    """

    name: str
    fit: Fit


@dataclass(frozen=True)
class HeldOutRows:
    """The rows that both are put to.

    Attributes
    ----------
    table
        The rows, with their outcomes.
    new_groups
        What happens to groups that a fit has not seen.
    """

    table: Table
    new_groups: NewGroups = "refuse"


def ask_gate(
    challenger: Contender,
    champion: Contender | None,
    rows: HeldOutRows | None,
    limits: GateLimits,
    settings: ToolchainSettings | None = None,
    progress: Progress = SILENT,
) -> GateResult:
    """Return whether a challenger may take the place of a champion.

    Parameters
    ----------
    challenger, champion
        The fits; without a champion only the challenger's own verdict counts.
    rows
        Held-out rows that neither has seen; without them, predictions are not compared.
    limits
        What is demanded.
    settings, progress
        Which Stan to use, and where to report.

    Raises
    ------
    WorkbenchError
        The held-out rows are those of one of the fits, or the champion cannot predict them; an accepted prior
        is none of either fit.
    """
    if champion is not None:
        _check_accepted(limits, challenger.fit, champion.fit)
    held_out: list[HeldOutOutcome] | str = []
    left_out = 0
    if rows is not None and champion is not None:
        _require_unseen(rows.table, challenger, champion)
        before, left_out = _score(
            champion.fit, rows, settings, progress
        )  # rows that it cannot take are wrong
        try:
            after, _ = _score(challenger.fit, rows, settings, progress)
            held_out = _pair_all(before, after)
        except WorkbenchError as reason:
            held_out = reason.message
    found = judge(
        challenger.fit.results,
        None if champion is None else champion.fit.results,
        held_out,
        limits,
        (challenger.name, "" if champion is None else champion.name),
        is_carried=champion is not None and _is_carried(challenger.fit, champion.fit),
    )
    if rows is None:
        return found
    return msgspec.structs.replace(found, data=rows.table.sha256, left_out=left_out)


def _is_carried(challenger: Fit, champion: Fit) -> bool:
    """Return whether the prior of a fit is the posterior of another, carried without its rows."""
    updated = challenger.results.updated
    if updated is None or updated.way != "normal":
        return False
    return updated.parent_sha256 == hash_text(store.dump(champion.record))


def _require_unseen(table: Table, *contenders: Contender) -> None:
    """Refuse rows that one of the fits was made with: it would win.

    Raises
    ------
    RequestError
        The message names the fit.
    """
    for contender in contenders:
        if table.sha256 and table.sha256 == contender.fit.results.data.sha256:
            message = f"`{table.path.name}` is the table that {contender.name} was fitted to."
            raise RequestError(message, hint="give rows that neither has seen")


def _check_accepted(limits: GateLimits, challenger: Fit, champion: Fit) -> None:
    """Refuse an accepted prior that neither fit has.

    Raises
    ------
    RequestError
        The message names it, and those that there are.
    """
    known = {CARRIED}
    for results in (challenger.results, champion.results):
        known |= {*results.priors, *(prior.parameter for prior in results.model.replaced_priors)}
    unknown = [name for name in limits.accept_priors if name not in known]
    if unknown:
        message = f"`{unknown[0]}` was accepted, and is no prior of either fit."
        raise RequestError(message, hint=f"there are {', '.join(sorted(known - {CARRIED})) or 'none'}")


def _pair_all(
    before: Mapping[str, OutcomeScores], after: Mapping[str, OutcomeScores]
) -> list[HeldOutOutcome]:
    """Return how both predicted the held-out rows, by outcome.

    Raises
    ------
    RequestError
        They predict other outcomes, or other rows.
    """
    shared = [name for name in before if name in after]
    if not shared:
        raise RequestError("champion and challenger predict no outcome in common.")
    return [_pair(before[name], after[name]) for name in shared]


def _score(
    fit: Fit, rows: HeldOutRows, settings: ToolchainSettings | None, progress: Progress
) -> tuple[Mapping[str, OutcomeScores], int]:
    """Return the scores of each outcome by the best method that a fit has, and rows without an outcome."""
    kept, left_out = keep_rows_with_outcomes(fit, rows.table)
    methods, _ = choose_methods(fit.results)
    options = ScoringOptions(rows.new_groups)
    scored, *_ = score_methods(fit, kept, methods[:1], settings, progress, options)
    if not scored or not scored[0]:
        raise RequestError("no outcome of these rows is known, so that there is nothing to score.")
    return {scores.name: scores for scores in scored[0]}, left_out


def _pair(before: OutcomeScores, after: OutcomeScores) -> HeldOutOutcome:
    """Return an outcome as both predicted it.

    Raises
    ------
    RequestError
        They predict other elements of it.
    """
    one, other = before.elements, after.elements
    if one.rows.shape != other.rows.shape or (one.rows != other.rows).any():
        raise RequestError(f"champion and challenger predict other rows of `{before.name}`.")
    return HeldOutOutcome(
        name=before.name,
        rows=one.rows,
        observed=one.observed,
        densities=(one.log_density, other.log_density),
        means=(one.mean, other.mean),
        sds=(one.sd, other.sd),
        transforms=(one.transform, other.transform),
        is_yes_or_no=before.kind == "yes/no",
        has_order=before.kind in _HAS_ORDER,
    )


def read_held_out(data: Path | Table, new_groups: NewGroups = "refuse") -> HeldOutRows:
    """Return held-out rows.

    Raises
    ------
    WorkbenchError
        The table cannot be read.
    """
    return HeldOutRows(data if isinstance(data, Table) else tables.read(data), new_groups)


def write_gate_page(result: GateResult, target: Path) -> None:
    """Write what came of a gate as one HTML file.

    Raises
    ------
    StoreError
        The file cannot be written.
    """
    files.replace_file(target, render(build_gate_report(result)))


def write_gate_section(result: GateResult, target: Path) -> None:
    """Write what came of a gate as a section in Markdown, for a pull request.

    Raises
    ------
    StoreError
        The file cannot be written.
    """
    files.replace_file(target, format_section(result))


def format_section(result: GateResult) -> str:
    """Return what came of a gate as a section in GitHub's Markdown."""
    lines = [
        f"### Gate: {escape_markdown(describe_contenders(result))}",
        "",
        f"**{escape_markdown(describe_result(result))}**",
        "",
        format_markdown(build_criteria_table(result.criteria)),
        *(f"- {escape_markdown(remark)}" for remark in list_remarks(result)),
    ]
    return "\n".join(lines)
