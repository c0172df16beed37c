"""The verdict: the first thing a reader sees, in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.diagnostics.scope import list_checked, list_gaps
from workbench.report.document import Tone, Verdict, VerdictReason
from workbench.report.fit.check_pages import find_anchor
from workbench.report.numbers import join_with_and
from workbench.results.view import DiagnosisResult, Results

_SENTENCES = {
    "ok": "The checks found no problem with these results.",
    "caution": "These results can be used, with the reservations below.",
    "fail": "Do not rely on these results yet.",
}
"""What each verdict means for the reader."""


def build_verdict(results: Results) -> Verdict:
    """Return the verdict on a run, or that it was never checked."""
    diagnosis = results.diagnosis
    if diagnosis is None:
        return Verdict(Tone.CAUTION, "This run has not been checked: `run.json` contains no verdict.")
    sentence = " ".join(_describe_verdict(results, diagnosis))
    return Verdict(Tone(diagnosis.verdict), sentence, _build_reasons(diagnosis))


def _describe_verdict(results: Results, diagnosis: DiagnosisResult) -> Iterator[str]:
    """Yield the meaning of the verdict, and what was not checked.

    That there is no problem is said only if no check was left out and none has a tip.
    """
    if diagnosis.verdict == "fail" and not results.quantities:
        yield "There are no results."
        return
    tips = sum(check.status == "tip" for check in diagnosis.checks)
    if diagnosis.verdict != "ok" or not (tips or diagnosis.not_checked):
        yield _SENTENCES[diagnosis.verdict]
    elif diagnosis.not_checked:
        checked = join_with_and(list_checked(diagnosis.checks))
        yield f"These results can be used, as far as they were checked: {checked}."
    else:
        named = "tip" if tips == 1 else f"{tips} tips"
        yield f"These results can be used, with the {named} below in mind."
    if diagnosis.not_checked and results.nuts.status == "skipped":
        yield f"Not checked, for want of posterior draws: {join_with_and(diagnosis.not_checked)}."
    elif diagnosis.not_checked:
        yield f"Not checked: {join_with_and(diagnosis.not_checked)}."
        yield from dict.fromkeys(check.message for check in list_gaps(results, diagnosis.checks))


def _build_reasons(diagnosis: DiagnosisResult) -> tuple[VerdictReason, ...]:
    """Return the reasons of a verdict, each with the page of its check; without any, what passed."""
    codes = {check.message: check.code for check in diagnosis.checks}
    reasons = tuple(_build_reason(text, codes.get(text, "")) for text in diagnosis.reasons)
    return reasons or _summarise_checks(diagnosis)


def _build_reason(text: str, code: str) -> VerdictReason:
    return VerdictReason(text, code, find_anchor(code)) if find_anchor(code) else VerdictReason(text)


def _summarise_checks(diagnosis: DiagnosisResult) -> tuple[VerdictReason, ...]:
    """Return how many checks passed, and the tips of the others."""
    statuses = [check.status for check in diagnosis.checks]
    applicable = sum(status in ("passed", "issue", "tip") for status in statuses)
    if not applicable:
        return ()
    lead = VerdictReason(
        f"{statuses.count('passed')} of the {applicable} checks that apply to this run passed."
    )
    tips = (check for check in diagnosis.checks if check.status == "tip")
    return (lead, *(_build_reason(tip.message, tip.code) for tip in tips))
