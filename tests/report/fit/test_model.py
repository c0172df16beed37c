"""The model: its story, its terms with links to their lines, and what could not be separated."""

from __future__ import annotations

from tests.report.documents import changed_fit, find_block
from tests.report.page import read_page
from tests.report.simulated import simulate_fit
from workbench.report.document import Items, Notice, Paragraph
from workbench.report.fit.model import build_section
from workbench.report.fit.report import build_fit_report
from workbench.report.html import render


def test_terms_link_to_their_lines():
    fit = simulate_fit()
    page = read_page(render(build_fit_report(fit)))
    links = {element.attributes["href"] for element in page.all("a")}
    assert {f"#source-{term['line']}" for term in fit.record["model"]["terms"]} <= links


def test_a_program_that_runs_as_written_has_its_obstacles():
    fit = changed_fit()
    fit.record["model"] |= {"instrumented": False, "obstacles": ["line 3 uses `target()`"]}  # type: ignore[index]
    section = build_section(fit.results)
    assert "could not be taken apart" in find_block(section, Notice).text
    assert find_block(section, Items).items == ("line 3 uses `target()`",)


def test_the_story_is_that_of_the_card():
    fit = changed_fit()
    fit.record["model"] |= {"title": "Eight schools", "story": "Eight high schools\neach ran a trial."}  # type: ignore[index]
    story = find_block(build_section(fit.results), Paragraph)
    assert story.text == "Eight schools. Eight high schools each ran a trial."
