"""Pareto-smoothed importance sampling: ArviZ row by row, known tails, and weights that correct moments."""

import numpy as np
import pytest
from arviz_stats.base import array_stats
from scipy import special, stats

from workbench.estimation.sampling.psis import (
    EQUAL_RATIOS,
    compute_importance_weights,
    compute_weighted_moments,
    estimate_khat,
    log_sum_exp,
    smooth_log_weights,
)

LENGTH = 189


@pytest.mark.parametrize("degrees", [4, 100])
def test_each_row_is_that_of_arviz(degrees):
    rng = np.random.default_rng(degrees)
    rows = rng.standard_t(degrees, (130, 4000)) * rng.uniform(0.01, 1, (130, 1))
    weights, khat = smooth_log_weights(rows, LENGTH)
    r_eff = 4000 * 9 / (LENGTH + 0.5) ** 2  # gives this length of the tail
    expected = [array_stats.psislw(-row, r_eff=r_eff) for row in rows]
    np.testing.assert_allclose(weights, [logs for logs, _ in expected], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(khat, [shape for _, shape in expected], rtol=1e-9, atol=1e-9)


def test_a_bounded_row_among_others_is_not_smoothed():
    rows = np.random.default_rng(1).normal(size=(3, 1000))
    rows[1] = np.where(np.arange(1000) % 2, 3.0, 1.0)
    weights, khat = smooth_log_weights(rows, LENGTH)
    assert khat[1] == 0
    np.testing.assert_allclose(np.exp(weights[1]), np.exp(rows[1]) / np.exp(rows[1]).sum())
    assert (khat[[0, 2]] != 0).all()


def test_draws_without_weight_stay_without():
    row = np.random.default_rng(2).normal(size=1000)
    row[:300] = -np.inf
    low = np.where(np.isfinite(row), row, -800.0)
    weights, khat = smooth_log_weights(row[None], LENGTH)
    assert (np.exp(weights[0, :300]) == 0).all()
    assert khat[0] == pytest.approx(smooth_log_weights(low[None], LENGTH)[1][0])


def test_a_tail_of_a_single_enormous_ratio_has_no_shape():
    rows = np.random.default_rng(3).normal(size=(2, 1000))
    rows[0, 7] = 2000.0
    weights, khat = smooth_log_weights(rows, LENGTH)
    assert khat[0] == np.inf
    assert np.exp(weights[0, 7]) == pytest.approx(1)
    assert np.isfinite(khat[1])


def test_the_sum_of_exponentials_is_that_of_scipy():
    rows = np.random.default_rng(4).normal(scale=500, size=(20, 30))
    np.testing.assert_allclose(log_sum_exp(rows), special.logsumexp(rows, axis=1), rtol=1e-13)


@pytest.mark.parametrize("variance", [0.3, 0.5, 0.8])
def test_khat_of_a_normal_approximation_with_too_small_a_variance(variance):
    """Target N(0, 1), approximation N(0, s2) with s2 < 1: the ratio's tail has shape 1 - s2.

    log ratio = x^2 (1/s2 - 1)/2 + const with x ~ N(0, s2), so P(ratio > r) falls as r^(-1/(1 - s2)).
    """
    rng = np.random.default_rng(20261121)
    khats = []
    for _ in range(20):
        x = rng.normal(0, np.sqrt(variance), 4000)
        khats.append(estimate_khat(stats.norm.logpdf(x) - stats.norm.logpdf(x, scale=np.sqrt(variance))))
    error = np.std(khats, ddof=1) / np.sqrt(len(khats))
    # The estimate shrinks towards 0.5 and converges slowly: allow a tenth besides the Monte Carlo error.
    assert abs(np.mean(khats) - (1 - variance)) < 0.1 + 4 * error


def test_khat_of_a_wider_approximation_is_small():
    """Target N(0, 1), approximation N(0, 4): the ratios are bounded."""
    x = np.random.default_rng(1).normal(0, 2, 4000)
    assert estimate_khat(stats.norm.logpdf(x) - stats.norm.logpdf(x, scale=2)) < 0.3


def test_weights_turn_draws_of_one_normal_into_those_of_another():
    """Target N(0.5, 1), approximation N(0, 1.5): moments within five Monte Carlo errors of the target's."""
    x = np.random.default_rng(5).normal(0, 1.5, 50_000)
    weights = compute_importance_weights(stats.norm.logpdf(x, 0.5) - stats.norm.logpdf(x, scale=1.5))
    assert weights.is_reliable
    assert weights.weights.sum() == pytest.approx(1)
    mean, sd = compute_weighted_moments(x[:, None], weights.weights)
    error = np.sqrt((weights.weights**2).sum())  # of a mean with unit variance
    assert abs(mean[0] - 0.5) < 5 * error
    assert abs(sd[0] - 1.0) < 5 * error
    assert abs(weights.log_mean) < 5 * error  # both densities are normalised, so the mean ratio is 1


def test_the_logarithm_of_the_mean_ratio_has_the_constant_that_was_left_out():
    log_ratios = np.random.default_rng(6).normal(scale=0.1, size=1000)
    shifted = compute_importance_weights(log_ratios - 1000.0)
    assert shifted.log_mean == pytest.approx(-1000 + special.logsumexp(log_ratios) - np.log(1000))
    np.testing.assert_allclose(shifted.weights, compute_importance_weights(log_ratios).weights)


@pytest.mark.parametrize(("spread", "khat_is_zero"), [(0.5 * EQUAL_RATIOS, True), (10.0, False)])
def test_ratios_that_differ_by_rounding_alone_are_equal(spread, khat_is_zero):
    weights = compute_importance_weights(np.linspace(0, spread, 1000) - 3.0)
    assert (weights.khat == 0) is khat_is_zero
    assert (weights.weights == 1 / 1000).all() == khat_is_zero


def test_without_a_single_usable_ratio_nothing_is_reliable():
    weights = compute_importance_weights(np.array([-np.inf, np.nan, np.inf]))
    assert (weights.khat, weights.log_mean) == (np.inf, -np.inf)
    assert not weights.is_reliable


def test_a_draw_outside_the_target_has_no_weight():
    log_ratios = np.append(np.random.default_rng(8).normal(size=999), -np.inf)
    weights = compute_importance_weights(log_ratios)
    assert weights.weights[-1] == 0
    assert np.isfinite(weights.khat)
    assert weights.log_mean == pytest.approx(special.logsumexp(log_ratios) - np.log(1000))


def test_moments_are_those_of_repeated_draws():
    """Integer weights are repetitions."""
    values, counts = np.array([[1.0, 5.0], [2.0, -1.0], [4.0, 0.0]]), np.array([3, 2, 1])
    repeated = np.repeat(values, counts, axis=0)
    mean, sd = compute_weighted_moments(values, counts / counts.sum())
    np.testing.assert_allclose(mean, repeated.mean(axis=0))
    np.testing.assert_allclose(sd, repeated.std(axis=0))
