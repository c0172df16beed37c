"""The Monte Carlo error of the summed elpd, against how far sums of many sets of exact draws scatter."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from tests.comparison.test_moment_matching import Regression, make_regression
from workbench.comparison.leave_one_out import leave_one_out
from workbench.comparison.own_effects import OwnEffect
from workbench.comparison.standings import compare_predictions
from workbench.comparison.weighted_rows import measure_error_of_sum
from workbench.results import Fit
from workbench.workflow import repair

SETS, CHAINS, DRAWS = 200, 4, 500
"""Sets of draws, and the draws of each: the SD of 200 sums is known to 5 %."""


def make_fit(log_lik, points):
    """Return a run of independent draws, `(sample, row)` and `(sample, parameter)`."""
    shape = (CHAINS, len(points) // CHAINS, -1)
    dims = ("chain", "draw")
    tree = xr.DataTree.from_dict(
        {
            "/posterior": xr.Dataset({"b": ((*dims, "k"), points.reshape(shape))}),
            "/log_likelihood": xr.Dataset({"log_lik": ((*dims, "n"), log_lik.reshape(shape))}),
        }
    )
    return Fit({"nuts": {"status": "ok"}, "model": {}, "data": {"sha256": "0"}}, tree)


def compute_log_lik(model, points):
    return np.asarray(stats.norm.logpdf(model.outcome - points @ model.predictors.T))


def draw_fit(model, seed, count=CHAINS * DRAWS):
    points = model.draw(count, seed)
    return make_fit(compute_log_lik(model, points), points), points


def assert_errors_are_right(sums, stated, within=0.15):
    """Compare the scatter of sums with what is stated of each."""
    assert np.sqrt(np.mean(np.square(stated))) == pytest.approx(np.std(sums, ddof=1), rel=within)


@pytest.mark.parametrize("dimension", [1, 3])
def test_rows_that_share_draws_err_together(dimension):
    """A normal mean, whose rows err nearly alike: far more than if they were independent; a regression."""
    rng = np.random.default_rng(5)
    predictors = rng.uniform(-1, 1, (30, dimension)) if dimension > 1 else np.ones((30, 1))
    model = Regression(predictors, rng.standard_normal(30))
    found = [leave_one_out(draw_fit(model, seed)[0]) for seed in range(SETS)]
    assert sum(each.is_bad.any() for each in found) < 0.1 * SETS
    found = [each for each in found if not each.is_bad.any()]
    assert_errors_are_right([each.elpd.sum() for each in found], [each.sum_mcse for each in found])
    if dimension == 1:
        apart = np.median([np.linalg.norm(np.asarray(each.mcse)) for each in found])
        assert apart < 0.75 * np.std([each.elpd.sum() for each in found])


def test_autocorrelated_draws_count_for_fewer():
    """Influences that persist: the error of their sum is that of a first-order autoregression's mean."""
    rng, correlation, length = np.random.default_rng(2), 0.8, 4000
    stated, sums = [], []
    for _ in range(40):
        noise = rng.standard_normal((CHAINS, length))
        chain = np.empty_like(noise)
        chain[:, 0] = noise[:, 0] / np.sqrt(1 - correlation**2)
        for t in range(1, length):
            chain[:, t] = correlation * chain[:, t - 1] + noise[:, t]
        influences = chain.ravel() / chain.size
        stated.append(measure_error_of_sum(influences, CHAINS))
        sums.append(influences.sum())
    exact = 1 / ((1 - correlation) * np.sqrt(CHAINS * length))
    assert np.mean(stated) == pytest.approx(exact, rel=0.1)
    assert np.std(sums) == pytest.approx(exact, rel=0.4)


def test_the_error_is_not_known_while_a_khat_is_high():
    fit, _ = draw_fit(make_regression(), 1)
    found = leave_one_out(fit)
    assert found.is_bad.any()
    assert found.sum_mcse is None
    assert np.isnan(np.asarray(found.mcse)[found.is_bad]).all()


