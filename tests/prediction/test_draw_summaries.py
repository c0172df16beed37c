"""Mean, SD and quantiles over draws are NumPy's, with missing, infinite and equal draws among them."""

import warnings

import numpy as np
import pytest

from workbench.prediction.draw_summaries import compare_draws, summarise_draws

PROBABILITIES = (0.0, 0.025, 0.5, 0.9, 1.0)


@pytest.fixture(params=[1, 2, 7, 400])
def draws(request):
    """Return draws of more elements than are taken together, a third with missing ones, some without any."""
    rng = np.random.default_rng(request.param)
    values = rng.normal(rng.normal(size=601) * 1e3, 2.0, (request.param, 601))
    values[:, ::3][rng.random((request.param, 201)) < 0.3] = np.nan
    values[:, 5] = np.nan
    values[:, 300] = 0.1
    return values


def test_summaries_are_those_of_numpy(draws):
    found = summarise_draws(draws, PROBABILITIES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of elements without a draw
        expected = np.nanquantile(draws, PROBABILITIES, axis=0)
        mean, sd = np.nanmean(draws, axis=0), np.nanstd(draws, axis=0, ddof=1)
    np.testing.assert_allclose(found.quantiles, expected, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(found.mean, mean, rtol=1e-13, atol=1e-13)
    is_one = np.isfinite(draws).sum(axis=0) == 1
    np.testing.assert_allclose(found.sd, np.where(is_one, 0.0, sd), rtol=1e-11, atol=1e-13)
    assert found.sd[300] == 0


def test_infinite_draws_have_quantiles():
    draws = np.array([[0.0, -np.inf], [1.0, 2.0], [np.inf, 3.0]])
    np.testing.assert_array_equal(
        summarise_draws(draws, (0.0, 0.5, 1.0)).quantiles.T, [[0, 1, np.inf], [-np.inf, 2, 3]]
    )


def test_draws_stay_as_they_are(draws):
    before = draws.copy()
    summarise_draws(draws, (0.5,))
    compare_draws(draws, np.zeros_like(draws))
    np.testing.assert_array_equal(draws, before)


def test_differences(draws):
    expected = np.random.default_rng(3).normal(size=draws.shape)
    found = compare_draws(draws, expected)
    difference = draws - expected
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        np.testing.assert_allclose(found.mean, np.nanmean(difference, axis=0), rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(found.mean_square, np.nanmean(difference**2, axis=0), rtol=1e-12)
        sd = np.nanstd(difference, axis=0, ddof=1)
    np.testing.assert_array_equal(found.count, np.isfinite(difference).sum(axis=0))
    is_many = found.count > 1
    np.testing.assert_allclose(found.sd[is_many], sd[is_many], rtol=1e-11)
