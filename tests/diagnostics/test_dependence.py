"""Residuals that depend on each other, compared with SciPy, statsmodels and models whose answer is known."""

import numpy as np
import pytest
import xarray as xr
from scipy import signal, stats
from statsmodels.tsa.stattools import acf

from tests.diagnostics.fits import change_record, make_fit
from tests.diagnostics.test_outcomes import describe_outcome
from workbench.diagnostics.dependence import (
    ORDERS,
    ROW_ORDER,
    RowColumns,
    compute_autocorrelations,
    compute_residuals,
    is_sorted,
    measure_clusters,
    measure_serial,
    read_row_columns,
)
from workbench.diagnostics.diagnose import diagnose
from workbench.diagnostics.outcomes import Outcome
from workbench.thresholds import DEPENDENCE_P_VALUE_LIMIT, DESIGN_EFFECT_LIMIT

NO_COLUMNS = RowColumns({}, {})


def outcome_of(observed, rows="all"):
    observed = np.asarray(observed, dtype=float)
    table_rows = np.arange(len(observed)) if isinstance(rows, str) else rows
    return Outcome(
        "y", "y_rep", "continuous", "likelihood", observed, np.zeros((1000, len(observed))), None, table_rows
    )


def draw_series(rng, correlation, count):
    """Return an autoregressive series with variance 1."""
    noise = rng.normal(size=count) * np.sqrt(1 - correlation**2)
    noise[0] = rng.normal()
    return signal.lfilter([1.0], [1.0, -correlation], noise)


def measure_order(residuals):
    (order,) = measure_serial(outcome_of(residuals), residuals, NO_COLUMNS)
    return order


def is_flagged(dependence):
    is_clear = dependence.p_value < DEPENDENCE_P_VALUE_LIMIT
    return is_clear and dependence.design_effect >= DESIGN_EFFECT_LIMIT


def test_autocorrelations_are_those_of_statsmodels():
    values = draw_series(np.random.default_rng(1), 0.5, 200)
    np.testing.assert_allclose(compute_autocorrelations(values, 10), acf(values, nlags=10)[1:], rtol=1e-10)


def test_the_p_value_of_independent_residuals_is_uniform():
    """Of 1,000 series of 50 and 1,000 of 200 values, one in a hundred is flagged, as stated."""
    rng = np.random.default_rng(2)
    for count in (50, 200):
        p_values = np.array([measure_order(rng.normal(size=count)).p_value for _ in range(1000)])
        assert stats.binomtest(int((p_values < 0.01).sum()), 1000, 0.01, "greater").pvalue > 0.001
        assert stats.binomtest(int((p_values < 0.05).sum()), 1000, 0.05).pvalue > 0.001


@pytest.mark.parametrize(("correlation", "share"), [(0.95, 1.0), (0.5, 0.95)])
def test_autoregressive_residuals_are_flagged(correlation, share):
    rng = np.random.default_rng(3)
    flagged = [is_flagged(measure_order(draw_series(rng, correlation, 150))) for _ in range(100)]
    assert np.mean(flagged) >= share


def test_a_small_correlation_over_many_lags_is_flagged():
    """A slow signal under noise: no lag has more than 0.2."""
    rng = np.random.default_rng(4)
    series = [draw_series(rng, 0.98, 500) + 2 * rng.normal(size=500) for _ in range(50)]
    assert np.mean([is_flagged(measure_order(values)) for values in series]) > 0.9


def test_a_tiny_correlation_of_many_rows_is_clear_but_does_not_count():
    order = measure_order(draw_series(np.random.default_rng(5), 0.03, 40_000))
    assert order.p_value < 1 / ORDERS
    assert order.design_effect < DESIGN_EFFECT_LIMIT


def leave_one_out_residuals(values, covariance):
    """Return the standardized residuals of a normal vector, each given all others."""
    precision = np.linalg.inv(covariance)
    return precision @ values / np.sqrt(np.diag(precision))


