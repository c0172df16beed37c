"""The report of a run with thousands of quantities: small enough to load, and usable on any screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.chromium import BROWSERS, Tab, find_executable
from tests.report.simulated import simulate_fit
from workbench.report.fit.report import build_fit_report
from workbench.report.html import render
from workbench.results import Fit

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_executable() is None, reason=f"needs one of {', '.join(BROWSERS)} on the path"),
]

MOST_BYTES = {1000: 1_500_000, 2000: 2_000_000}
"""The largest report, by the number of time points [bytes]."""

MOST_NODES = 8000
"""The most elements of its page after it is loaded."""

WALK = "for (j in 2 : J) theta_raw[j] ~ normal(theta_raw[j - 1], 1);"


def _simulate_sequence(count: int) -> Fit:
    fit = simulate_fit(schools=count, draws=500)
    model = {**fit.record["model"], "source": WALK}
    return Fit({**fit.record, "model": model}, fit.tree)


@pytest.fixture(scope="module", params=list(MOST_BYTES))
def count(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def page(count: int, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("wide") / "report.html"
    path.write_text(render(build_fit_report(_simulate_sequence(count))), encoding="utf-8")
    return path


def test_the_report_of_a_long_sequence_is_small(tab: Tab, page: Path, count: int):
    tab.open(page)
    assert tab.evaluate("document.querySelectorAll('#sequences svg').length") == 1
    assert page.stat().st_size < MOST_BYTES[count]
    assert tab.evaluate("document.querySelectorAll('*').length") < MOST_NODES


@pytest.mark.parametrize("width", [390, 1280])
def test_it_does_not_scroll_sideways(tab: Tab, page: Path, width: int):
    tab.resize(width)
    tab.open(page)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
