"""Posterior predictive checks: drawings by kind of outcome, statistics, coverage and scores."""

from __future__ import annotations

import pytest
import xarray as xr

from tests.report.documents import changed_fit, find_table, list_figures, list_notices, list_text
from tests.report.page import read_page
from tests.report.simulated import simulate_fit
from workbench.diagnostics.loo import compute_leave_one_out
from workbench.report.document import Tone
from workbench.report.fit.prediction import build_section
from workbench.report.fit.report import build_fit_report
from workbench.report.html import render
from workbench.results import Fit


def test_an_outcome_has_drawings_statistics_and_coverage():
    section = build_section(simulate_fit())
    (drawings,) = list_figures(section)
    assert [figure.caption for figure in drawings.figures] == ["`y`: density", "`y`: PIT"]
    assert [row[-1].tone for row in find_table(section, "statistics-y").rows] == [None, Tone.CAUTION]
    assert [row[1].tone for row in find_table(section, "coverage-y").rows] == [None, Tone.CAUTION]


def test_leave_one_out_is_mentioned_where_it_is_used():
    fit = simulate_fit()
    with_it, without_it = (
        list_figures(build_section(fit, leave_one_out))[0].explanation
        for leave_one_out in (compute_leave_one_out(fit), None)
    )
    assert "leave-one-out" in with_it
    assert "leave-one-out" not in without_it


def test_binary_outcomes_have_scores_and_counts_their_dispersion():
    fit = changed_fit()
    fit.record["predictive"]["outcomes"][0] |= {
        "scores": {"brier": 0.21, "reliability": []},
        "dispersion": {"ratio": 2.5, "p_value": 0.001},
    }
    section = build_section(fit)
    assert list_text(find_table(section, "scores-y").rows[0])[:2] == ["Brier score", "0.21"]
    last = find_table(section, "statistics-y").rows[-1]
    assert [last[0].text, last[1].text, last[-1].text] == ["dispersion", "2.5", "0.001"]
    assert last[-1].tone is Tone.CAUTION


@pytest.mark.parametrize(
    ("kind", "distribution", "values", "titles"),
    [
        ("count", "poisson", 9, ["rootogram", "PIT"]),
        ("binary", "bernoulli", 2, ["reliability"]),
        ("ordinal", "ordered_logistic", 4, ["frequencies", "PIT"]),
        ("categorical", "categorical", 4, ["frequencies"]),
    ],
)
def test_the_kind_of_outcome_decides_the_drawings(kind, distribution, values, titles):
    fit = simulate_fit(schools=20, draws=40)
    tree = fit.tree.copy(deep=True)
    replicates = tree["posterior_predictive"]["y_rep"].values
    replicates %= values
    replicates //= 1
    tree["observed_data"]["y"].values[:] = replicates[0, 0]  # type: ignore[index]
    fit.record["model"]["outcomes"][0] |= {"integer": True, "distributions": [distribution]}
    fit.record["predictive"]["outcomes"][0]["kind"] = kind
    changed = Fit(fit.record, tree)
    (drawings,) = list_figures(build_section(changed))
    assert [figure.caption for figure in drawings.figures] == [f"`y`: {title}" for title in titles]
    page = read_page(render(build_fit_report(changed)))
    assert len(page.all("svg")) > len(titles)


def test_without_replications_the_numbers_stay_and_the_reason_is_given():
    fit = simulate_fit(draws=40)
    bare = Fit(fit.record, xr.DataTree.from_dict({"/posterior": fit.tree["posterior"].to_dataset()}))
    section = build_section(bare)
    assert list_figures(section) == []
    assert "`y_rep` was not drawn" in " ".join(list_notices(section))
    assert find_table(section, "statistics-y")


def test_an_unchecked_outcome_has_its_reason():
    fit = changed_fit()
    fit.record["predictive"]["left_out"] = [{"name": "z", "reason": "the reason."}]
    assert list_notices(build_section(fit)) == ["`z` was not checked: the reason."]
