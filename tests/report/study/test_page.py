"""The page of a study in a real browser: axe-core, narrow screens, dark ground, nothing requested."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.browser.axe import find_violations
from tests.browser.chromium import BROWSERS, Tab, find_executable
from workbench.report.html import render
from workbench.report.study.report import build_study_report

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_executable() is None, reason=f"needs one of {', '.join(BROWSERS)} on the path"),
]

PAGES = ("study", "failed")


@pytest.fixture(scope="module")
def pages(study, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    reason = "sampling stopped: <b>Error</b> & `more`: " + "a_very_long_word_of_stan" * 8
    points = [{**point, "how": "failed", "reason": reason} for point in study.record["points"]]
    none = {"moves": {}, "verdict": "fail", "sentence": "No point could be fitted.", "reasons": [reason]}
    failed = {**study.record, "points": points, "conclusion": none, "tipping": [], "derivatives": {}}
    studies = {"study": study, "failed": replace(study, record=failed)}
    for name, each in studies.items():
        (folder / f"{name}.html").write_text(render(build_study_report(each)), encoding="utf-8")
    return {name: folder / f"{name}.html" for name in studies}


@pytest.fixture
def tab(browser: Tab) -> Tab:
    browser.resize(1200)
    browser.emulate("light")
    return browser


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(tab, pages, name, scheme):
    tab.emulate(scheme)
    tab.open(pages[name])
    assert find_violations(tab) == []


@pytest.mark.parametrize("name", PAGES)
def test_no_page_scrolls_sideways(tab, pages, name):
    tab.open(pages[name])
    for width in (320, 390, 1280):
        tab.resize(width)
        assert tab.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", PAGES)
def test_the_file_is_complete_and_silent(tab, pages, name):
    tab.open(pages[name])
    assert tab.list_events("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded") == []
    requested = [event["request"]["url"] for event in tab.list_events("Network.requestWillBeSent")]
    assert [url for url in requested if not url.startswith("data:")] == [pages[name].as_uri()]


def test_each_section_is_linked_and_each_drawing_has_a_label(tab, pages):
    tab.open(pages["study"])
    targets = tab.evaluate("[...document.querySelectorAll('nav a')].map(link => link.getAttribute('href'))")
    assert {"#effects", "#tipping", "#moves", "#curves", "#sensitivity", "#prior-alone", "#points"} <= set(
        targets
    )
    for target in targets:
        assert tab.evaluate(f"document.getElementById({target[1:]!r}) !== null"), target
    labels = tab.evaluate(
        "[...document.querySelectorAll('.drawing')].map(drawing => drawing.getAttribute('aria-label'))"
    )
    assert labels
    assert all(labels)
