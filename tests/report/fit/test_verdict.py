"""The verdict: the record's own, with its reasons."""

from __future__ import annotations

from tests.report.documents import changed_fit
from workbench.report.document import Tone
from workbench.report.fit.verdict import build_verdict
from workbench.results.view import Results


def test_is_that_of_the_record():
    fit = changed_fit()
    verdict = build_verdict(fit.results)
    assert verdict.tone is Tone.CAUTION
    assert [reason.text for reason in verdict.reasons] == fit.record["diagnosis"]["reasons"]


def test_without_reasons_the_passed_checks_are_counted_and_tips_listed():
    fit = changed_fit()
    fit.record["diagnosis"] |= {"verdict": "ok", "reasons": []}  # type: ignore[index]
    verdict = build_verdict(fit.results)
    assert verdict.tone is Tone.OK
    assert [reason.text for reason in verdict.reasons] == [
        "1 of the 3 checks that apply to this run passed.",
        "The mode of `tau` is far below its mean.",
    ]
    assert verdict.reasons[1].anchor == "check-WB401"


def test_a_run_that_was_not_checked_has_none():
    verdict = build_verdict(Results())
    assert verdict.tone is Tone.CAUTION
    assert "not been checked" in verdict.sentence
