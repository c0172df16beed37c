"""Tables and pictures saved from a report: what is in the files, by keyboard too, on any page."""

from __future__ import annotations

import csv
import io
import struct
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.browser.chromium import BROWSERS, Tab, browse, find_executable
from tests.report.simulated import simulate_fit
from workbench.report.document import Cell, Column, Document, Section, TableBlock
from workbench.report.fit.report import build_fit_report
from workbench.report.html import render

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_executable() is None, reason=f"needs one of {', '.join(BROWSERS)} on the path"),
]

SVG = "{http://www.w3.org/2000/svg}"
FIRST_PICTURE = "document.querySelector('.figures figure')"

TABLE = TableBlock(
    key="cells",
    caption="Cells",
    columns=(
        Column("name", "name"),
        Column("mean", "number", "Posterior"),
        Column("95% interval", "number", "Posterior"),
        Column("remark", "prose"),
    ),
    rows=(
        (Cell("=HYPERLINK(1)"), Cell("−1,234.5"), Cell("−2,000 to −0.5"), Cell('says "no", twice')),
        (Cell("beta[a,b]"), Cell("–"), Cell("–"), Cell("−")),
        (Cell("tau"), Cell("−1.20e-7"), Cell("0 to ∞"), Cell("12 to be seen")),
    ),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saving")
    fit = build_fit_report(simulate_fit(schools=14, draws=40))
    (folder / "fit.html").write_text(render(fit), encoding="utf-8")
    small = Document("Größe/μ", sections=(Section("all", "All", (TABLE,)),))
    (folder / "table.html").write_text(render(small), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def browser(folder: Path) -> Iterator[Tab]:
    with browse() as tab:
        tab.ask("Page.setDownloadBehavior", behavior="allow", downloadPath=str(folder / "saved"))
        yield tab


def _wait_for(path: Path) -> bytes:
    """Return the content of a file that the browser is saving, and remove it."""
    for _ in range(100):
        if path.exists() and path.stat().st_size:
            content = path.read_bytes()
            path.unlink()
            return content
        time.sleep(0.05)
    raise AssertionError(f"{path.name} was not saved; there are {list(path.parent.glob('*'))}")


def _click(tab: Tab, button: str) -> None:
    """Click as a reader does: a program may not save several files."""
    tab.ask("Runtime.evaluate", expression=f"{button}.click()", userGesture=True)


def _read_picture(png: bytes) -> tuple[tuple[int, int], list[int], int]:
    """Return the size of a picture, its first pixel, which no filter changes, and how many bytes differ."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    size = struct.unpack(">II", png[16:24])
    at, packed = 8, b""
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        packed += png[at + 8 : at + 8 + length] if png[at + 4 : at + 8] == b"IDAT" else b""
        at += 12 + length
    pixels = zlib.decompress(packed)
    return size, list(pixels[1:4]), len(set(pixels))


def test_a_table_becomes_numbers_that_a_program_reads(tab, folder):
    tab.open(folder / "table.html")
    _click(tab, "document.querySelector('#cells .save')")
    text = _wait_for(folder / "saved" / "gro-e-cells.csv").decode()
    assert list(csv.reader(io.StringIO(text))) == [
        ["name", "Posterior mean", "Posterior 95% interval lower", "Posterior 95% interval upper", "remark"],
        ["'=HYPERLINK(1)", "-1234.5", "-2000", "-0.5", 'says "no", twice'],
        ["beta[a,b]", "", "", "", "'-"],
        ["tau", "-1.20e-7", "0", "inf", "12 to be seen"],
    ]


def test_rows_that_the_reader_has_filtered_and_sorted_are_saved_as_shown(tab, folder):
    tab.open(folder / "fit.html")
    tab.evaluate(
        "(() => { const box = document.querySelector('input[data-table=estimates-table]');"
        " box.value = 'RAW 1'; box.dispatchEvent(new Event('input')); })()"
    )
    header = "document.querySelector('#estimates-table thead tr:last-child button')"
    for _ in range(2):
        tab.evaluate(f"{header}.click()")
    _click(tab, "document.querySelector('#estimates-table .save')")
    name = "simulated-estimates-table.csv"
    rows = list(csv.reader(io.StringIO(_wait_for(folder / "saved" / name).decode())))
    assert [row[0] for row in rows[1:]] == [f"theta_raw[{number}]" for number in (14, 13, 12, 11, 10)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_picture_is_complete_and_has_the_colours_of_paper(tab, folder, scheme):
    tab.emulate(scheme)
    tab.open(folder / "fit.html")
    alt = tab.evaluate(f"{FIRST_PICTURE}.querySelector('.drawing').getAttribute('aria-label')")
    name = _click_first(tab, "SVG")
    text = _wait_for(folder / "saved" / f"{name}.svg").decode()
    assert "var(" not in text
    root = ElementTree.fromstring(text)  # noqa: S314 - it is our own
    assert root.findtext(f"{SVG}title") == alt
    assert root.find(f"{SVG}rect[@fill='white']") is not None
    assert "#1c1e21" in text  # the ink of a light page
    width = root.attrib["viewBox"].split()[2]
    assert root.get("width") == f"{width}pt"
    _click_first(tab, "PNG")
    size, pixel, variety = _read_picture(_wait_for(folder / "saved" / f"{name}.png"))
    assert size[0] == round(4 * float(width))
    assert pixel == [255, 255, 255]
    assert variety > 50  # something is drawn


def _click_first(tab: Tab, kind: str) -> str:
    """Save the first picture, and return the name of its file."""
    button = (
        f"Array.from({FIRST_PICTURE}.querySelectorAll('.save')).find(each => each.textContent === '{kind}')"
    )
    _click(tab, button)
    key = tab.evaluate(f"{FIRST_PICTURE}.closest('.figures').id")
    caption = tab.evaluate(f"{FIRST_PICTURE}.querySelector('figcaption').textContent")
    return "-".join(["simulated", key, *caption.split(" [")[0].replace("_", "-").split()]).lower()


def test_buttons_work_from_the_keyboard_and_say_what_they_save(tab, folder):
    tab.open(folder / "table.html")
    tab.evaluate("document.querySelector('#cells .save').focus()")
    assert tab.evaluate("document.activeElement.getAttribute('aria-label')") == "CSV: save the table Cells"
    tab.press("Enter")
    assert _wait_for(folder / "saved" / "gro-e-cells.csv")


def test_buttons_are_large_enough_and_not_printed(tab, folder):
    tab.resize(390)
    tab.open(folder / "fit.html")
    small = "Array.from(document.querySelectorAll('.save')).filter(each => each.checkVisibility()).filter("
    sizes = "each => Math.min(each.offsetWidth, each.offsetHeight) < 24).length"
    assert tab.evaluate("document.querySelectorAll('.save').length") > 10
    assert tab.evaluate(small + sizes) == 0
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    tab.ask("Emulation.setEmulatedMedia", media="print")
    shown = tab.evaluate(
        "Array.from(document.querySelectorAll('.save')).filter(each => each.offsetParent).length"
    )
    tab.ask("Emulation.setEmulatedMedia", media="")
    assert shown == 0
