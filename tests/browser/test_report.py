"""The report in a real browser: without errors, complete, usable by keyboard, on any screen."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from tests.browser.chromium import BROWSERS, Tab, find_executable
from tests.report.simulated import simulate_fit
from workbench.report.fit.report import build_fit_report
from workbench.report.html import render

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_executable() is None, reason=f"needs one of {', '.join(BROWSERS)} on the path"),
]

FIRST_COLUMN = (
    "Array.from(document.querySelectorAll('#estimates-table tbody tr'), row => row.cells[0].textContent)"
)
MODES = "document.getElementById('modes-table').querySelectorAll"
HEADER = "document.querySelectorAll('#estimates-table thead tr:last-child button')"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render(build_fit_report(simulate_fit(schools=14))), encoding="utf-8")
    return path


@pytest.fixture
def tab(browser: Tab, report: Path) -> Tab:
    browser.resize(1200)
    browser.emulate("light")
    browser.open(report)
    return browser


def test_console_is_silent(tab):
    assert tab.list_events("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded") == []


def test_nothing_but_the_file_is_requested(tab, report):
    requested = [event["request"]["url"] for event in tab.list_events("Network.requestWillBeSent")]
    assert [url for url in requested if not url.startswith("data:")] == [report.as_uri()]
    assert tab.list_events("Network.loadingFailed") == []


def test_policy_stops_what_hostile_text_would_load(tab, report, tmp_path):
    attack = '<img src="https://example.invalid/x.png"><script>document.title = "taken"</script>'
    page = tmp_path / "attacked.html"
    page.write_text(report.read_text(encoding="utf-8").replace("<main", f"{attack}<main"), encoding="utf-8")
    tab.open(page)
    assert tab.evaluate("document.title") != "taken"
    answered = [event["response"]["url"] for event in tab.list_events("Network.responseReceived")]
    assert not any("example.invalid" in url for url in answered)


def test_sorting_by_a_column_of_numbers(tab):
    before = tab.evaluate(FIRST_COLUMN)
    tab.evaluate(f"{HEADER}[3].click()")
    column = (
        "Array.from(document.querySelectorAll('#estimates-table tbody tr'), row => row.cells[3].textContent)"
    )
    up = [float(text.replace("−", "-")) for text in tab.evaluate(column)]
    assert up == sorted(up)
    assert tab.evaluate(FIRST_COLUMN) != before
    tab.evaluate(f"{HEADER}[3].click()")
    down = [float(text.replace("−", "-")) for text in tab.evaluate(column)]
    assert down == sorted(up, reverse=True)
    assert tab.evaluate(f"{HEADER}[3].closest('th').getAttribute('aria-sort')") == "descending"


def test_names_sort_by_number_and_missing_values_come_last(tab):
    tab.evaluate(f"{HEADER}[0].click()")
    names = tab.evaluate(FIRST_COLUMN)
    assert names.index("theta_raw[2]") < names.index("theta_raw[10]")
    for _ in range(2):
        tab.evaluate(f"{MODES}('thead tr:last-child button')[2].click()")  # the SE of tau is missing
        assert tab.evaluate(f"{MODES}('tbody th')[15].textContent") == "tau"


def test_the_elements_of_an_array_become_a_table_when_they_are_opened(tab, tmp_path):
    """Of a generated array there is a row; all elements are text, until a reader asks for them."""
    fit = simulate_fit(schools=14)
    fit.record["model"]["parameters"].pop()
    page = tmp_path / "folded.html"
    page.write_text(render(build_fit_report(fit)), encoding="utf-8")
    tab.open(page)
    assert "theta_raw[1..14]" in tab.evaluate(FIRST_COLUMN)
    listing = "document.getElementById('estimates-table-theta_raw')"
    assert tab.evaluate(f"{listing}.querySelector('table')") is None
    lines = tab.evaluate(f"{listing}.querySelector('pre').textContent").splitlines()
    tab.evaluate(f"{listing}.closest('details').open = true")
    cells = (
        f"Array.from({listing}.querySelectorAll('tr'), row => Array.from(row.cells, cell => cell.innerText))"
    )
    for _ in range(100):
        if rows := tab.evaluate(cells):
            break
        time.sleep(0.05)
    assert len(rows) == 15
    assert [re.split(" {2,}", line.strip()) for line in lines[1:]] == rows[1:]
    tab.evaluate(f"{listing}.querySelectorAll('thead button')[1].click()")
    means = [float(row[1].replace("−", "-")) for row in tab.evaluate(cells)[1:]]
    assert means == sorted(means)
    assert "CSV" in tab.evaluate(f"Array.from({listing}.querySelectorAll('.save'), each => each.textContent)")
    assert tab.list_events("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded") == []


def test_searching_leaves_the_rows_that_match(tab):
    shown = "Array.from(document.querySelectorAll('#estimates-table tbody tr:not([hidden])')).length"
    tab.evaluate(
        "(() => { const box = document.querySelector('input[data-table=estimates-table]');"
        " box.value = 'RAW 1'; box.dispatchEvent(new Event('input')); })()"
    )
    assert tab.evaluate(shown) == 5  # 10 to 14; the first goes by its label
    assert "5 of 16" in tab.evaluate("document.querySelector('#estimates-table output').textContent")


@pytest.mark.parametrize("width", [320, 360, 768, 1200, 1600])
def test_page_never_scrolls_sideways(tab, width):
    tab.resize(width)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_on_a_phone_the_contents_are_one_line_and_the_verdict_is_on_the_first_screen(tab):
    tab.resize(390)
    top = "document.querySelector('{}').getBoundingClientRect().{}"
    assert tab.evaluate(top.format("nav", "height")) < 50
    assert tab.evaluate(top.format(".verdict", "top")) < 300
    tab.evaluate("document.querySelector('nav li:last-child a').focus()")
    assert tab.evaluate("document.activeElement.getBoundingClientRect().right") <= 390
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast(tab, scheme):
    """WCAG 2.2, success criterion 1.4.3: a contrast of at least 4.5 for text."""
    tab.emulate(scheme)
    assert tab.evaluate(_WORST_CONTRAST) >= 4.5


def test_dark_pages_have_a_dark_background_and_light_drawings(tab):
    tab.emulate("dark")
    background = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    inks = tab.evaluate(
        "Array.from(document.querySelectorAll('.drawing svg text'), text => getComputedStyle(text).fill)"
    )
    assert max(_read_channels(background)) < 60
    assert min(max(_read_channels(ink)) for ink in inks) > 150


def test_first_tab_reaches_the_skip_link_and_enter_follows_it(tab):
    tab.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    assert tab.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    tab.press("Enter")
    assert tab.evaluate("location.hash") == "#content"


def test_headers_sort_from_the_keyboard(tab):
    tab.evaluate(f"{HEADER}[1].focus()")
    assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    tab.press("Enter")
    assert tab.evaluate(f"{HEADER}[1].closest('th').getAttribute('aria-sort')") == "ascending"


def test_page_is_complete_without_scripts(tab, report, tmp_path):
    page = tmp_path / "plain.html"
    text = report.read_text(encoding="utf-8")
    page.write_text(text[: text.rindex("<script>")] + "</body></html>", encoding="utf-8")
    tab.open(page)
    assert tab.evaluate("document.querySelectorAll('#estimates-table tbody tr').length") == 16
    assert tab.evaluate(
        "Array.from(document.querySelectorAll('button, input')).every(control => !control.offsetParent)"
    )


def _read_channels(colour: str) -> list[float]:
    return [float(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]


_WORST_CONTRAST = """(() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const linear = (value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  const luminance = (rgb) => 0.2126 * linear(rgb[0]) + 0.7152 * linear(rgb[1]) + 0.0722 * linear(rgb[2]);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const rgba = channels(getComputedStyle(at).backgroundColor);
      if (rgba.length === 3 || rgba[3] > 0) return rgba;
    }
    return [255, 255, 255];
  };
  let worst = 21;
  for (const element of document.querySelectorAll("body *:not(svg *):not(script)")) {
    if (!Array.from(element.childNodes).some((node) => node.nodeType === 3 && node.data.trim())) continue;
    const pair = [channels(getComputedStyle(element).color), ground(element)].map(luminance);
    worst = Math.min(worst, (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05));
  }
  return worst;
})()"""
