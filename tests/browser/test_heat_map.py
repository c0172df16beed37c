"""Heat maps on a narrow page: their numbers keep their size, and wide ones scroll sideways by themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.browser.axe import find_violations
from tests.browser.chromium import BROWSERS, Tab, find_executable
from workbench.report import figures
from workbench.report.document import Document, Figure, Figures, Section
from workbench.report.html import render

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_executable() is None, reason=f"needs one of {', '.join(BROWSERS)} on the path"),
]

SIZE = (
    "[...document.querySelectorAll('#maps text')].map("
    "text => text.getScreenCTM().a * parseFloat(getComputedStyle(text).fontSize)).sort((a, b) => a - b)[0]"
)
"""The size of the smallest text [px]."""


@pytest.fixture(params=[3, 9])
def count(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def page(count: int, tmp_path: Path) -> Path:
    values = -100.0 - np.arange(count**2).reshape(count, count)
    ticks = [float(value) for value in range(count)]
    drawing = figures.draw_heat_map(ticks, ticks, values, values < -110, 2)
    maps = Figures("maps", (Figure(drawing, "A map.", "`mu`"),), "Means.", "wide")
    path = tmp_path / "map.html"
    path.write_text(render(Document("Map", sections=(Section("map", "Map", (maps,)),))), encoding="utf-8")
    return path


def test_on_a_phone_numbers_are_legible_and_only_a_wide_map_scrolls(tab: Tab, page: Path, count: int):
    tab.resize(390)
    tab.open(page)
    assert tab.evaluate(SIZE) >= 9
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    pan = "document.querySelector('.pan')"
    assert tab.evaluate(f"{pan}.scrollWidth > {pan}.clientWidth") == (count == 9)
    assert find_violations(tab) == []


def test_on_a_wide_page_no_map_scrolls(tab: Tab, page: Path):
    tab.resize(1280)
    tab.open(page)
    pan = "document.querySelector('.pan')"
    assert tab.evaluate(f"{pan}.scrollWidth <= {pan}.clientWidth")
