"""The checks: the most urgent first, each with its page."""

from __future__ import annotations

from tests.report.documents import find_table, list_notices, list_text
from tests.report.page import read_page
from tests.report.simulated import simulate_fit
from workbench.diagnostics.catalogue import CATALOGUE
from workbench.report.document import Disclosure
from workbench.report.fit import check_pages, checks
from workbench.report.fit.report import build_fit_report
from workbench.report.html import render
from workbench.results.view import Results


def test_the_most_urgent_come_first_with_advice_where_it_is_due():
    table = find_table(checks.build_section(simulate_fit().results), "checks-table")
    assert [row[1].text for row in table.rows] == ["Issue", "Tip", "Passed", "Does not apply"]
    assert [row[5].text == "–" for row in table.rows] == [False, False, True, True]
    assert table.rows[0][2].text == "2"
    assert list_text(table.rows[3])[2] == "–"


def test_a_run_that_was_not_checked_is_said_to_be():
    assert list_notices(checks.build_section(Results())) == ["This run has not been checked."]


def test_every_check_has_a_page_and_every_finding_a_link_to_it():
    fit = simulate_fit(draws=40)
    pages = check_pages.build_section(fit.results)
    keys = {block.key for block in pages.blocks if isinstance(block, Disclosure)}
    assert keys == {f"check-{check.code}" for check in CATALOGUE}
    page = read_page(render(build_fit_report(fit)))
    links = {element.attributes["href"] for element in page.all("a")}
    assert {"#check-WB101", "#check-WB201", "#check-WB401", "#check-WB301"} <= links
