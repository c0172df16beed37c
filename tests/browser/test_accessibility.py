"""Pages in a real browser: checked by axe-core, with their links followed and with hostile strings."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.axe import find_violations
from tests.browser.chromium import BROWSERS, find_executable
from tests.registry.remembered import add, summarise
from tests.report.audit.pages import build as build_audit
from tests.report.simulated import simulate_fit
from tests.report.test_page import HOSTILE, poison
from workbench.report.comparison import build_comparison_report
from workbench.report.fit.report import build_fit_report
from workbench.report.html import render
from workbench.results import Fit

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_executable() is None, reason=f"needs one of {', '.join(BROWSERS)} on the path"),
]

PAGES = ("fit", "comparison", "audit", "empty", "hostile")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    fit = simulate_fit(schools=13, draws=40)
    failed = {"status": "failed", "reason": "the log density has no maximum."}
    nothing = dict.fromkeys(("mle", "map", "map_unconstrained", "laplace", "nuts"), failed)
    absent = {"status": "not available", "reason": "No."}
    gone = dict.fromkeys(("loo", "predictive", "power_scaling"), absent)
    documents = {
        "fit": build_fit_report(fit),
        "comparison": build_comparison_report(
            {"one": fit, "other": simulate_fit(schools=13, draws=40, seed=3)}
        ),
        "audit": build_audit(
            folder / "registry",
            *(
                add(
                    number,
                    summarise(priors={"mu.sigma": number}),
                    parent=number - 1 or None,
                    alias="champion",
                )
                for number in range(1, 15)
            ),
            ("x" * 120, add(15, summarise({"y" * 120: (1.0, 1.0)}), parent=14, note="z" * 2000)),
        ),
        "empty": build_fit_report(Fit({**fit.record, **nothing, **gone, "gaps": {}}, fit.tree)),
        "hostile": build_fit_report(Fit(poison(fit.record, " ".join(HOSTILE)), fit.tree)),
    }
    for name, document in documents.items():
        (folder / f"{name}.html").write_text(render(document), encoding="utf-8")
    return {name: folder / f"{name}.html" for name in documents}


@pytest.mark.parametrize(
    ("name", "scheme"),
    [
        ("fit", "light"),
        ("fit", "dark"),
        ("comparison", "dark"),
        ("audit", "light"),
        ("audit", "dark"),
        ("empty", "light"),
    ],
)
def test_axe_finds_nothing_serious(tab, pages, name, scheme):
    tab.emulate(scheme)
    tab.open(pages[name])
    tab.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true; })")
    assert find_violations(tab) == []


def test_axe_would_find_something(tab, pages):
    tab.open(pages["fit"])
    tab.evaluate("document.querySelector('.drawing').removeAttribute('aria-label')")
    assert find_violations(tab)


@pytest.mark.parametrize("name", PAGES)
def test_console_is_silent_and_nothing_is_requested(tab, pages, name):
    tab.open(pages[name])
    assert tab.list_events("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded") == []
    assert tab.list_events("Page.javascriptDialogOpening") == []
    requested = [event["request"]["url"] for event in tab.list_events("Network.requestWillBeSent")]
    assert [url for url in requested if not url.startswith("data:")] == [pages[name].as_uri()]


@pytest.mark.parametrize("name", PAGES)
def test_no_page_scrolls_sideways(tab, pages, name):
    tab.open(pages[name])
    tab.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true; })")
    for width in (320, 360, 1280):
        tab.resize(width)
        assert tab.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_to_something_visible(tab, pages, name):
    tab.open(pages[name])
    lost = tab.evaluate("""(async () => {
      const lost = [];
      for (const link of document.querySelectorAll("a[href]")) {
        for (const details of document.querySelectorAll("details")) details.open = false;
        for (let at = link; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
        location.hash = "";
        await new Promise((done) => setTimeout(done));
        link.click();
        await new Promise((done) => setTimeout(done));
        const target = document.getElementById(decodeURIComponent(link.getAttribute("href").slice(1)));
        const isOpen = target && (target.tagName !== "DETAILS" || target.open);
        if (!target || !isOpen || !target.getClientRects().length) lost.push(link.outerHTML);
      }
      return lost;
    })()""")
    assert lost == []


@pytest.mark.parametrize("name", ["fit", "comparison", "audit"])
def test_every_sortable_column_sorts_both_ways(tab, pages, name):
    tab.open(pages[name])
    wrong = tab.evaluate("""(() => {
      const wrong = [];
      for (const table of document.querySelectorAll("table[data-interactive]")) {
        const before = table.tBodies[0].rows.length;
        for (const header of table.tHead.rows[table.tHead.rows.length - 1].cells) {
          const button = header.querySelector("button");
          for (const way of ["ascending", "descending"]) {
            button.click();
            if (header.getAttribute("aria-sort") !== way) wrong.push(header.textContent);
          }
        }
        if (table.tBodies[0].rows.length !== before) wrong.push(table.id);
      }
      return wrong;
    })()""")
    assert wrong == []


def test_closed_pages_open_from_the_keyboard(tab, pages):
    tab.open(pages["fit"])
    tab.evaluate("document.querySelector('#check-WB101 summary').focus()")
    tab.press("Enter")
    assert tab.evaluate("document.getElementById('check-WB101').open")


def test_a_finding_opens_its_page(tab, pages):
    tab.open(pages["fit"])
    tab.evaluate("document.querySelector('#checks-table a').click()")
    tab.evaluate("new Promise((done) => setTimeout(done, 50))")
    opened = tab.evaluate("Array.from(document.querySelectorAll('details[open]'), details => details.id)")
    assert opened == ["check-WB201"]


def test_hostile_names_are_shown_as_text(tab, pages):
    tab.open(pages["hostile"])
    assert tab.evaluate("document.title") != "taken"
    text = tab.evaluate("document.body.innerText")
    assert "<script>alert(1)</script>" in text
    assert "onerror=alert(1)" in text
    assert tab.evaluate("document.querySelectorAll('img, iframe').length") == 0
