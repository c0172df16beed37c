"""The density of a row from two fits, against the regression whose posteriors are known."""

import numpy as np
import pytest

from tests.comparison.test_moment_matching import make_regression
from workbench.comparison.refitted_row import compare_fits


def draw_both(model, row, count, seed):
    """Return the row's log likelihood at draws with and without it."""
    rng = np.random.default_rng(seed)
    every = np.ones(len(model.outcome), dtype=bool)
    without = np.arange(len(model.outcome)) != row
    posteriors = [model.find_posterior(kept) for kept in (every, without)]
    return [
        model.evaluate(row)(rng.multivariate_normal(mean, covariance, count))[1]
        for mean, covariance in posteriors
    ]


@pytest.mark.parametrize(("leverage", "distance"), [(2.0, 0.5), (4.0, 1.0), (4.0, 3.0)])
def test_the_density_is_right_and_its_error_too(leverage, distance):
    model = make_regression(3, leverage, distance)
    exact = model.leave_out(0)
    pairs = [draw_both(model, 0, 2000, seed) for seed in range(40)]
    found = np.array([compare_fits(with_row, without_row, 4) for with_row, without_row in pairs])
    scores = (found[:, 0] - exact) / found[:, 1]
    assert abs(scores.mean()) < 4 / np.sqrt(40)
    assert 0.7 < scores.std() < 1.5


def test_the_average_over_the_fit_without_the_row_alone_misses_it():
    model = make_regression(3, 4.0, 3.0)
    with_row, without_row = draw_both(model, 0, 2000, 1)
    exact = model.leave_out(0)
    average = np.log(np.exp(without_row).mean())
    assert abs(average - exact) > 0.5
    assert compare_fits(with_row, without_row, chains=4)[0] == pytest.approx(exact, abs=0.3)


def test_fits_that_do_not_overlap_have_no_number():
    value, error = compare_fits(np.full(400, -1.0), np.full(400, -np.inf), chains=4)
    assert not np.isfinite(value)
    assert error == np.inf
