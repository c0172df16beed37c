"""The data: rows left out, levels, and the scale of predictors."""

from __future__ import annotations

from tests.report.documents import changed_fit
from tests.report.page import read_page
from workbench.report.fit.data import build_section, describe_data
from workbench.report.fit.report import build_fit_report
from workbench.report.html import render
from workbench.results.view import DataDescription, Results


def test_rows_left_out_levels_and_scales_are_shown():
    fit = changed_fit()
    fit.record["data"] |= {  # type: ignore[index]
        "dropped": {"rows": [3, 9], "count": 2},
        "levels": {"J": ["Aomori", "<b>Berlin</b>"]},
        "tips": ["`sigma` has a very large value at row 2."],
        "standardized": {
            "status": "proved",
            "matrices": {"X": {"columns": ["age", "iq"], "mean": [1.0, 2.0], "sd": [0.5, 3.0]}},
        },
    }
    text = read_page(render(build_fit_report(fit))).text
    for expected in (
        "2 with a missing cell (rows 3, 9)",
        "Aomori, <b>Berlin</b>",
        "sigma has a very large value at row 2.",
        "Predictors standardized for the fit; results are on the scale of the data",
        "iq",
    ):
        assert expected in text


def test_an_empty_record_has_a_section():
    assert build_section(Results()).blocks


def test_the_table_is_described_by_its_file_and_rows():
    assert describe_data(Results(data=DataDescription(path="a/b.csv", rows=1))) == "fitted to b.csv, 1 row"
    assert describe_data(Results(data=DataDescription(path="a/b.json"))) == "fitted to b.json"
