"""Leave-one-out from a sample of rows, against all rows, ArviZ and exact refits."""

from __future__ import annotations

import arviz_stats
import numpy as np
import pytest
import xarray as xr
from scipy import special, stats

from tests.diagnostics.fits import make_fit
from workbench.backends.row_sample import choose_rows
from workbench.comparison import standings as comparison
from workbench.diagnostics import loo, sampled_loo
from workbench.diagnostics.measures import measure
from workbench.results import Fit
from workbench.results.sampled_rows import build_sample_groups

ROWS, CHAINS, DRAWS = 2000, 4, 500


@pytest.fixture(scope="module")
def table():
    """Predictors with heavy tails, so that rows differ in influence, and an outcome."""
    rng = np.random.default_rng(5)
    predictors = np.column_stack([np.ones(ROWS), rng.standard_t(4, (ROWS, 3))])
    return predictors, predictors @ [1.0, 0.5, 0.1, 0.0] + rng.normal(size=ROWS)


def fit_regression(predictors, outcome, seed=1, *, rows=None, kept=25, scale=1.0) -> Fit:
    """Return the fit of a regression with known scale and a flat prior, whose posterior is normal.

    With rows, it is kept as runs of many rows are: these at all draws, the others at `kept` of each chain.
    """
    rng = np.random.default_rng(seed)
    covariance = scale**2 * np.linalg.inv(predictors.T @ predictors)
    mean = np.linalg.lstsq(predictors, outcome, rcond=None)[0]
    beta = rng.multivariate_normal(mean, covariance, (CHAINS, DRAWS))
    log_lik = np.asarray(stats.norm.logpdf(outcome, beta @ predictors.T, scale))
    fit = make_fit(posterior={"beta": beta}, log_likelihood={"log_lik": log_lik})
    fit.tree["observed_data"] = xr.Dataset({"y": (("N",), outcome)})
    if rows is None:
        return fit
    flat = log_lik.reshape(-1, len(outcome))
    groups = build_sample_groups(
        rows, log_lik[..., rows], approximate(flat), flat.mean(axis=0), flat.var(axis=0, ddof=1)
    )
    few = fit.tree["log_likelihood"].to_dataset().isel(draw=slice(0, None, DRAWS // kept))
    parts = {name: group.to_dataset() for name, group in fit.tree.children.items()}
    return Fit(fit.record, xr.DataTree.from_dict({**parts, "log_likelihood": few, **groups}))


def approximate(log_lik):
    """Return the elpd of rows by importance sampling without smoothing, `(sample, row)`."""
    return np.log(len(log_lik)) - special.logsumexp(-log_lik, axis=0)


def test_the_total_and_both_errors_are_those_of_arviz(table):
    """ArviZ takes the approximation of all rows from a function."""
    predictors, outcome = (values[:300] for values in table)
    rows = np.sort(np.random.default_rng(2).choice(300, 60, replace=False))
    fit = fit_regression(predictors, outcome, rows=rows)
    found = sampled_loo.estimate_leave_one_out(fit)
    assert found is not None
    ours = sampled_loo.measure_sampled_loo(fit, found)
    whole = fit_regression(predictors, outcome)
    dim = str(whole.tree["log_likelihood"]["log_lik"].dims[-1])
    coords = {dim: whole.tree["log_likelihood"][dim].values}
    whole.tree["observed_data"] = xr.Dataset({"log_lik": ((dim,), outcome)}, coords=coords)
    simple = xr.DataArray(found.approximation, dims=(dim,), coords=coords)
    theirs = arviz_stats.loo_subsample(
        whole.tree, rows, pointwise=True, var_name="log_lik", method="plpd",
        log_lik_fn=lambda observed, data: simple,
    )  # fmt: skip
    assert ours.elpd == pytest.approx(theirs.elpd, abs=1e-3)  # we store single precision
    assert ours.se == pytest.approx(theirs.se, rel=1e-6)
    assert ours.sampling_se == pytest.approx(theirs.subsampling_se, rel=1e-3)
    assert ours.khat_limit == pytest.approx(theirs.good_k)


def test_the_sample_of_all_rows_gives_what_all_rows_give(table):
    fit = fit_regression(*table)
    exact = loo.measure_loo(fit, loo.compute_leave_one_out(fit))
    found = sampled_loo.estimate_leave_one_out(fit_regression(*table, rows=np.arange(ROWS)))
    assert found is not None
    ours = sampled_loo.measure_sampled_loo(fit, found)
    assert ours.elpd == pytest.approx(exact.elpd, abs=1e-3)
    assert ours.se == pytest.approx(exact.se, rel=1 / ROWS)  # ArviZ 1.3 divides by N - 1
    assert ours.p_loo == pytest.approx(exact.p_loo, abs=1e-3)
    assert ours.sampling_se == 0
    assert ours.bad == exact.bad
    assert ours.khat_max == pytest.approx(exact.khat_max, abs=1e-3)
    assert [row.row for row in ours.rows[:5]] == [row.row for row in exact.rows[:5]]


@pytest.mark.parametrize("is_crude", [False, True], ids=["importance", "crude"])
def test_errors_by_sampling_are_as_large_as_they_are_said_to_be(table, is_crude):
    """Over many samples: no bias, and as large a spread as the standard errors say."""
    fit = fit_regression(*table)
    exact = loo.compute_leave_one_out(fit)
    log_lik = loo.read_log_likelihood(fit)
    assert log_lik is not None
    crude = stats.norm.logpdf(table[1], table[0] @ [1.0, 0.5, 0.0, 0.0])
    approximation = crude if is_crude else approximate(log_lik.T)
    rng, count, size = np.random.default_rng(3), 2000, 200
    errors = np.empty((count, 2))
    for at in range(count):
        rows = rng.choice(ROWS, size, replace=False)
        total = sampled_loo.estimate_total(exact.elpd[rows], approximation, rows)
        errors[at] = total.value - exact.elpd.sum(), total.sampling_se
        assert total.se == pytest.approx(np.sqrt(ROWS * exact.elpd.var()), rel=0.25 if is_crude else 0.01)
    spread = errors[:, 0].std()
    assert abs(errors[:, 0].mean()) < 4 * spread / np.sqrt(count)
    assert np.sqrt((errors[:, 1] ** 2).mean()) == pytest.approx(spread, rel=0.1)
    z = errors[:, 0] / errors[:, 1]
    expected, allowed = 0.95, 4 * np.sqrt(0.95 * 0.05 / count)
    lost = 0.0 if is_crude else 0.1  # of thousandths of a nat, which few rows with much influence make
    assert expected - allowed - lost < (abs(z) < 1.96).mean() < expected + allowed


def test_the_approximation_leaves_far_less_to_the_sample_than_the_rows_themselves(table):
    rows = np.sort(np.random.default_rng(4).choice(ROWS, 100, replace=False))
    found = sampled_loo.estimate_leave_one_out(fit_regression(*table, rows=rows))
    assert found is not None
    total = sampled_loo.estimate_total(found.elpd, found.approximation, rows)
    alone = sampled_loo.estimate_total(found.elpd, np.zeros(ROWS), rows)
    assert total.sampling_se < 1e-3 * alone.sampling_se


def test_the_elpd_is_that_of_exact_refits(table):
    """Without a row the prediction is normal; the Monte Carlo error of the draws remains."""
    predictors, outcome = table
    hat = np.einsum("ij,jk,ik->i", predictors, np.linalg.inv(predictors.T @ predictors), predictors)
    residual = outcome - predictors @ np.linalg.lstsq(predictors, outcome, rcond=None)[0]
    exact = stats.norm.logpdf(residual / (1 - hat), 0, np.sqrt(1 / (1 - hat))).sum()
    rows = choose_rows(ROWS, CHAINS * DRAWS)[::4]
    found = [
        sampled_loo.estimate_leave_one_out(fit_regression(predictors, outcome, seed, rows=rows))
        for seed in range(20)
    ]
    totals = [
        sampled_loo.estimate_total(one.elpd, one.approximation, rows) for one in found if one is not None
    ]
    values = np.array([total.value for total in totals])
    error = np.hypot(values.std() / np.sqrt(20), totals[0].sampling_se)
    assert abs(values.mean() - exact) < 4 * error + 0.05


def test_differences_are_those_of_all_rows(table):
    predictors, outcome = table
    rows = np.sort(np.random.default_rng(6).choice(ROWS, 200, replace=False))
    designs = {"all": predictors, "fewer": predictors[:, :2], "one": predictors[:, :1]}
    exact = comparison.compare_predictions(
        {name: fit_regression(design, outcome, 7) for name, design in designs.items()}
    )
    fits = {name: fit_regression(design, outcome, 7, rows=rows) for name, design in designs.items()}
    assert comparison.find_comparable_scale(fits).obstacle == ""
    found = comparison.compare_predictions(fits)
    mixed = comparison.compare_predictions({**fits, "one": fit_regression(predictors[:, :1], outcome, 7)})
    assert list(found) == list(exact) == list(mixed)
    for name, standing in found.items():
        for one in (standing, mixed[name]):
            assert one.sampled == 200
            assert abs(one.difference - exact[name].difference) <= 4 * one.difference_sampling_se + 1e-3
            assert one.difference_se == pytest.approx(exact[name].difference_se, rel=0.02)
            assert one.elpd == pytest.approx(exact[name].elpd, abs=4 * one.sampling_se + 1e-3)
        assert standing.weight == pytest.approx(exact[name].weight, abs=0.25)
    assert found["one"].difference_sampling_se > 0
    # the error of a difference is not that of two runs on samples of their own
    apart = np.hypot(found["all"].sampling_se, found["one"].sampling_se)
    assert found["one"].difference_sampling_se < apart * 1.01


def test_rows_that_may_be_too_influential_are_counted_and_told(table):
    predictors, outcome = table
    changed = outcome.copy()
    changed[[3, 1700]] += 60
    rows = np.arange(100, 300)
    loo_result = measure(fit_regression(predictors, changed, rows=rows)).loo
    assert loo_result.wide == 2
    assert loo_result.sampled == 200
    entry = measure(fit_regression(predictors, changed, rows=rows)).entries["loo"]
    assert {"sampled", "sampling_se", "wide"} <= set(entry)
    assert not {"sampled", "sampling_se", "wide"} & set(measure(fit_regression(*table)).entries["loo"])


def test_too_few_draws_of_each_row_do_not_matter(table):
    few = fit_regression(*table, rows=np.arange(0, ROWS, 10), kept=5)
    assert "too few" in loo.explain_missing_loo(few)
    assert measure(few).loo.is_ok


def test_a_row_without_a_density_is_told(table):
    fit = fit_regression(*table, rows=np.arange(0, ROWS, 10))
    variance = fit.tree["log_likelihood_summaries"]["variance"].to_numpy()
    variance[5] = np.nan
    assert measure(fit).loo.reason == "the log likelihood of 1 observations is not finite at some draws."
