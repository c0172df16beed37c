"""The verdict: what was found, whether to rely on it, the cause of what is wrong, and its remedy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from workbench.diagnostics.causes import is_undecided
from workbench.diagnostics.scope import list_checked, list_gaps
from workbench.report.document import Tone, Verdict, VerdictReason
from workbench.report.fit.check_pages import find_anchor
from workbench.report.fit.opening import describe_posterior, describe_prior
from workbench.report.numbers import join_with_and, pluralise
from workbench.results.view import CheckResult, DiagnosisResult, Results

_SENTENCES = {
    "ok": "The checks found no problem with these results.",
    "caution": "These results can be used, with the reservations below.",
    "fail": "Do not rely on these results yet.",
}
"""What each verdict means for the reader."""

_MISSING_MODES = "WB402"
"""The check whose tip is said in few words above the table of modes, and not again in the verdict."""

_MOST_IN_SIGHT = 20
"""Quantities up to which a screen shows the table and the verdict. Ours."""


def build_verdict(results: Results) -> Verdict:
    """Return the verdict on a run, or that it was never checked."""
    diagnosis = results.diagnosis
    found = " ".join(filter(None, (describe_posterior(results), describe_prior(results))))
    if diagnosis is None:
        sentence = "This run has not been checked: `run.json` contains no verdict."
        return Verdict(Tone.CAUTION, sentence, found=found)
    return Verdict(
        Tone(diagnosis.verdict),
        _describe_verdict(results, diagnosis),
        tuple(list_reasons(results, diagnosis)),
        found,
        " ".join(_describe_scope(results, diagnosis)),
    )


def build_short_verdict(results: Results) -> Verdict:
    """Return the verdict with what to do about issues; of tips, what they found, or only their number.

    Whether the prior matters stands before it, and the posterior where the tables are so long that their
    beginning is out of sight.
    """
    verdict = build_verdict(results)
    is_long = len(results.quantities) > _MOST_IN_SIGHT
    tips = [reason for reason in verdict.reasons if reason.place.startswith("tip")]
    others = [reason for reason in verdict.reasons if reason not in tips]
    if verdict.tone == Tone.FAIL:
        more = (VerdictReason(f"{pluralise(len(tips), 'tip')} more, which `workbench check` lists."),)
        reasons = (*others, *(more if tips else ()))
    else:
        reasons = (*others, *(replace(tip, advice="") for tip in tips))
    return replace(verdict, found=verdict.found if is_long else describe_prior(results), reasons=reasons)


def _describe_verdict(results: Results, diagnosis: DiagnosisResult) -> str:
    """Return what the verdict means; that there is no problem, only without tips and skipped checks."""
    if diagnosis.verdict == "fail" and not results.quantities:
        return "There are no results."
    tips = [check for check in diagnosis.checks if check.status == "tip" and not check.cause]
    if diagnosis.verdict != "ok" or not (tips or diagnosis.not_checked):
        return _SENTENCES[diagnosis.verdict]
    listed = sum(not _is_said_elsewhere(tip) for tip in tips)
    if listed:
        return describe_tips(listed)
    if tips:
        return "The posterior can be used; not every mode exists."
    return "These results can be used, as far as they were checked."


def describe_tips(count: int) -> str:
    """Return what results mean to which so many tips apply, and nothing worse."""
    noun = "tip" if count == 1 else f"{count} tips"
    return f"These results can be used, with the {noun} below in mind."


def _is_said_elsewhere(check: CheckResult) -> bool:
    return check.code == _MISSING_MODES and check.status == "tip"


def _describe_scope(results: Results, diagnosis: DiagnosisResult) -> Iterator[str]:
    """Yield what was checked where that speaks for the results, and what was not checked."""
    if diagnosis.verdict == "ok":
        passed = sum(check.status == "passed" for check in diagnosis.checks)
        checked = join_with_and(list_checked(diagnosis.checks))
        yield f"Checked: {checked} ({pluralise(passed, 'check')} passed)."
    if diagnosis.verdict != "fail" or results.quantities:
        yield from _describe_unchecked(results, diagnosis)


def _describe_unchecked(results: Results, diagnosis: DiagnosisResult) -> Iterator[str]:
    """Yield what was not checked, and why not."""
    if diagnosis.not_checked and results.nuts.status == "skipped":
        yield f"Not checked, for want of posterior draws: {join_with_and(diagnosis.not_checked)}."
    elif diagnosis.not_checked:
        yield f"Not checked: {join_with_and(diagnosis.not_checked)}."
        yield from dict.fromkeys(check.message for check in list_gaps(results, diagnosis.checks))


def list_reasons(results: Results, diagnosis: DiagnosisResult) -> Iterator[VerdictReason]:
    """Yield reasons that no check gives, such as a missing posterior; then findings without a cause.

    Where nothing was estimated, there is no more to say than why.
    """
    messages = {check.message for check in diagnosis.checks}
    for reason in diagnosis.reasons:
        if reason not in messages:
            yield VerdictReason(reason)
    if not results.quantities:
        return
    for check in sort_findings(diagnosis.checks):
        if not (check.cause or _is_said_elsewhere(check)):
            yield _build_reason(check, diagnosis.checks)


def sort_findings(checks: Sequence[CheckResult]) -> list[CheckResult]:
    """Return issues and tips, the gravest first, and each before what follows from it."""
    followers = {check.cause for check in checks if check.cause and check.severity == "fail"}
    ranks = {"fail": 0, "caution": 1, "none": 2}
    findings = [check for check in checks if check.status in ("issue", "tip")]
    return sorted(findings, key=lambda check: 0 if check.code in followers else ranks[check.severity])


def _build_reason(check: CheckResult, checks: Sequence[CheckResult]) -> VerdictReason:
    """Return a finding with what follows from it, and what cannot be judged because of it."""
    found = [other for other in checks if other.cause == check.code]
    explained = [_name_finding(other) for other in found if not is_undecided(other)]
    undecided = [_name_finding(other) for other in found if is_undecided(other)]
    consequences = (
        *((f"It explains: {', '.join(explained)}.",) if explained else ()),
        *((f"Not to be judged before: {', '.join(undecided)}.",) if undecided else ()),
    )
    return VerdictReason(
        check.message,
        f"{check.status} {check.code}",
        find_anchor(check.code),
        check.advice,
        consequences,
    )


def _name_finding(check: CheckResult) -> str:
    """Return what a finding is about, with its code."""
    return f"{_SUBJECTS.get(check.code, check.title)} ({check.code})"


_SUBJECTS = {
    "WB101": "R-hat",
    "WB102": "the effective sample size",
    "WB103": "the Monte Carlo error",
    "WB201": "divergences",
    "WB202": "the treedepth",
    "WB203": "E-BFMI",
    "WB204": "the step sizes",
    "WB301": "the Laplace approximation",
    "WB302": "the Pathfinder approximation",
    "WB401": "the gap between mode and mean",
    "WB402": "missing modes",
    "WB403": "modes on an edge",
    "WB404": "several modes",
    "WB405": "modes that were not visited",
    "WB502": "posterior predictive p-values",
    "WB503": "leave-one-out",
    "WB504": "LOO-PIT",
    "WB505": "the coverage of predictive intervals",
    "WB506": "the calibration of probabilities",
    "WB507": "the dispersion of counts",
    "WB508": "dependence between rows",
    "WB509": "dependence within levels",
    "WB601": "the weight of the priors",
    "WB602": "conflicts of prior and data",
    "WB603": "parameters that the data do not inform",
    "WB703": "influential rows",
}
"""What the findings are about that can follow from others."""