@pytest.mark.parametrize("kind", ["groups", "process", "regression"])
def test_right_models_with_dependent_rows_are_not_flagged(kind):
    """Given the others, residuals of a right model lean away from their neighbours."""
    rng, count = np.random.default_rng(6), 100
    at = np.arange(count)
    shared = {
        "groups": (at[:, None] // 5 == at // 5).astype(float),
        "process": np.exp(-0.5 * (at[:, None] - at) ** 2 / 25),
        "regression": 100 * np.vander(at / count, 4) @ np.vander(at / count, 4).T,
    }
    covariance = np.eye(count) * 0.5 + shared[kind]
    root = np.linalg.cholesky(covariance)
    columns = RowColumns({"pair": at // 2}, {})
    flagged = 0
    for _ in range(200):
        residuals = leave_one_out_residuals(root @ rng.normal(size=count), covariance)
        (cluster,) = measure_clusters(outcome_of(residuals), residuals, columns)
        flagged += is_flagged(measure_order(residuals)) + is_flagged(cluster)
    assert flagged <= 6


def test_clusters_are_tested_as_by_the_analysis_of_variance():
    rng = np.random.default_rng(7)
    levels = rng.integers(0, 12, 150)
    residuals = rng.normal(size=150) + 0.4 * rng.normal(size=12)[levels]
    (cluster,) = measure_clusters(outcome_of(residuals), residuals, RowColumns({"site": levels}, {}))
    expected = stats.f_oneway(*(residuals[levels == level] for level in np.unique(levels)))
    assert cluster.p_value == pytest.approx(expected.pvalue, rel=1e-9)
    assert (cluster.column, cluster.levels, cluster.observations) == ("site", 12, 150)


def test_the_intraclass_correlation_is_the_share_of_variance_between_levels():
    """Variance 0.5 between and 1 within 400 levels of 6: correlation 1/3, design effect 1 + 5/3."""
    rng, levels = np.random.default_rng(8), np.repeat(np.arange(400), 6)
    residuals = rng.normal(size=2400) + np.sqrt(0.5) * rng.normal(size=400)[levels]
    (cluster,) = measure_clusters(outcome_of(residuals), residuals, RowColumns({"site": levels}, {}))
    assert cluster.correlation is not None
    assert cluster.correlation == pytest.approx(1 / 3, abs=0.06)
    assert cluster.design_effect == pytest.approx(1 + 5 * cluster.correlation)


def test_independent_clusters_are_flagged_once_in_a_hundred():
    rng = np.random.default_rng(9)
    flagged = 0
    for _ in range(1000):
        residuals, levels = rng.normal(size=80), rng.integers(0, 10, 80)
        (cluster,) = measure_clusters(outcome_of(residuals), residuals, RowColumns({"site": levels}, {}))
        flagged += is_flagged(cluster)
    assert stats.binomtest(flagged, 1000, 0.01, "greater").pvalue > 0.001


def test_missing_levels_and_columns_of_single_rows_are_left_out():
    residuals = np.random.default_rng(10).normal(size=60)
    some = np.where(np.arange(60) < 10, -1, np.arange(60) % 4)
    columns = RowColumns({"some": some, "each": np.arange(60), "one": np.zeros(60, dtype=int)}, {})
    (cluster,) = measure_clusters(outcome_of(residuals), residuals, columns)
    assert (cluster.column, cluster.observations, cluster.levels) == ("some", 50, 4)


def test_rows_are_taken_in_order_of_each_time_and_of_the_table():
    rng = np.random.default_rng(11)
    series, shuffled = draw_series(rng, 0.9, 200), rng.permutation(200)
    outcome = outcome_of(series[shuffled])
    times = {"day": shuffled.astype(float), "never": np.full(200, np.nan), "once": np.ones(200)}
    along_day, along_rows = measure_serial(outcome, outcome.observed, RowColumns({}, times))
    assert (along_day.along, along_rows.along) == ("day", ROW_ORDER)
    assert along_day.neighbours == pytest.approx(acf(series, nlags=1)[1])
    assert not is_flagged(along_rows)


def test_rows_in_the_order_of_a_time_are_measured_once():
    residuals = np.random.default_rng(12).normal(size=50)
    columns = RowColumns({}, {"year": np.arange(1950.0, 2000.0)})
    assert [order.along for order in measure_serial(outcome_of(residuals), residuals, columns)] == ["year"]


def test_a_time_that_is_the_outcome_is_no_order():
    """Sorted by itself, or by itself before a transformation, everything is dependent."""
    times = np.random.default_rng(21).exponential(size=50)
    outcome = outcome_of(-np.log(times))
    orders = measure_serial(outcome, outcome.observed, RowColumns({}, {"time": times}))
    assert [order.along for order in orders] == [ROW_ORDER]
    growth = outcome_of(np.sqrt(np.arange(50.0)))
    orders = measure_serial(growth, growth.observed, RowColumns({}, {"day": np.arange(50.0)}))
    assert [order.along for order in orders] == ["day"]


def test_a_column_of_an_outcome_is_no_time():
    fit = fit_as_independent(np.random.default_rng(22).normal(size=60))
    table = {"time": (("row", "time_column"), np.arange(120.0).reshape(60, 2))}
    fit.tree["/table_columns"] = xr.Dataset(table, coords={"time_column": ["time", "day"]})
    fit.record["data"]["rules"] = {"variables": {"y": ["time"]}, "groups": {}, "given": {}}
    assert list(read_row_columns(fit).times) == ["day"]


def test_rows_sorted_by_the_outcome_are_in_no_order():
    residuals = np.sort(np.random.default_rng(13).normal(size=50))
    shuffled = np.random.default_rng(13).permutation(residuals)
    assert measure_serial(outcome_of(residuals), residuals, NO_COLUMNS) == ()
    assert is_sorted(-residuals, shuffled)
    assert is_sorted(np.repeat([0.0, 1.0], 25), shuffled)


def test_rows_sorted_by_a_rate_are_in_no_order():
    """Counts out of different numbers, sorted by their share: only residuals show the order."""
    rng = np.random.default_rng(23)
    trials = rng.integers(5, 50, 70)
    successes = rng.binomial(trials, 0.15)
    order = np.argsort(successes / trials)
    residuals = (successes - 0.15 * trials)[order] / np.sqrt(0.1275 * trials[order])
    assert is_sorted(successes[order].astype(float), residuals)


def test_series_are_not_taken_for_sorted_rows():
    series = [draw_series(np.random.default_rng(seed), 0.95, 150) for seed in range(200)]
    assert np.mean([is_sorted(values, values) for values in series]) < 0.02


def test_few_rows_and_outcomes_that_are_not_rows_are_left_out():
    residuals = np.random.default_rng(15).normal(size=19)
    assert measure_serial(outcome_of(residuals), residuals, NO_COLUMNS) == ()
    residuals = np.random.default_rng(15).normal(size=40)
    matrix = outcome_of(residuals, rows=None)
    assert measure_serial(matrix, residuals, NO_COLUMNS) == ()
    assert measure_clusters(matrix, residuals, RowColumns({"site": np.arange(40) % 4}, {})) == ()


def test_residuals_are_normal_quantiles_bounded_by_the_draws():
    outcome = outcome_of([0.0, 0.0, 0.0])
    expected = stats.norm.ppf([0.0005, 0.5, 0.9995])
    np.testing.assert_allclose(compute_residuals(outcome, np.array([0.0, 0.5, 1.0])), expected)


def fit_as_independent(y, **table_columns):
    """Return a fit of a normal mean with its exact posterior, as of a table of so many rows."""
    rng, count = np.random.default_rng(16), len(y)
    mu = rng.normal(y.mean(), y.std() / np.sqrt(count), (4, 250))
    record = change_record("model", "outcomes", [describe_outcome()])
    record["data"] |= {"rows": count, "columns": ["y", *table_columns]}
    groups = {
        "posterior": {"mu": mu},
        "observed_data": {"y": y},
        "posterior_predictive": {"y_rep": rng.normal(mu[..., None], y.std(), (4, 250, count))},
        "log_likelihood": {"log_lik": np.asarray(stats.norm.logpdf(y, mu[..., None], y.std()))},
    }
    return make_fit(record, **groups)


def find_checks(fit):
    return {check.code: check for check in diagnose(fit).result.checks}


def test_a_series_fitted_as_independent_is_no_plain_ok():
    """The verdict on AR(0.95) with 150 rows, fitted as independent."""
    fit = fit_as_independent(draw_series(np.random.default_rng(17), 0.95, 150))
    diagnosis = diagnose(fit).result
    assert diagnosis.verdict == "caution"
    assert any("Residuals of `y` depend on each other" in reason for reason in diagnosis.reasons)


def test_independent_rows_pass():
    checks = find_checks(fit_as_independent(np.random.default_rng(18).normal(size=150)))
    assert checks["WB508"].status == "passed"
    assert checks["WB509"].status == "n/a"


def test_groups_as_rows_are_not_rows_of_the_table():
    fit = fit_as_independent(draw_series(np.random.default_rng(17), 0.95, 150))
    fit.record["data"]["rows"] = 300
    assert find_checks(fit)["WB508"].status == "n/a"


def test_a_table_of_counts_written_out_is_in_no_order():
    """In each of 24 cells rows are sorted by the outcome; a series that lingers at three states is one."""
    random = np.random.default_rng(4)
    cells = [np.repeat([1.0, 2.0, 3.0], random.integers(5, 40, 3)) for _ in range(24)]
    rows = np.concatenate(cells)
    assert is_sorted(rows, random.normal(size=len(rows)))
    series = []
    for _ in range(200):
        state, states = 1, []
        for stays in random.random(1000) < 0.95:
            state = state if stays else int(random.integers(0, 3))
            states.append(float(state))
        series.append(np.array(states))
    found = [is_sorted(states, random.normal(size=1000)) for states in series]
    assert np.mean(found) < 0.03