def test_standings_add_the_squares_of_runs_with_their_own_draws():
    rng = np.random.default_rng(5)
    model = Regression(np.column_stack([np.ones(60), rng.standard_normal(60)]), rng.standard_normal(60))
    bad = make_regression()
    runs = {"a": draw_fit(model, 1)[0], "b": draw_fit(model, 2)[0]}
    first, second = compare_predictions(runs).values()
    assert first.mcse
    assert second.mcse
    assert second.difference_mcse
    assert second.difference_mcse == pytest.approx(np.hypot(first.mcse, second.mcse))
    assert first.difference_mcse == 0.0
    assert second.difference_error == pytest.approx(np.hypot(second.difference_se, second.difference_mcse))
    first, second = compare_predictions({"a": draw_fit(bad, 1)[0], "b": draw_fit(bad, 2)[0]}).values()
    assert first.mcse is second.mcse is second.difference_mcse is None
    assert second.difference_error == second.difference_se
    assert second.is_unreliable


# --- rows that are found in other ways, from the same draws -------------------------------------------------


def open_regression(model, points):
    """Return the posterior of a regression as `repair` asks it."""

    def compute_density(points):
        return model.evaluate(0)(points)[0]

    found: Any = SimpleNamespace(
        points=points,
        compute_density=compute_density,
        compute_log_lik=lambda points, rows: compute_log_lik(model, points)[:, rows],
    )
    return found


def test_moved_draws_err_together_with_the_others():
    """That the maps are found from the same draws is not in the error of moment matching."""
    model = make_regression(2, leverage=4.0, distance=2.0)
    sums, stated = [], []
    for seed in range(SETS):
        fit, points = draw_fit(model, seed)
        units = repair._weigh(fit)
        assert 0 in units.bad
        assert units.measure_error_of_sum() is None
        list(repair._match(open_regression(model, points), units, dict.fromkeys(range(30), 0.0)))
        if not units.bad.size:
            sums.append(units.elpd.sum())
            stated.append(units.measure_error_of_sum())
    assert len(sums) > 0.8 * SETS
    assert_errors_are_right(sums, stated, within=0.35)


def test_integrated_rows_err_with_the_draws_they_were_found_from():
    """Half of the rows by integrals at some of the draws: effects of SD 1 around a mean, errors of SD 2."""
    rows, count = 6, 2000
    outcome = np.random.default_rng(8).normal(0, 2, rows)
    effects = [OwnEffect(row, row + 1) for row in range(rows // 2)]

    def compute_slopes(points, dimensions):
        return points[:, [0]] - points[:, dimensions]

    def log_lik(points, chosen):
        return np.asarray(stats.norm.logpdf(outcome[chosen], points[:, chosen + 1], 2))

    sums, stated = [], []
    for seed in range(SETS // 2):
        rng = np.random.default_rng(seed)
        mean = rng.normal(outcome.mean(), np.sqrt(5 / rows), (count, 1))  # its prior is flat
        noise = rng.normal(0, np.sqrt(0.8), (count, rows))
        points = np.column_stack([mean, (4 * mean + outcome) / 5 + noise])
        units = repair._weigh(make_fit(log_lik(points, np.arange(rows)), points))
        own = np.array([each.row for each in effects])
        others = np.arange(rows // 2, rows)  # as if the k-hat of the first half were high
        units.influences = repair._weigh(make_fit(log_lik(points, others), points)).influences
        posterior: Any = SimpleNamespace(
            points=points, compute_slopes=compute_slopes, compute_log_lik=log_lik
        )
        repair._integrate_rows(
            posterior, units, dict.fromkeys(own.tolist(), 0.0), effects, points.std(axis=0)
        )
        if not units.bad.size:
            sums.append(units.elpd.sum())
            stated.append(units.measure_error_of_sum())
    assert len(sums) > 0.3 * SETS
    assert_errors_are_right(sums, stated)


def test_fits_of_their_own_add_their_squares():
    fit, _ = draw_fit(make_regression(2, leverage=4.0, distance=2.0), 5)
    units = repair._weigh(fit)
    assert units.bad.tolist() == [0]
    without = measure_error_of_sum(units.influences, units.chains)
    scores = SimpleNamespace(elpd=np.array([-3.0]), error=np.array([0.05]), rhat=1.0, divergences=0)
    found: Any = SimpleNamespace(row=0, scores=scores, reason="")
    repair._note_refit(units, found)
    assert units.measure_error_of_sum() == pytest.approx(np.hypot(without, 0.05))
