"""Bootstrap intervals against SciPy's, from the very same resamples."""

import numpy as np
import pytest
from scipy import stats

from workbench.likelihood.intervals import compute_acceleration, find_bca, find_percentiles

Y = np.random.default_rng(5).exponential(size=37)


@pytest.mark.parametrize("statistic", [np.mean, np.std, lambda y, axis=-1: np.exp(np.mean(y, axis=axis))])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_intervals_are_those_of_scipy(statistic, level):
    options = {"n_resamples": 400, "confidence_level": level, "rng": np.random.default_rng(7)}
    scipys = stats.bootstrap((Y,), statistic, method="BCa", **options)
    draws = scipys.bootstrap_distribution
    left_out = np.array([statistic(np.delete(Y, place)) for place in range(len(Y))])[:, None]
    found = find_bca(draws, float(statistic(Y)), float(compute_acceleration(left_out)[0]), level)
    assert found == pytest.approx(tuple(scipys.confidence_interval), rel=1e-10)
    options["rng"] = np.random.default_rng(7)
    plain = stats.bootstrap((Y,), statistic, method="percentile", **options)
    assert find_percentiles(draws, level) == pytest.approx(tuple(plain.confidence_interval), rel=1e-12)


def test_influence_values_stand_for_fits_without_a_row():
    influence = (Y - Y.mean())[:, None]
    left_out = np.array([np.delete(Y, place).mean() for place in range(len(Y))])[:, None]
    assert compute_acceleration(-influence) == pytest.approx(compute_acceleration(left_out), rel=1e-10)


def test_there_is_no_bca_interval_where_all_resamples_lie_on_one_side():
    assert find_bca(np.array([1.0, 2.0, 3.0]), 0.5, 0.0, 0.95) is None


def test_a_quantity_that_does_not_vary_has_no_acceleration():
    assert compute_acceleration(np.ones((5, 2))).tolist() == [0.0, 0.0]
