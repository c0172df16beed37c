"""A fit in a notebook: shown small and safe, and its data taken by ArviZ as they are."""

from __future__ import annotations

import arviz_base
import arviz_stats
import numpy as np
import pytest

import workbench
from tests.report.page import read_page
from tests.report.simulated import simulated_fit
from workbench.errors import RunNotFound
from workbench.report.notebook import MAX_ROWS, ShownFit, shown
from workbench.results import store


def _page(html: str):
    return read_page(f"<html><body>{html}</body></html>")


def test_shows_verdict_and_estimates(tmp_path):
    fit = shown(simulated_fit(), tmp_path)
    page = _page(fit._repr_html_())
    assert "These results can be used, with the reservations below." in page.text
    assert f"{fit.record['nuts']['estimates']['mu']['mean']:.2f}".replace("-", "−") in page.text
    assert str(tmp_path / "report.html") in page.text
    assert len([one for one in page.all("tr") if "tbody" in one.ancestors]) == 5


def test_loads_nothing_and_runs_nothing():
    page = _page(shown(simulated_fit())._repr_html_())
    assert page.all("script", "img", "link", "iframe") == []
    assert not [one for one in page.elements if {"src", "href", "onclick", "id"} & set(one.attributes)]


def test_many_quantities_are_summarised_the_worst_first():
    fit = simulated_fit(schools=400, draws=25)
    fit.record["nuts"]["estimates"]["theta_raw[300]"]["rhat"] = 2.5
    html = shown(fit)._repr_html_()
    assert len(html) < 20_000
    page = _page(html)
    rows = [one for one in page.all("tr") if "tbody" in one.ancestors]
    assert len(rows) == MAX_ROWS
    assert "theta_raw[300]" in rows[0].text
    assert "387 more quantities" in page.text


def test_names_are_escaped():
    fit = simulated_fit()
    fit.record["nuts"]["estimates"]["mu"]["label"] = "<script>alert(1)</script>"
    page = _page(shown(fit)._repr_html_())
    assert page.all("script") == []
    assert "<script>alert(1)</script>" in page.text


@pytest.mark.parametrize("gone", ["nuts", "diagnosis", "gaps", "mle"])
def test_shows_what_there_is(gone):
    fit = simulated_fit()
    del fit.record[gone]  # type: ignore[attr-defined]
    assert "workbench-fit" in shown(fit)._repr_html_()


def test_is_still_a_fit():
    fit = simulated_fit()
    one = shown(fit)
    assert isinstance(one, ShownFit)
    assert (one.record, one.tree) == (fit.record, fit.tree)


def test_a_stored_run_is_loaded_and_shown(tmp_path):
    store.write(simulated_fit(), "", tmp_path / "run")
    fit = workbench.load(tmp_path / "run")
    assert "workbench-fit" in fit._repr_html_()  # type: ignore[attr-defined]
    assert set(fit.data.children) == set(simulated_fit().tree.children)
    with pytest.raises(RunNotFound):
        workbench.load(tmp_path / "none")


def test_arviz_takes_the_data_as_they_are():
    fit = simulated_fit(schools=8, draws=200)
    summary = arviz_stats.summary(fit.data, var_names=["mu"])
    assert len(summary) == 1
    rhat = arviz_stats.rhat(fit.data)
    assert float(rhat["mu"]) == pytest.approx(fit.record["nuts"]["estimates"]["mu"]["rhat"])
    drawn = arviz_base.extract(fit.data, var_names=["tau"])
    np.testing.assert_array_equal(
        np.sort(drawn.to_numpy()), np.sort(fit.data["posterior"].to_dataset()["tau"].to_numpy().ravel())
    )
    assert np.isfinite(arviz_stats.loo(fit.data).elpd)
