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


def test_no_problem_is_claimed_only_if_nothing_was_left_out_and_no_check_has_a_tip():
    fit = changed_fit()
    ok = {"verdict": "ok", "reasons": [], "checks": [{"code": "WB101", "status": "passed"}]}
    fit.record["diagnosis"] = ok  # type: ignore[index]
    assert build_verdict(fit.results).sentence == "The checks found no problem with these results."


def test_an_ok_with_tips_says_so():
    fit = changed_fit()
    fit.record["diagnosis"] |= {"verdict": "ok", "reasons": []}  # type: ignore[index]
    assert build_verdict(fit.results).sentence == "These results can be used, with the tip below in mind."


def test_an_ok_says_what_was_checked_and_what_was_not():
    """Of a MAP alone, nobody knows how well it predicts."""
    fit = changed_fit(nuts={"status": "skipped", "reason": "it was not requested."})
    fit.record["diagnosis"] = {  # type: ignore[index]
        "verdict": "ok",
        "checks": [{"code": "WB402", "status": "passed"}, {"code": "WB501", "status": "passed"}],
        "not_checked": ["the predictions", "the sensitivity to the priors"],
    }
    assert build_verdict(fit.results).sentence == (
        "These results can be used, as far as they were checked: the point estimates and the instrumented "
        "program. Not checked, for want of posterior draws: the predictions and the sensitivity to the "
        "priors."
    )


def test_the_cause_of_a_gap_is_said_beside_draws():
    fit = changed_fit()
    message = "`y` was not checked: its replicates were not drawn."
    skipped = [{"code": code, "status": "skipped", "message": message} for code in ("WB502", "WB504")]
    passed = [{"code": "WB101", "status": "passed"}]
    diagnosis = {"verdict": "ok", "checks": [*passed, *skipped], "not_checked": ["the predictions"]}
    fit.record["diagnosis"] = diagnosis  # type: ignore[index]
    assert build_verdict(fit.results).sentence == (
        "These results can be used, as far as they were checked: the chains. Not checked: the predictions. "
        f"{message}"
    )


def test_a_caution_says_what_was_not_checked():
    fit = changed_fit()
    fit.record["diagnosis"]["not_checked"] = ["the predictions"]
    assert build_verdict(fit.results).sentence.endswith("reservations below. Not checked: the predictions.")


def test_a_run_that_was_not_checked_has_none():
    verdict = build_verdict(Results())
    assert verdict.tone is Tone.CAUTION
    assert "not been checked" in verdict.sentence
