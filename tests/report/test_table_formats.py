"""Tables for documents and programs, read back by other parsers: Markdown, LaTeX, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import re

import numpy as np
import pytest
from markdown_it import MarkdownIt

from tests.report.page import read_page
from workbench.report.document import Cell, Column, Document, Section, TableBlock
from workbench.report.table_formats import format_document, format_latex, format_markdown, format_rows

NAMES = [
    "sigma_a[1]",
    "a|b",
    "`x`",
    "<b>&amp;",
    "*bold* __b__ ~~s~~",
    "\\alpha",
    "[x](y)",
    " padded",
    "a\nb",
    "#&%$^{}",
]


def make_table(names=NAMES):
    columns = (Column("name_[1]", "name"), Column("95% interval", "number"), Column("note"))
    rows = tuple((Cell(name), Cell("−1.2 to 1,234"), Cell(name)) for name in names)
    return TableBlock("table", "", columns, rows)


def read_markdown(text):
    """Return the cells of a table as a browser would show them."""
    page = read_page(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text))
    assert not page.all("b"), "a name has become markup"
    return [[cell.text for cell in page.all(tag)] for tag in ("th", "td")]


def test_markdown_is_read_back_as_it_was():
    head, cells = read_markdown(format_markdown(make_table()))
    assert head == ["name_[1]", "95% interval", "note"]
    expected = [name.replace("\n", "<U+000A>").strip() for name in NAMES]
    assert [cell.strip() for cell in cells[::3]] == expected
    assert [cell.strip() for cell in cells[2::3]] == expected
    assert set(cells[1::3]) == {"−1.2 to 1,234"}


def test_numbers_are_aligned_to_the_right():
    assert re.fullmatch(r"\|-+\|-+:\|-+\|", format_markdown(make_table()).splitlines()[1])
    assert format_latex(make_table()).startswith("\\begin{tabular}{lrl}")


def test_latex_is_escaped():
    lines = format_latex(make_table(["sigma_a[1]", "[b]", "a|b<", "#&%$^{}~\\"])).splitlines()
    head, rows = lines[2], lines[4:8]
    assert head == r"name\_[1] & 95\% interval & note \\"
    assert rows[0] == r"sigma\_a[1] & $-$1.2 to 1,234 & sigma\_a[1] \\"
    assert rows[1].startswith("{[}b] & ")  # a bracket after `\\` would be its argument
    assert rows[2].startswith(r"a\textbar{}b\textless{} & ")
    assert rows[3].startswith(r"\#\&\%\$\textasciicircum \{\}\textasciitilde \textbackslash  & ")


@pytest.mark.parametrize("form", ["md", "latex"])
def test_every_table_of_a_document_is_there(form):
    sections = (Section("one", "", (make_table(["first"]),)), Section("two", "", (make_table(["second"]),)))
    text = format_document(Document(title="", sections=sections), form)
    assert "first" in text
    assert "second" in text


ROWS = [
    {"parameter": "a", "mean": 0.1 + 0.2, "count": 3, "rhat": None},
    {"parameter": '=1+1,"', "mean": float("nan"), "count": 12, "rhat": np.float64("inf")},
    {"parameter": "c", "mean": 1.2345678901234567e-300, "extra": -5},
]


def test_json_has_all_digits_and_null_for_what_is_not_finite():
    read = json.loads(format_rows(ROWS, "json"), parse_constant=pytest.fail)
    assert read[0] == {"parameter": "a", "mean": 0.1 + 0.2, "count": 3, "rhat": None}
    assert read[1] == {"parameter": '=1+1,"', "mean": None, "count": 12, "rhat": None}
    assert read[2]["mean"] == 1.2345678901234567e-300


def test_csv_has_all_digits_and_empty_cells_and_no_formulas():
    read = list(csv.DictReader(io.StringIO(format_rows(ROWS, "csv"))))
    assert float(read[0]["mean"]) == 0.1 + 0.2
    assert [row["count"] for row in read] == ["3", "12", ""]
    assert read[1] == {"parameter": "'=1+1,\"", "mean": "", "count": "12", "rhat": "", "extra": ""}
    assert float(read[2]["mean"]) == 1.2345678901234567e-300
