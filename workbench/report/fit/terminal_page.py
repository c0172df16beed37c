"""A fit as a page in the terminal: the estimates, what is missing and why, the verdict and its findings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import PurePath

from workbench.methods import RESULTS
from workbench.report.document import (
    Cell,
    Column,
    Document,
    Items,
    Section,
    TableBlock,
    Verdict,
    VerdictReason,
)
from workbench.report.fit.notes import (
    describe_pointwise,
    describe_scale,
    describe_update,
    list_own_densities,
    list_replaced_priors,
)
from workbench.report.fit.terminal_tables import build_mode_blocks, build_posterior_blocks
from workbench.report.fit.verdict import build_short_verdict, build_verdict, describe_tips, sort_findings
from workbench.report.numbers import pluralise
from workbench.results import Fit
from workbench.results.sampling_command import suggest_sampling
from workbench.results.store import REPORT
from workbench.results.view import CheckResult, Results
from workbench.results.view.estimates import ExactResult

_HEADINGS = {"n/a": "does not apply", "skipped": "skipped", "passed": "passed"}
"""What stands before the codes of checks that found nothing."""


def build_fit_page(fit: Fit) -> Document:
    """Return the page that `workbench fit` prints; where the run is comes last, by `describe_place`."""
    results = fit.results
    rows = f" ({pluralise(results.data.rows, 'row')})" if results.data.rows else ""
    scale = describe_scale(results)
    thinned = describe_pointwise(results)
    updated = describe_update(results)
    notes = (
        *([updated] if updated else []),
        *list_replaced_priors(results),
        *list_own_densities(results),
        *([thinned] if thinned else []),
    )
    remarks = tuple((Cell(head), Cell(text)) for head, text in _collect_remarks(results))
    table = TableBlock("remarks", "", (Column("method"), Column("", "prose")), remarks, is_prose=True)
    parts = {
        "notes": (Items(notes),) if notes else (),
        "posterior": build_posterior_blocks(results),
        "modes": build_mode_blocks(results),
        "remarks": (table,) if remarks else (),
    }
    return Document(
        title=results.model.name,
        subtitle=f"on {PurePath(results.data.path).name}{rows}{f'; {scale}' if scale else ''}",
        sections=tuple(Section(key, "", blocks) for key, blocks in parts.items() if blocks),
        verdict=build_short_verdict(results),
    )


def describe_place(fit: Fit, *, has_report: bool = True) -> str:
    """Return where the report of a fit is, or the fit if it has none."""
    if fit.folder is None:
        return ""
    return f"report: {fit.folder / REPORT}" if has_report else f"run: {fit.folder}"


def build_diagnosis_page(fit: Fit) -> Document:
    """Return the page that `workbench check` prints: each finding in full, other checks by code and why."""
    checks = () if fit.results.diagnosis is None else fit.results.diagnosis.checks
    rows = tuple(
        (Cell(heading), Cell(_list_codes([check for check in checks if check.status == status])))
        for status, heading in _HEADINGS.items()
        if any(check.status == status for check in checks)
    )
    table = TableBlock("checks", "", (Column("result"), Column("", "prose")), rows, is_prose=True)
    scale = describe_scale(fit.results)
    return Document(
        title=fit.results.model.name,
        subtitle="; ".join(filter(None, ("" if fit.folder is None else f"in {fit.folder}", scale))),
        sections=(Section("checks", "", (table,)),) if rows else (),
        verdict=_build_full_verdict(fit.results),
        byline=_describe_skipped(fit.results),
    )


def _list_codes(checks: Sequence[CheckResult]) -> str:
    """Return the codes of checks that found nothing; of those that did not decide, by reason."""
    codes: dict[str, list[str]] = {}
    for check in checks:
        codes.setdefault("" if check.status == "passed" else check.message, []).append(check.code)
    return "; ".join(
        f"{', '.join(of_reason)} ({reason.removesuffix('.')})" if reason else ", ".join(of_reason)
        for reason, of_reason in codes.items()
    )


def _describe_skipped(results: Results) -> str:
    """Return which command makes a run that all checks apply to; empty where NUTS was run."""
    if results.nuts.status != "skipped":
        return ""
    return f"most checks need draws by NUTS: {suggest_sampling(results)} makes them"


def _build_full_verdict(results: Results) -> Verdict:
    """Return the verdict with each finding in full, those that follow from others too."""
    verdict, diagnosis = build_verdict(results), results.diagnosis
    if diagnosis is None or not results.quantities:
        return verdict
    lead = tuple(reason for reason in verdict.reasons if not reason.place)
    findings = tuple(
        VerdictReason(check.message, f"{check.status} {check.code} {check.title}", advice=check.advice)
        for check in sort_findings(diagnosis.checks)
    )
    tips = sum(check.status == "tip" for check in diagnosis.checks)
    sentence = describe_tips(tips) if diagnosis.verdict == "ok" and tips else verdict.sentence
    return replace(verdict, sentence=sentence, reasons=(*lead, *findings))


def _collect_remarks(results: Results) -> Iterator[tuple[str, str]]:
    """Yield what else happened on the way, by method."""
    for kind in RESULTS.values():
        result = results.method(kind.key)
        if not isinstance(result, ExactResult) and result.remark:
            yield kind.phrase, result.remark
    for remark in filter(None, (_name_sampler(results), results.nuts.init_remark)):
        yield RESULTS["nuts"].phrase, remark
    for step in results.ladder:
        state = "accepted" if step.accepted else "not accepted"
        yield f"{RESULTS[step.method].phrase} {state} ({step.seconds or 0:.1f} s)", step.why
    if results.ladder_words:
        yield "auto", results.ladder_words
    for attempt in results.attempts:
        yield f"attempt {attempt.number}", attempt.words


def _name_sampler(results: Results) -> str:
    """Return whose sampler ran; empty for Stan's own."""
    name = results.nuts.sampler
    return f"the chains are of {name}, not of Stan's own sampler." if name else ""
