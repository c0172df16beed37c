"""The bootstrap of whole fits: each resample is the fit of its rows, by statsmodels."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from tests.execution.clusters import DaskProcesses, needs_dask
from tests.likelihood.conftest import COLUMNS, LINEAR, LOGIT
from workbench.errors import MethodError, RequestError
from workbench.execution import LocalExecutor
from workbench.execution.scheduler import open_executor, parse_scheduler
from workbench.likelihood.bootstrap import BootstrapPlan, make_resampler, run_bootstrap
from workbench.likelihood.clusters import find_stored_clusters
from workbench.likelihood.mode import find_mode
from workbench.likelihood.row_scores import differentiate, select
from workbench.workflow.run_context import open_likelihood

NAMES = ("alpha", "beta[1]", "beta[2]")


@pytest.fixture(scope="module")
def opened(fits):
    """The logistic regression, ready to be resampled."""
    with open_likelihood(fits["logit"]) as run:
        mode = find_mode(fits["logit"], run.context, "mle")
        yield run, mode, select(differentiate(mode), NAMES)


def resample(opened, plan, folder, executor=None):
    run, mode, slopes = opened
    resampler = make_resampler(run.fit, mode, slopes, plan, NAMES, run.executable, run.source)
    executor = executor or LocalExecutor(2)
    return resampler, run_bootstrap(resampler, plan, slopes, 0.95, executor, folder)


def fit_rows(table, rows):
    part = table.iloc[rows]
    x = sm.add_constant(part[["age", "dose"]])
    return sm.Logit(part["ill"], x).fit(disp=0, method="newton", tol=1e-12).params.to_numpy()


def test_each_resample_is_the_fit_of_its_rows(opened, table, tmp_path):
    resampler, found = resample(opened, BootstrapPlan(60), tmp_path)
    assert not found.failed
    assert not any("from all rows" in note for note in found.notes)
    for place in (0, 1, 17, 59):
        rows = resampler.draw_rows(place)
        assert len(rows) == len(table)
        assert len(set(rows.tolist())) < len(table)
        assert found.values[place] == pytest.approx(fit_rows(table, rows), abs=2e-6)
    assert found.errors == pytest.approx(found.values.std(axis=0, ddof=1))
    for place in range(3):
        assert found.percentile[place] == pytest.approx(np.quantile(found.values[:, place], [0.025, 0.975]))


def test_clusters_are_drawn_whole(opened, table, fits, tmp_path):
    codes = find_stored_clusters(fits["logit"], opened[0].context.request, "site")
    resampler, found = resample(opened, BootstrapPlan(50, clusters=codes, column="site"), tmp_path)
    for place in (0, 33):
        rows = resampler.draw_rows(place)
        counts = pd.Series(rows).value_counts()
        by_site = counts.groupby(table["site"].to_numpy()[counts.index.to_numpy()]).nunique()
        assert (by_site == 1).all()  # all rows of a site as often
        assert found.values[place] == pytest.approx(fit_rows(table, rows), abs=2e-6)
    assert any("cluster each" in note for note in found.notes)


def test_intervals_are_accelerated_by_fits_without_each_row(opened, table, tmp_path):
    _, found = resample(opened, BootstrapPlan(100), tmp_path)
    left_out = np.array([fit_rows(table, np.delete(np.arange(240), row)) for row in range(240)])
    gaps = left_out.mean(axis=0) - left_out
    acceleration = (gaps**3).sum(axis=0) / (6 * (gaps**2).sum(axis=0) ** 1.5)
    estimate = fit_rows(table, np.arange(240))
    for place in range(3):
        draws = found.values[:, place]
        bias = stats.norm.ppf(np.mean(draws < estimate[place]))
        ends = bias + stats.norm.ppf([0.025, 0.975])
        shares = stats.norm.cdf(bias + ends / (1 - acceleration[place] * ends))
        assert found.bca[place] == pytest.approx(np.quantile(draws, shares), abs=1e-5)


def test_outcomes_drawn_from_the_model_spread_as_the_hessian_says(opened, tmp_path):
    plan = BootstrapPlan(400, is_parametric=True)
    _, found = resample(opened, plan, tmp_path)
    _, _, slopes = opened
    errors = np.sqrt((slopes.jacobian**2).sum(axis=1))
    spread = found.values.std(axis=0, ddof=1) / errors
    # An SD of 400 draws is known to 1 / sqrt(800) = 0.035, and small samples widen logits by some percent.
    assert (np.abs(spread - 1.02) < 0.15).all()
    bias = (found.values.mean(axis=0) - slopes.values) / errors
    assert (np.abs(bias) < 0.3).all()


def test_finished_resamples_are_kept_and_damaged_ones_made_again(opened, tmp_path):
    class Counting(LocalExecutor):
        ran = 0

        def map(self, tasks, folder):
            for outcome in super().map(tasks, folder):
                self.ran += not outcome.was_kept
                yield outcome

    first, again = Counting(2), Counting(2)
    plan = BootstrapPlan(50, is_parametric=True)
    _, one = resample(opened, plan, tmp_path, first)
    files = sorted(tmp_path.glob("*.npz"))
    assert first.ran == len(files) == 5
    files[0].write_bytes(b"PK nothing")
    files[1].unlink()
    _, two = resample(opened, plan, tmp_path, again)
    assert again.ran == 2
    assert np.array_equal(one.values, two.values)
    _, more = resample(opened, replace(plan, count=70), tmp_path, again)
    assert again.ran == 4
    assert np.array_equal(more.values[:50], one.values)


def test_resamples_without_a_maximum_are_counted_and_said(fit_program):
    rng = np.random.default_rng(12)
    data = pd.DataFrame({"age": rng.normal(size=24), "dose": rng.normal(size=24)})
    data["ill"] = (rng.random(24) < 1 / (1 + np.exp(-2.5 * data["age"]))).astype(int)
    fit = fit_program("logit", LOGIT, data, columns={**COLUMNS, "y": "ill"})
    found = fit.standard_errors(bootstrap=100, progress=False)
    assert found.failed
    assert found.failed > 5
    assert any("do not rely on the bootstrap" in text for text in found.warnings)


AUTOREGRESSION = """data { int N; vector[N] y; }
parameters { real alpha; real<lower=-1, upper=1> rho; real<lower=0> sigma; }
model { y[2:N] ~ normal(alpha + rho * y[1:(N - 1)], sigma); }
"""


def test_rows_that_depend_on_each_other_are_not_drawn(fit_program, table):
    fit = fit_program("autoregression", AUTOREGRESSION, table, columns={"y": "score"})
    for options in ({}, {"cluster": "site"}):
        with pytest.raises(
            (MethodError, RequestError), match=r"not a sum over rows|depends on its place|not known"
        ):
            fit.standard_errors(bootstrap=100, progress=False, **options)
    with pytest.raises(RequestError, match="drawn given values of itself"):
        fit.standard_errors(bootstrap=100, parametric=True, progress=False)


def test_standardized_predictors_are_resampled_on_their_own_scale(fit_program, fits, table):
    other = fit_program("linear", LINEAR, table, columns={**COLUMNS, "y": "score"}, standardize=True)
    known = fits["linear"].standard_errors(bootstrap=50, progress=False).table
    found = other.standard_errors(bootstrap=50, progress=False).table
    known = known.loc[found.index]
    # The same seed draws the same rows, whatever the scale of the fit.
    assert found["bootstrap_se"].to_numpy() == pytest.approx(known["bootstrap_se"].to_numpy(), rel=1e-5)


def test_the_command_keeps_resamples_in_the_run(fits, run_workbench):
    folder = fits["poisson"].folder
    values = json.loads(run_workbench("standard-errors", folder, "--bootstrap", "50", "--json").stdout)
    assert values["resamples"] == 50
    assert values["failed_resamples"] == 0
    assert len(list((folder / "bootstrap").iterdir())) == 5 + 24  # and fits without each of 240 rows
    page = run_workbench("standard-errors", folder, "--bootstrap", "50", "--parametric").stdout
    assert "BCa" in page
    assert "outcomes drawn from the model" in page


CENTRED = """data { int N; vector[N] x; vector[N] y; }
transformed data { real centre = mean(x); }
parameters { real alpha; real beta; real<lower=0> sigma; }
model { y ~ normal(alpha + beta * (x - centre), sigma); }
"""


def test_what_a_program_computes_from_all_rows_is_computed_anew_and_said(fit_program, table):
    fit = fit_program("centred", CENTRED, table, columns={"x": "age", "y": "score"})
    found = fit.standard_errors(bootstrap=300, robust=True, progress=False)
    assert any("computes something from all rows" in note for note in found.notes)
    frame = found.table
    # `alpha` is the mean of the score, whose error the regression on age does not reduce.
    spread = table["score"].std(ddof=0) / np.sqrt(len(table))
    assert frame["bootstrap_se"].to_dict()["alpha"] == pytest.approx(spread, rel=0.15)
    assert frame["robust_se"].to_dict()["alpha"] < 0.9 * spread


@needs_dask
def test_workers_of_a_scheduler_give_the_same_numbers(opened, tmp_path):
    cluster = DaskProcesses(tmp_path)
    try:
        cluster.start_worker("first")
        plan = BootstrapPlan(50, is_parametric=True)
        with open_executor(parse_scheduler(cluster.address), 1) as executor:
            _, there = resample(opened, plan, tmp_path / "there", executor)
    finally:
        cluster.close()
    _, here = resample(opened, plan, tmp_path / "here")
    assert np.array_equal(there.values, here.values)
