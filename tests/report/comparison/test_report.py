"""The comparison as a page: complete, escaped, and there even if runs have nothing in common."""

import pytest
import xarray as xr

from tests.report.comparison.runs import make_moved_fit, make_unequal_pair
from tests.report.documents import find_table
from tests.report.page import read_page
from tests.report.simulated import simulate_fit
from workbench.errors import RequestError
from workbench.report.comparison import build_comparison_report
from workbench.report.document import Tone
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


@pytest.mark.parametrize("count", [1, 9])
def test_too_few_or_too_many_are_refused(count):
    with pytest.raises(RequestError, match=f"2 to 8 runs can be compared, found {count}"):
        build_comparison_report({str(number): simulate_fit() for number in range(count)})
