"""Smoothed weights of many rows at once, against ArviZ row by row."""

import numpy as np
import pytest
from arviz_stats.base import array_stats

from workbench.estimation.sampling.psis import smooth_log_weights

LENGTH = 189


@pytest.mark.parametrize("degrees", [4, 100])
def test_each_row_is_that_of_arviz(degrees):
    rng = np.random.default_rng()
    rows = rng.standard_t(degrees, (130, 4000)) * rng.uniform(0.01, 1, (130, 1))
    weights, khat = smooth_log_weights(rows, LENGTH)
    r_eff = 4000 * 9 / (LENGTH + 0.5) ** 2  # gives this length of the tail
    theirs = [array_stats.psislw(-row, r_eff=r_eff) for row in rows]
    np.testing.assert_allclose(weights, [one[0] for one in theirs], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(khat, [one[1] for one in theirs], rtol=1e-9, atol=1e-9)


def test_a_bounded_row_among_others_is_not_smoothed():
    rows = np.random.default_rng().normal(size=(3, 1000))
    rows[1] = np.where(np.arange(1000) % 2, 3.0, 1.0)
    weights, khat = smooth_log_weights(rows, LENGTH)
    assert khat[1] == 0
    np.testing.assert_allclose(np.exp(weights[1]), np.exp(rows[1]) / np.exp(rows[1]).sum())
    assert (khat[[0, 2]] != 0).all()


def test_draws_without_weight_stay_without():
    row = np.random.default_rng().normal(size=1000)
    row[:300] = -np.inf
    low = np.where(np.isfinite(row), row, -800.0)
    weights, khat = smooth_log_weights(row[None], LENGTH)
    assert (np.exp(weights[0, :300]) == 0).all()
    assert khat[0] == pytest.approx(smooth_log_weights(low[None], LENGTH)[1][0])


def test_a_tail_of_a_single_enormous_ratio_has_no_shape():
    rows = np.random.default_rng().normal(size=(2, 1000))
    rows[0, 7] = 2000.0
    weights, khat = smooth_log_weights(rows, LENGTH)
    assert khat[0] == np.inf
    assert np.exp(weights[0, 7]) == pytest.approx(1)
    assert np.isfinite(khat[1])
