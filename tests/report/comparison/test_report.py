"""The comparison as a page: complete, escaped, and there even if runs have nothing in common."""

import pytest
import xarray as xr

from tests.report.comparison.runs import make_moved_fit, make_unequal_pair
from tests.report.documents import find_table
from tests.report.page import read_page
from tests.report.simulated import simulate_fit
from workbench.errors import RequestError
from workbench.report.comparison import build_comparison_report
from workbench.report.document import Figures, Notice, Tone
from workbench.report.html import render
from workbench.results import Fit


def test_the_page_is_complete_and_names_are_escaped():
    hostile = '<script>alert(1)</script>"\u202e'
    fits = {"plain": simulate_fit(schools=40), hostile: make_moved_fit()}
    page = read_page(render(build_comparison_report(fits)))
    assert len(page.all("script")) == 1
    assert "alert(1)" in page.text
    for key in ("runs-table", "estimates-table", "differences-table", "loo-table"):
        assert any(element.attributes.get("id") == key for element in page.elements)


def test_runs_with_nothing_in_common_still_make_a_page():
    record = {"model": {"name": "bare"}, "data": {"path": "bare.csv", "rows": 3}}
    bare = Fit(record, xr.DataTree())
    document = build_comparison_report({"a": bare, "b": simulate_fit()})
    text = read_page(render(document)).text
    assert "no quantity in common" in text
    assert "cannot be compared by leave-one-out" in text
    assert document.verdict is not None
    assert document.verdict.tone in (Tone.CAUTION, Tone.FAIL)


def test_that_there_is_no_problem_is_said_only_if_all_was_checked():
    good = simulate_fit(diagnosis={"verdict": "ok", "reasons": [], "checks": []})
    verdict = build_comparison_report({"one": good, "other": good}).verdict
    assert verdict is not None
    assert any("no problem" in reason.text for reason in verdict.reasons)
    part = simulate_fit(
        diagnosis={"verdict": "ok", "reasons": [], "checks": [], "not_checked": ["the predictions"]}
    )
    verdict = build_comparison_report({"one": good, "part": part}).verdict
    assert verdict is not None
    *_, checked, last = [reason.text for reason in verdict.reasons]
    assert "as far as they were checked" in checked
    assert last == "`part`: not checked: the predictions."


def test_the_worst_verdict_counts_and_each_reason_names_its_run():
    good = simulate_fit(diagnosis={"verdict": "ok", "reasons": [], "checks": []})
    bad = simulate_fit(diagnosis={"verdict": "fail", "reasons": ["The chains disagree."], "checks": []})
    verdict = build_comparison_report({"good": good, "bad": bad}).verdict
    assert verdict is not None
    assert verdict.tone is Tone.FAIL
    assert verdict.sentence == "Which run predicts better is not known: `bad` failed its checks."
    assert not any("relied on:" in reason.text for reason in verdict.reasons)
    assert verdict.reasons[-1].text == "`bad`: The chains disagree."


def test_it_opens_with_which_run_predicts_better_and_the_numbers_of_the_table():
    document = build_comparison_report(make_unequal_pair())
    assert document.verdict is not None
    assert document.sections[0].key == "prediction"
    table = find_table(document.sections[0], "loo-table")
    difference, error = (cell.text for cell in table.rows[1][4:6])
    assert difference == "10.0"
    assert f"{difference} nats (standard error {error})" in document.verdict.sentence
    assert "k-hat" in document.verdict.reasons[0].text


def make_failed_fit(**changes):
    """Return a fit whose chains disagree because transitions diverged."""
    numbers = {"title": "", "severity": "fail", "status": "issue"}
    checks = [
        {
            **numbers,
            "code": "WB101",
            "message": "The chains disagree.",
            "cause": "WB201",
            "advice": "See WB201.",
        },
        {**numbers, "code": "WB201", "message": "Transitions diverged.", "advice": "Raise --adapt-delta."},
    ]
    reasons = [check["message"] for check in checks]
    return simulate_fit(diagnosis={"verdict": "fail", "reasons": reasons, "checks": checks}, **changes)


