"""Sliders of a study's page in a real browser: weights and k-hat are ours and ArviZ's."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from arviz_stats.base import array_stats

from tests.browser.axe import find_violations
from tests.browser.chromium import BROWSERS, Tab, find_executable
from workbench.estimation.sampling.psis import choose_tail_length, smooth_log_weights
from workbench.report.html import render
from workbench.report.study.report import build_study_report
from workbench.studies.plan.statistics import compute_quantiles

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_executable() is None, reason=f"needs one of {', '.join(BROWSERS)} on the path"),
]

FIRST_ROW = "document.querySelector('.sliders .results tr')"

RNG = np.random.default_rng(8)

LOG_RATIOS = {
    "light": RNG.normal(0, 0.1, 1000),
    "moderate": RNG.normal(0, 1, 1000),
    "heavy": RNG.exponential(2, 2000),
    "bounded": np.minimum(RNG.normal(0, 1, 1000), -1.0),
    "equal": np.full(1000, 2.5),
    "few": RNG.normal(0, 1, 60),
    "deep": np.maximum(RNG.normal(0, 40, 1000), -50),
}


@pytest.fixture(scope="module")
def path(study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sliders") / "study.html"
    path.write_text(render(build_study_report(study)), encoding="utf-8")
    return path


@pytest.fixture
def tab(browser: Tab, path: Path) -> Tab:
    browser.resize(1280)
    browser.emulate("light")
    browser.open(path)
    return browser


def ask(tab, expression):
    return json.loads(tab.evaluate(f"JSON.stringify({expression})"))


@pytest.mark.parametrize("name", LOG_RATIOS)
def test_weights_and_k_hat_are_ours_and_those_of_arviz(tab, name):
    logs = LOG_RATIOS[name]
    length = choose_tail_length(len(logs), 1.0)
    found = ask(tab, f"weighDraws(Float64Array.from({logs.tolist()}), {length}, 1)")
    if name == "equal":
        assert found["khat"] == 0
        assert found["weights"] == pytest.approx(np.full(1000, 1e-3))
        return
    ours, khat = smooth_log_weights(logs[None], length)
    assert found["weights"] == pytest.approx(np.exp(ours[0]), rel=1e-7, abs=1e-15)
    assert found["khat"] == pytest.approx(khat[0], abs=1e-8)
    assert found["ess"] == pytest.approx(1 / np.sum(np.exp(2 * ours[0])), rel=1e-7)
    if name != "bounded":  # ArviZ has no k-hat there
        theirs, their_khat = array_stats.psislw(-logs, r_eff=1.0, axis=-1)
        assert found["khat"] == pytest.approx(float(their_khat), abs=1e-6)
        assert found["weights"] == pytest.approx(np.exp(theirs), rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("is_equal", [True, False])
def test_summaries_are_those_of_weighted_draws(tab, is_equal):
    draws = RNG.normal(3, 2, 500)
    weights = np.full(500, 1 / 500) if is_equal else RNG.dirichlet(np.ones(500))
    shares = (0.025, 0.5, 0.975)
    found = ask(tab, f"summariseWeighted({draws.tolist()}, {weights.tolist()}, {list(shares)})")
    mean = np.average(draws, weights=weights)
    assert found["mean"] == pytest.approx(mean)
    assert found["sd"] == pytest.approx(np.sqrt(np.average((draws - mean) ** 2, weights=weights)))
    assert found["quantiles"] == pytest.approx(compute_quantiles(draws, weights, shares))


def move(tab, axis, stop):
    tab.evaluate(
        f"(() => {{ const root = document.querySelector('.sliders');"
        f"const [axes, slider] = ['axis-choice', 'slider'].map((one) => root.querySelector('.' + one));"
        f"axes.value = '{axis}'; axes.dispatchEvent(new Event('change'));"
        f"slider.value = '{stop}'; slider.dispatchEvent(new Event('input')); }})()"
    )


def read_number(text, before=""):
    found = re.search(re.escape(before) + r"(−?[\d,.]*\d)", text)
    assert found, text
    return float(found[1].replace(",", "").replace("−", "-"))


def test_each_stop_shows_the_numbers_of_the_study(tab, study):
    data = ask(tab, "JSON.parse(document.querySelector('.sliders script').textContent)")
    assert [axis["name"] for axis in data["axes"]]
    shown, hidden = 0, 0
    for place, axis in enumerate(data["axes"]):
        for number, stop in enumerate(axis["stops"]):
            move(tab, place, number)
            status = tab.evaluate("document.querySelector('.sliders .status').textContent")
            cells = ask(tab, f"Array.from({FIRST_ROW}.children, (cell) => cell.textContent)")
            assert status.startswith(f"{axis['name']} = ")
            point = study.results.points[stop["point"]]
            if point.how == "weights" and point.source == study.results.points[0].label:
                assert read_number(status, "k-hat ") == pytest.approx(point.khat, abs=0.021)
                assert read_number(status, "), ") == pytest.approx(point.ess, rel=0.01)
                assert read_number(cells[2]) == pytest.approx(read_number(cells[5]), abs=0.0051)
                shown += 1
            if "cannot be relied on" in status:
                assert cells[2:5] == ["–", "–", "–"]
                assert cells[5] != "–"
                hidden += 1
    assert shown
    assert hidden


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(tab, scheme):
    tab.emulate(scheme)
    move(tab, 0, 0)
    assert find_violations(tab) == []


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_page_never_scrolls_sideways(tab, width):
    tab.resize(width)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_the_console_is_silent(tab):
    assert tab.list_events("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded") == []


def test_without_scripts_a_sentence_says_where_the_numbers_are(tab, path):
    tab.ask("Emulation.setScriptExecutionDisabled", value=True)
    try:
        tab.open(path)
        assert tab.evaluate("document.querySelector('.sliders').getClientRects().length") == 0
        assert "JavaScript" in tab.evaluate("document.querySelector('section noscript p').textContent")
    finally:
        tab.ask("Emulation.setScriptExecutionDisabled", value=False)


def test_labels_end_no_script(study):
    labels = {**study.record["labels"], "mu": "</script><script>alert(1)</script>"}
    html = render(build_study_report(replace(study, record={**study.record, "labels": labels})))
    assert "<script>alert(1)" not in html
    assert html.count("<script") == 2


def test_a_study_without_draws_has_no_section(study):
    record = {key: value for key, value in study.record.items() if key != "reweighting"}
    html = render(build_study_report(replace(study, record=record)))
    assert 'class="sliders"' not in html
    assert "weighDraws" not in html
