"""A fit in a notebook: small, complete and safe."""

from __future__ import annotations

import pytest

from tests.report.documents import changed_fit
from tests.report.page import Page, read_page
from tests.report.simulated import simulate_fit
from workbench.report.notebook import MAX_ROWS, summary_html
from workbench.results import Fit


def _read_summary(fit: Fit, folder=None) -> Page:
    return read_page(f"<html><body>{summary_html(fit, folder)}</body></html>")


def _list_rows(page: Page):
    return [element for element in page.all("tr") if "tbody" in element.ancestors]


def test_verdict_estimates_and_the_report_are_shown(tmp_path):
    fit = simulate_fit()
    page = _read_summary(fit, tmp_path)
    assert "These results can be used, with the reservations below." in page.text
    assert f"{fit.record['nuts']['estimates']['mu']['mean']:.2f}".replace("-", "−") in page.text
    assert str(tmp_path / "report.html") in page.text
    assert len(_list_rows(page)) == 5


def test_nothing_is_loaded_and_nothing_runs():
    page = _read_summary(simulate_fit())
    assert page.all("script", "img", "link", "iframe") == []
    assert not [
        element for element in page.elements if {"src", "href", "onclick", "id"} & set(element.attributes)
    ]


def test_of_many_quantities_each_variable_and_the_worst_convergence_are_shown():
    fit = simulate_fit(schools=400, draws=25)
    fit.record["nuts"]["estimates"]["theta_raw[300]"]["rhat"] = 2.5
    assert len(summary_html(fit)) < 20_000
    page = _read_summary(fit)
    rows = _list_rows(page)
    assert len(rows) == MAX_ROWS
    assert [row.text.split()[0] for row in rows[:2]] == ["mu", "tau"]
    assert any("theta_raw[300]" in row.text for row in rows)
    assert "387 more quantities" in page.text


def test_names_are_escaped():
    fit = changed_fit()
    fit.record["nuts"]["estimates"]["mu"]["label"] = "<script>alert(1)</script>"
    page = _read_summary(fit)
    assert page.all("script") == []
    assert "<script>alert(1)</script>" in page.text


@pytest.mark.parametrize("missing", ["nuts", "diagnosis", "gaps", "mle"])
def test_a_missing_part_leaves_the_others(missing):
    fit = changed_fit()
    del fit.record[missing]  # type: ignore[attr-defined]
    assert "workbench-fit" in summary_html(fit)
