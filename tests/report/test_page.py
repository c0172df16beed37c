"""The page: self-contained, accessible, complete, and safe whatever the strings of a run are."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from tests.report.page import Page, read_page
from tests.report.simulated import simulate_fit
from workbench.report.fit.report import build_fit_report
from workbench.report.html import render
from workbench.results import Fit

HOSTILE = (
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; drop table --",
    "`unbalanced {{ 7 * 7 }} {% raw %}",
    "\u202egnp.exe\u202c",
    "\u200frtl \u05d0\u05d1",
    "nul \x00 bell \x07 lone \ud800",
    "]]> --> <!-- \U0001f4c8 emoji",
    "& &amp; &lt;",
    "x" * 300,
)


@pytest.fixture(scope="module")
def html() -> str:
    return render(build_fit_report(simulate_fit()))


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return read_page(html)


def test_nothing_is_loaded(html, page):
    assert [element.tag for element in page.elements if "src" in element.attributes] == []
    links = [
        element.attributes[key]
        for element in page.elements
        for key in ("href", "xlink:href")
        if key in element.attributes
    ]
    assert links
    assert all(link.startswith(("#", "data:")) for link in links)
    assert not re.search(r"@import|url\((?!#)", html)
    policy = next(meta.attributes["content"] for meta in page.all("meta") if "content" in meta.attributes)
    assert policy.startswith("default-src 'none'")


def test_identifiers_are_unique_and_references_have_a_target(page):
    identifiers = Counter(element.attributes["id"] for element in page.elements if "id" in element.attributes)
    assert [name for name, count in identifiers.items() if count > 1] == []
    for element in page.elements:
        for key in ("href", "xlink:href"):
            target = element.attributes.get(key, "")
            assert not target.startswith("#") or target[1:] in identifiers, target
        for key in ("aria-labelledby", "data-copy", "data-table"):
            assert set(element.attributes.get(key, "").split()) <= set(identifiers), key
        clip = re.match(r"url\(#(.*)\)", element.attributes.get("clip-path", ""))
        assert clip is None or clip[1] in identifiers


def test_headings_do_not_skip_a_level(page):
    levels = [int(heading.tag[1]) for heading in page.all("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_landmarks_and_language(page):
    assert page.all("html")[0].attributes["lang"] == "en"
    assert [len(page.all(tag)) for tag in ("header", "nav", "main", "footer")] == [1, 1, 1, 1]
    skip = page.all("a")[0]
    assert skip.attributes["href"] == "#content"


def test_tables_name_their_rows_and_columns(page):
    for table in page.all("table"):
        assert table.attributes["aria-labelledby"]
    for header in page.all("th"):
        assert header.attributes.get("scope") in ("col", "row", "colgroup")
    rows = [row for row in page.all("tr") if "tbody" in row.ancestors]
    assert len(rows) == sum(header.attributes.get("scope") == "row" for header in page.all("th"))


def test_every_drawing_has_a_description(page):
    drawings = [element for element in page.elements if element.attributes.get("role") == "img"]
    assert len(drawings) == len(page.all("svg")) > 10
    assert all(len(drawing.attributes["aria-label"]) > 20 for drawing in drawings)


def test_regions_that_scroll_can_be_reached_by_keyboard(page):
    scrolling = [
        element for element in page.elements if element.attributes.get("class") in ("scroll", "code")
    ]
    assert scrolling
    assert all(element.attributes["tabindex"] == "0" for element in scrolling)


def test_the_program_is_shown_word_for_word(page):
    source = simulate_fit().record["model"]["source"]
    shown = next(code for code in page.all("code") if "pre" in code.ancestors and "theta_raw" in code.text)
    assert shown.text.rstrip("\n") == source.rstrip("\n")


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_no_string_of_a_run_acts_on_the_page(hostile):
    fit = simulate_fit(schools=1, draws=40)
    clean = read_page(render(build_fit_report(fit)))
    page = read_page(render(build_fit_report(Fit(poison(fit.record, hostile), fit.tree))))
    assert _count_active_elements(page) == _count_active_elements(clean)
    assert "49" not in page.text.split("unbalanced")[-1][:6]
    assert not re.search("[\x00\x07\u202a-\u202e\ud800]", page.text)
    shown = re.sub("[\x00-\x1f\u202a-\u202e\ud800]", "", hostile).split("`")[-1]
    assert shown.split(" ")[0] in page.text.replace("⟨", "").replace("U+202E⟩", "")


def poison(value: Any, hostile: str, key: str = "") -> Any:
    """Return a record in which every string from the user or the machine ends in a hostile text."""
    if isinstance(value, Mapping):
        return {name: poison(entry, hostile, name) for name, entry in value.items()}
    if isinstance(value, list):
        return [poison(entry, hostile, key) for entry in value]
    if isinstance(value, str) and key not in ("status", "verdict"):
        return f"{value} {hostile}"
    return value


def _count_active_elements(page: Page) -> Counter[str]:
    """Count what can act or load: scripts, images, and attributes that contain scripts."""
    tags = Counter(
        element.tag for element in page.all("script", "img", "iframe", "object", "link", "meta", "style")
    )
    handlers = [name for element in page.elements for name in element.attributes if name.startswith("on")]
    return tags + Counter(handlers)


def test_a_large_run_makes_a_page_of_a_few_megabytes():
    html = render(build_fit_report(_add_quantities(simulate_fit(schools=12), 2000)))
    page = read_page(html)
    assert len(html.encode()) < 4e6
    assert len([row for row in page.all("tr") if "tbody" in row.ancestors]) < 200
    listings = [pre.text for pre in page.all("pre") if "extra[row 7]" in pre.text]
    assert [text.count("extra[") for text in listings] == [2000, 2000]
    assert len(page.all("svg")) <= 12 + 2 * 4 + 1 + 1 + 2 + 1


def _add_quantities(fit: Fit, count: int) -> Fit:
    """Return a fit in which every method estimates further quantities, each equal to `theta_raw[1]`."""
    record = dict(fit.record)
    for key in ("mle", "map", "map_unconstrained", "laplace", "nuts"):
        estimates = record[key]["estimates"]
        more = {
            f"extra[{j}]": {**estimates["theta_raw[1]"], "label": f"extra[row {j}]"} for j in range(count)
        }
        record[key] = {**record[key], "estimates": {**estimates, **more}}
    return Fit(record, fit.tree)
