"""The page of draws in a real browser: its numbers, brushes and keyboard, and the page without scripts."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from tests.browser.axe import find_violations
from tests.browser.chromium import BROWSERS, Tab, find_executable
from tests.report.explore.draws import simulate_draws
from tests.report.test_page import HOSTILE, poison
from workbench.results import Fit
from workbench.results.quantities import iterate_elements
from workbench.results.store import tabulate_estimates
from workbench.workflow.explore import make_draws_page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_executable() is None, reason=f"needs one of {', '.join(BROWSERS)} on the path"),
]


@pytest.fixture(scope="module")
def fit() -> Fit:
    return simulate_draws(schools=5, draws=200)


@pytest.fixture(scope="module")
def path(fit: Fit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("explore") / "explore.html"
    path.write_text(make_draws_page(fit), encoding="utf-8")
    return path


@pytest.fixture
def tab(browser: Tab, path: Path) -> Tab:
    browser.resize(1280)
    browser.emulate("light")
    browser.open(path)
    return browser


def ask(tab, expression):
    """Return a value through JSON: an array of the page as a list."""
    return json.loads(tab.evaluate(f"JSON.stringify({expression})"))


def find(tab, name):
    return tab.evaluate(f"run.name.indexOf({json.dumps(name)})")


def drag(tab, view, start, end):
    """Drag across a picture between two places [shares of its width and height]."""
    tab.evaluate(
        f"document.getElementById('{view}').scrollIntoView({{block: 'center', behavior: 'instant'}})"
    )
    box = ask(tab, f"views.{view}.svg.getBoundingClientRect()")
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)]
    for kind, (x, y), buttons in zip(
        ("mousePressed", "mouseMoved", "mouseReleased"),
        (places[0], places[1], places[1]),
        (1, 1, 0),
        strict=True,
    ):
        options = {"button": "left", "buttons": buttons, "clickCount": 1}
        tab.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, **options)
    tab.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def test_console_is_silent_and_nothing_is_requested(tab, path):
    assert tab.list_events("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded") == []
    requested = [event["request"]["url"] for event in tab.list_events("Network.requestWillBeSent")]
    assert [url for url in requested if not url.startswith("data:")] == [path.as_uri()]


def test_numbers_are_those_of_numpy_within_the_rounding(tab, fit):
    for name, draws in iterate_elements(fit.tree["posterior"].to_dataset()):
        values = draws[np.isfinite(draws)]
        index = find(tab, name)
        found = ask(tab, f"summarise(readDraws({index}).sorted)")
        expected = {
            "count": values.size,
            "mean": values.mean(),
            "median": np.median(values),
            "sd": values.std(ddof=1),
            "lower": np.quantile(values, 0.025),
            "upper": np.quantile(values, 0.975),
        }
        tolerance = 1e-3 * values.std() + 1e-12 * abs(values.mean())
        assert found == pytest.approx(expected, abs=tolerance, rel=0), name


def test_the_table_shows_what_summary_csv_has(tab, fit):
    tau = find(tab, "tau")
    tab.evaluate(f"choose(0, {tau})")
    cells = ask(tab, "Array.from(document.querySelector('#numbers tr').cells, (cell) => cell.textContent)")
    (row,) = [
        row
        for row in csv.DictReader(tabulate_estimates(fit.record).to_csv().splitlines())
        if row["parameter"] == "tau"
    ]
    shown = [*cells[2:5], *cells[5].split(" to "), *cells[6:9]]
    keys = ("mean", "median", "sd", "lower", "upper", "rhat", "ess_bulk", "ess_tail")
    for text, key in zip(shown, keys, strict=True):
        number = text.replace(",", "").replace("−", "-")
        half = 0.5 * 10.0 ** -len(number.partition(".")[2])
        assert abs(float(number) - float(row[f"nuts_{key}"])) <= half * (1 + 1e-9), key


def test_pictures_count_what_numpy_and_scipy_count(tab, fit):
    index, other = find(tab, "mu"), find(tab, "theta_raw[1]")
    values = np.array(ask(tab, f"Array.from(readDraws({index}).values)"))
    counts = ask(tab, f"countBins(readDraws({index}).values, -3, 9, 24)")
    assert counts == np.histogram(values, 24, (-3, 9))[0].tolist()
    distinct = fit.tree["posterior"]["mu"].to_numpy().ravel()  # rounded, some draws are equal
    ranks = stats.rankdata(distinct, "ordinal").reshape(4, -1)
    found = np.array(ask(tab, f"countRanks(Float64Array.from({distinct.tolist()}), chainOf, 4, 20)"))
    expected = [np.histogram(chain, np.linspace(0, values.size, 21) + 0.5)[0] for chain in ranks]
    assert found == pytest.approx(np.array(expected), abs=1e-9)
    partner = np.array(ask(tab, f"Array.from(readDraws({other}).values)"))
    found = ask(tab, f"correlate(readDraws({index}).values, readDraws({other}).values)")
    assert found == pytest.approx(np.corrcoef(values, partner)[0, 1])


def test_equal_draws_favour_no_chain(tab):
    index = find(tab, "count")
    found = np.array(ask(tab, f"countRanks(readDraws({index}).values, chainOf, 4, 20)"))
    turned = np.array(ask(tab, f"countRanks(readDraws({index}).values, (i) => 3 - chainOf(i), 4, 20)"))
    assert found == pytest.approx(turned[::-1])
    assert found.sum(axis=0) == pytest.approx(np.full(20, 40))


@pytest.mark.parametrize("view", ["trace", "ranks", "histogram", "pair"])
def test_dragging_selects_the_draws_between_the_limits(tab, fit, view):
    tab.evaluate(f"choose(0, {find(tab, 'mu')}); choose(1, {find(tab, 'theta_raw[2]')})")
    drag(tab, view, (0.4, 0.3), (0.7, 0.6))
    selected = np.array(ask(tab, "Array.from(selectDraws())"), bool)
    ranges = ask(tab, "Array.from(state.ranges)")
    low, high = ask(tab, "state.draws.map((one) => Number.isFinite(one) ? one : null)")
    expected = np.ones(selected.size, bool)
    for index, (lower, upper) in ranges:
        values = np.array(ask(tab, f"Array.from(readDraws({index}).values)"))
        expected &= (values >= lower) & (values <= upper)
    if low is not None:
        number = np.tile(np.arange(200), 4)
        expected &= (number >= low) & (number <= high)
    assert 0 < selected.sum() < selected.size
    assert (selected == expected).all()
    assert tab.evaluate("document.getElementById('status').textContent").startswith(
        f"{selected.sum()} of 800"
    )
    mean = fit.tree["posterior"]["mu"].to_numpy().ravel()[selected].mean()
    cells = "document.querySelectorAll('#numbers tr')[1].cells"
    assert tab.evaluate(f"{cells}[1].textContent") == "selected"
    assert float(tab.evaluate(f"{cells}[2].textContent").replace("−", "-")) == pytest.approx(mean, abs=0.006)
    drag(tab, view, (0.5, 0.5), (0.5, 0.5))
    assert tab.evaluate("selectDraws()") is None


def test_a_selection_stays_when_another_quantity_is_chosen(tab):
    tau = find(tab, "tau")
    tab.evaluate(f"state.ranges.set({tau}, [1, 2]); choose(0, {find(tab, 'mu')})")
    before = tab.evaluate("countSelected(selectDraws())")
    tab.evaluate(f"choose(0, {find(tab, 'theta_raw[3]')})")
    assert tab.evaluate("countSelected(selectDraws())") == before > 0
    assert "tau" in tab.evaluate("document.getElementById('conditions').textContent")


def test_a_quantity_is_found_from_the_keyboard(tab):
    tab.evaluate("document.querySelector('#first input').focus()")
    tab.ask("Input.insertText", text="raw school")
    tab.press("Enter")
    assert tab.evaluate("run.name[state.shown[0]]") == "theta_raw[1]"
    assert "theta_raw[school A]" in tab.evaluate("document.querySelector('#trace figcaption').textContent")


def test_scales_have_a_logarithmic_axis_and_what_can_be_negative_none(tab):
    tab.evaluate(f"choose(0, {find(tab, 'tau')}); choose(1, {find(tab, 'mu')})")
    boxes = ask(
        tab, "pickers.map((one) => one.querySelector('[type=checkbox]')).map((b) => [b.checked, b.disabled])"
    )
    assert boxes == [[True, False], [False, True]]
    tab.evaluate("document.querySelector('#first [type=checkbox]').click()")
    assert "logarithmic" not in tab.evaluate("document.querySelector('#pair figcaption').textContent")


@pytest.mark.parametrize("name", ["constant", "holes", "heavy", "spread", "large", "count"])
def test_unusual_quantities_are_drawn_or_explained(tab, name):
    tab.evaluate(f"choose(0, {find(tab, name)}); choose(1, {find(tab, 'mu')})")
    assert tab.list_events("Runtime.exceptionThrown") == []
    assert "NaN" not in tab.evaluate("document.querySelector('.views').outerHTML")
    if name == "constant":
        assert tab.evaluate("document.querySelector('#trace .note').textContent") == "Every draw is 2.5."


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(tab, scheme):
    tab.emulate(scheme)
    tab.evaluate("state.chain = 1; update()")
    assert find_violations(tab) == []


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_page_never_scrolls_sideways(tab, width):
    tab.resize(width)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_without_scripts_there_are_the_estimates(tab, path):
    tab.ask("Emulation.setScriptExecutionDisabled", value=True)
    try:
        tab.open(path)
        assert tab.evaluate("document.querySelectorAll('noscript tbody tr').length") == 13
        assert tab.evaluate("document.getElementById('explorer').getClientRects().length") == 0
        drawn = "Array.from(document.querySelectorAll('noscript .drawing svg'), (svg) => svg.clientHeight)"
        assert tab.evaluate(f"{drawn}.length") == 3
        assert tab.evaluate(f"Math.min(...{drawn})") > 100
        assert tab.evaluate("document.documentElement.scrollWidth") <= 1280
    finally:
        tab.ask("Emulation.setScriptExecutionDisabled", value=False)


def test_hostile_names_are_shown_as_text(tab, fit, tmp_path):
    page = tmp_path / "hostile.html"
    page.write_text(make_draws_page(Fit(poison(fit.record, " ".join(HOSTILE)), fit.tree)), encoding="utf-8")
    tab.open(page)
    assert tab.list_events("Runtime.exceptionThrown", "Page.javascriptDialogOpening") == []
    assert "<script>alert(1)</script>" in tab.evaluate("document.querySelector('#first select').textContent")
    assert tab.evaluate("document.querySelectorAll('img, iframe').length") == 0
