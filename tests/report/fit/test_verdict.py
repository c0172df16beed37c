"""The verdict: the record's own, with its reasons."""

from __future__ import annotations

from tests.report.documents import changed_fit
from workbench.report.document import Tone
from workbench.report.fit.verdict import build_verdict
from workbench.results import Fit
from workbench.results.view import Results


def test_is_that_of_the_record():
    fit = changed_fit()
    verdict = build_verdict(fit.results)
    assert verdict.tone is Tone.CAUTION
    (stated,) = fit.record["diagnosis"]["reasons"]
    findings = ["2 of 2,000 draws diverged.", "The mode of `tau` is far below its mean."]
    assert [reason.text for reason in verdict.reasons] == [stated, *findings]
    assert verdict.found.startswith("Given the model and the data, `mu` is ")


def test_an_ok_says_what_was_checked_and_lists_tips():
    fit = changed_fit()
    fit.record["diagnosis"] |= {"verdict": "ok", "reasons": []}  # type: ignore[index]
    del fit.record["diagnosis"]["checks"][1]
    verdict = build_verdict(fit.results)
    assert verdict.tone is Tone.OK
    assert verdict.scope.startswith("Checked: the chains")
    assert verdict.scope.endswith("(1 check passed).")
    (tip,) = verdict.reasons
    assert (tip.text, tip.anchor) == ("The mode of `tau` is far below its mean.", "check-WB401")


def test_what_follows_from_a_finding_stands_with_it():
    fit = changed_fit()
    messages = {"WB405": "Chains found different modes.", "WB101": "R-hat is 2.", "WB601": "Strong prior."}
    fit.record["diagnosis"] |= {  # type: ignore[index]
        "verdict": "fail",
        "reasons": [messages["WB101"]],
        "checks": [
            {"code": code, "status": "issue", "severity": "fail", "message": message, "cause": cause}
            for (code, message), cause in zip(messages.items(), ("", "WB405", "WB405"), strict=True)
        ],
    }
    (reason,) = build_verdict(fit.results).reasons
    assert reason.text == "Chains found different modes."
    assert reason.consequences == (
        "It explains: R-hat (WB101).",
        "Not to be judged before: the weight of the priors (WB601).",
    )


def test_no_problem_is_claimed_only_if_nothing_was_left_out_and_no_check_has_a_tip():
    fit = changed_fit()
    ok = {"verdict": "ok", "reasons": [], "checks": [{"code": "WB101", "status": "passed"}]}
    fit.record["diagnosis"] = ok  # type: ignore[index]
    assert build_verdict(fit.results).sentence == "The checks found no problem with these results."


def test_an_ok_with_tips_says_so():
    fit = changed_fit()
    fit.record["diagnosis"] |= {"verdict": "ok", "reasons": []}  # type: ignore[index]
    assert build_verdict(fit.results).sentence == "These results can be used, with the tip below in mind."


def test_missing_modes_are_said_above_their_table_and_not_counted_among_the_tips():
    fit = changed_fit()
    fit.record["diagnosis"] |= {"verdict": "ok", "reasons": []}  # type: ignore[index]
    checks = fit.record["diagnosis"]["checks"]
    del checks[1]
    checks.append({"code": "WB402", "status": "tip", "message": "No MAP was found."})
    assert build_verdict(fit.results).sentence == "These results can be used, with the tip below in mind."
    assert [reason.anchor for reason in build_verdict(fit.results).reasons] == ["check-WB401"]
    del checks[1]
    verdict = build_verdict(Fit(fit.record, fit.tree).results)
    assert verdict.sentence == "The posterior can be used; not every mode exists."
    assert verdict.reasons == ()


def test_an_ok_says_what_was_checked_and_what_was_not():
    """Of a MAP alone, nobody knows how well it predicts."""
    fit = changed_fit(nuts={"status": "skipped", "reason": "it was not requested."})
    fit.record["diagnosis"] = {  # type: ignore[index]
        "verdict": "ok",
        "checks": [{"code": "WB402", "status": "passed"}, {"code": "WB501", "status": "passed"}],
        "not_checked": ["the predictions", "the sensitivity to the priors"],
    }
    verdict = build_verdict(fit.results)
    assert verdict.sentence == "These results can be used, as far as they were checked."
    assert verdict.scope == (
        "Checked: the point estimates and the instrumented program (2 checks passed). Not checked, for want "
        "of posterior draws: the predictions and the sensitivity to the priors."
    )


def test_the_cause_of_a_gap_is_said_beside_draws():
    fit = changed_fit()
    message = "`y` was not checked: its replicates were not drawn."
    skipped = [{"code": code, "status": "skipped", "message": message} for code in ("WB502", "WB504")]
    passed = [{"code": "WB101", "status": "passed"}]
    diagnosis = {"verdict": "ok", "checks": [*passed, *skipped], "not_checked": ["the predictions"]}
    fit.record["diagnosis"] = diagnosis  # type: ignore[index]
    expected = f"Checked: the chains (1 check passed). Not checked: the predictions. {message}"
    assert build_verdict(fit.results).scope == expected


def test_a_caution_says_what_was_not_checked():
    fit = changed_fit()
    fit.record["diagnosis"]["not_checked"] = ["the predictions"]
    assert build_verdict(fit.results).scope == "Not checked: the predictions."


def test_a_run_that_was_not_checked_has_none():
    verdict = build_verdict(Results())
    assert verdict.tone is Tone.CAUTION
    assert "not been checked" in verdict.sentence
