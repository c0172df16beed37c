"""Runs that model other rows of one outcome, and runs whose rows cannot be left out."""

import numpy as np
import pytest
from scipy import stats

from tests.comparison.test_standings import make_fit
from tests.conftest import DATA
from workbench.comparison import predictions
from workbench.comparison.folds import Folds
from workbench.comparison.leave_one_out import leave_one_out
from workbench.diagnostics.common_scale import find_common_scale
from workbench.errors import RequestError
from workbench.report.comparison import build_comparison_report
from workbench.report.html import render
from workbench.results import Fit
from workbench.workflow import compare as comparing
from workbench.workflow.compare import ComparisonOptions, compare_runs
from workbench.workflow.comparison import Comparison

AUTOREGRESSION = """
data { int<lower=2> N; vector[N] flow; }
parameters { real alpha; real<lower=-1, upper=1> phi; real<lower=0> sigma; }
model {
  alpha ~ normal(500, 500); phi ~ normal(0, 1); sigma ~ exponential(0.005);
  flow[2:N] ~ normal(alpha + phi * flow[1:(N - 1)], sigma);
}
"""

REGRESSION = """
data { int<lower=2> N; vector[N] flow; vector[N] year; }
parameters { real alpha; real b; real<lower=0> sigma; }
model {
  alpha ~ normal(900, 500); b ~ normal(0, 10); sigma ~ exponential(0.005);
  flow ~ normal(alpha + b * (year - 1920), sigma);
}
"""


@pytest.fixture(scope="module")
def fits(fit_program):
    return {
        "ar": fit_program("ar", AUTOREGRESSION, DATA / "nile.csv"),
        "reg": fit_program("reg", REGRESSION, DATA / "nile.csv"),
    }


def test_a_program_that_models_fewer_rows_is_told_from_one_of_another_outcome(fits):
    words = "`ar` models 99 of the 100 values of `flow`, and `reg` all."
    assert find_common_scale(fits).obstacle == words
    assert find_common_scale(dict(reversed(fits.items()))).obstacle == words
    assert predictions.compare(fits).obstacle == words
    assert not predictions.compare(fits).has_other_outcome


def test_nothing_is_fitted_where_runs_cannot_be_compared(fits, monkeypatch):
    monkeypatch.setattr(comparing, "_leave_out_of", None)
    found = compare_runs(fits, ComparisonOptions(repair=True)).predictions
    assert found is not None
    assert "99 of the 100" in found.obstacle
    assert found.scheme == "leave-one-out"


def test_left_out_values_that_are_the_same_are_compared(fits, tmp_path):
    """Rows 91 to 100: both predict each from those before it; densities are those of `flow` in both."""
    options = ComparisonOptions(folds=Folds(first=90), folder=tmp_path / "kept")
    found = compare_runs(fits, options).predictions
    assert found is not None
    assert (found.obstacle, found.rows) == ("", 10)
    assert found.labels[0] == "91"
    assert found.standings is not None
    flow = np.loadtxt(DATA / "nile.csv", delimiter=",", skiprows=1)[:, 1]
    lags = np.column_stack([np.ones(99), flow[:-1]])
    years = np.column_stack([np.ones(100), np.arange(100.0)])
    for name, predictors, outcome in (("ar", lags, flow[1:]), ("reg", years, flow)):
        expected = 0.0
        for row in range(len(outcome) - 10, len(outcome)):  # a t distribution, whose priors are flat
            x, y = predictors[:row], outcome[:row]
            mean, *_ = np.linalg.lstsq(x, y, rcond=None)
            free = row - 2
            variance = ((y - x @ mean) ** 2).sum() / free
            at = predictors[row]
            scale = np.sqrt(variance * (1 + at @ np.linalg.solve(x.T @ x, at)))
            expected += stats.t.logpdf(outcome[row], free, at @ mean, scale)
        assert found.standings[name].elpd == pytest.approx(expected, abs=0.4)


def test_a_run_without_leave_one_out_is_left_aside():
    lap = Fit(
        {"nuts": {"status": "skipped"}, "model": {}, "data": {"sha256": "0"}}, make_fit(0.0).tree.copy()
    )
    runs = {"lap": lap, "a": make_fit(0.0), "b": make_fit(1.5)}
    found = predictions.compare(runs)
    assert found.standings is not None
    assert list(found.standings) == ["a", "b"]
    assert list(found.letters) == ["a", "b"]
    reason = "`lap` has no leave-one-out: there are no posterior draws: NUTS was not requested."
    assert found.missing == {"lap": reason}
    compared = Comparison(runs, found)
    assert any(reason in text for text in compared.sentences)
    assert list(compared.frame.index) == ["a", "b", "lap"]
    assert compared.frame["elpd"].isna().tolist() == [False, False, True]
    record = compared.to_dict()["prediction"]["runs"]
    assert record["lap"]["obstacle"] == reason
    assert record["lap"]["elpd"] is None
    assert record["a"]["obstacle"] == ""


def test_two_runs_of_which_one_has_no_leave_one_out_are_not_compared():
    lap = Fit(
        {"nuts": {"status": "skipped"}, "model": {}, "data": {"sha256": "0"}}, make_fit(0.0).tree.copy()
    )
    found = predictions.compare({"a": make_fit(0.0), "lap": lap})
    assert found.obstacle.startswith("`lap` has no leave-one-out")
    assert not found.missing


def test_the_page_lists_it(fits):
    """Two fits with draws, one without."""
    lap = Fit({**fits["reg"].record, "nuts": {"status": "skipped"}}, fits["reg"].tree)
    runs = {"lap": lap, "one": fits["reg"], "two": fits["reg"]}
    page = render(build_comparison_report(runs, predictions.compare(runs)))
    _, _, listed = page.partition("What is not compared, and why")
    assert "has no leave-one-out: there are no posterior draws" in listed


def test_a_run_whose_rows_cannot_be_left_out_does_not_stop_the_others(fits, monkeypatch):
    def leave_out_of(fit, *_arguments):
        if fit is fits["ar"]:
            raise RequestError("rows cannot be left out: they follow each other.")
        return leave_one_out(fit)

    monkeypatch.setattr(comparing, "_leave_out_of", leave_out_of)
    folds = ComparisonOptions(folds=Folds(kfold=10))
    found = compare_runs({"one": fits["reg"], "ar": fits["ar"], "two": fits["reg"]}, folds).predictions
    assert found is not None
    assert found.standings is not None
    assert set(found.standings) == {"one", "two"}
    assert found.missing == {"ar": "`ar`: rows cannot be left out: they follow each other."}
    with pytest.raises(RequestError, match="follow each other"):
        compare_runs({"one": fits["reg"], "ar": fits["ar"]}, folds)