def read_section(document, key):
    return next(section for section in document.sections if section.key == key)


def test_other_outcomes_are_told_first_and_no_posterior_differences_are_given():
    failed = make_failed_fit(schools=40)
    failed.record["model"]["source"] += "// another program"
    document = build_comparison_report({"good": simulate_fit(schools=4), "bad": failed})
    assert document.verdict is not None
    expected = "These runs cannot be compared: `bad` and `good` were not fitted to the same outcome."
    assert document.verdict.sentence == expected
    assert not any("posterior mean" in reason.text for reason in document.verdict.reasons)
    section = read_section(document, "estimates")
    assert "need not mean the same" in section.blocks[0].text
    assert not any(isinstance(block, Figures) for block in section.blocks)
    table = find_table(section, "estimates-table")
    assert all(column.group != "Difference in SD" for column in table.columns)
    assert {len(row) for row in table.rows} == {len(table.columns)}


def test_of_three_runs_those_with_the_same_outcome_are_named():
    """It is not said beside it that the runs can be compared."""
    odd = make_failed_fit(schools=40)
    odd.record["model"]["source"] += "// another program"
    odd.record["diagnosis"]["verdict"] = "caution"
    document = build_comparison_report(
        {"a": simulate_fit(schools=4), "odd": odd, "b": simulate_fit(schools=4)}
    )
    assert document.verdict is not None
    assert document.verdict.sentence.startswith("These runs cannot be compared: ")
    texts = [reason.text for reason in document.verdict.reasons]
    assert "Compare runs that were fitted to the same outcome: `a` and `b` were." in texts
    assert not any("can be compared" in text for text in texts)


def test_the_same_program_with_other_rows_has_the_same_quantities():
    document = build_comparison_report({"all": simulate_fit(schools=40), "some": simulate_fit(schools=39)})
    assert document.verdict is not None
    assert document.verdict.sentence.startswith("The predictions of these runs cannot be compared: ")
    assert any("posterior mean" in reason.text for reason in document.verdict.reasons)
    assert find_table(read_section(document, "estimates"), "estimates-table").columns[-1].title == "`some`"


def test_numbers_of_failed_runs_stand_below_a_warning():
    document = build_comparison_report({"good": simulate_fit(schools=40), "bad": make_failed_fit(schools=40)})
    for key in ("prediction", "estimates"):
        assert read_section(document, key).blocks[0] == Notice(
            "Do not rely on these numbers: `bad` failed its checks.", Tone.FAIL
        )
    assert document.verdict is not None
    assert not any("agree:" in reason.text for reason in document.verdict.reasons)


def test_issues_of_a_run_are_folded_below_their_cause_and_its_remedy():
    document = build_comparison_report({"good": simulate_fit(schools=40), "bad": make_failed_fit(schools=40)})
    assert document.verdict is not None
    (issue,) = [reason for reason in document.verdict.reasons if reason.text.startswith("`bad`")]
    assert issue.text == "`bad`: Transitions diverged."
    assert issue.advice == "Raise --adapt-delta."
    assert issue.consequences == ("It explains: R-hat (WB101).",)
    assert issue.anchor == ""


@pytest.mark.parametrize("count", [1, 27])
def test_too_few_or_too_many_are_refused(count):
    with pytest.raises(RequestError, match=f"2 to 26 runs can be compared, found {count}"):
        build_comparison_report({str(number): simulate_fit() for number in range(count)})


def test_what_several_runs_have_is_said_once():
    def fit(number: float) -> Fit:
        return simulate_fit(
            diagnosis={"verdict": "caution", "reasons": [f"Residuals correlate by {number}."], "checks": []}
        )

    verdict = build_comparison_report({"a": fit(0.2), "b": fit(0.3), "c": fit(0.2)}).verdict
    assert verdict is not None
    (found,) = [reason.text for reason in verdict.reasons if "Residuals" in reason.text]
    assert found == "`a` and `c`: Residuals correlate by 0.2. Likewise `b`, with other numbers."
