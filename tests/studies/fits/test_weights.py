"""Importance weights from one normal distribution to another."""

import numpy as np
import pytest
from scipy import stats

from workbench.studies.fits.weights import compute_mean_errors, compute_move_errors, weigh_draws

DRAWS = np.random.default_rng(3).normal(size=4000)


def compute_log_ratios(mean, sd):
    return stats.norm.logpdf(DRAWS, mean, sd) - stats.norm.logpdf(DRAWS)


@pytest.mark.parametrize(("mean", "sd"), [(0.3, 1.0), (0.0, 0.7), (-0.2, 0.9)])
def test_a_near_distribution_is_reached_within_its_error(mean, sd):
    weights = weigh_draws(compute_log_ratios(mean, sd), 1.0, 4)
    assert weights.is_good
    assert weights.values.sum() == pytest.approx(1)
    error = compute_mean_errors(DRAWS, weights.values[:, None], 1.0)[0]
    assert abs(weights.values @ DRAWS - mean) < 4 * error
    assert weights.ess < 4000


def test_a_constant_in_the_density_does_not_matter():
    weights, shifted = (
        weigh_draws(compute_log_ratios(0.3, 1), 1.0, 4),
        weigh_draws(compute_log_ratios(0.3, 1) + 1e3, 1.0, 4),
    )
    assert np.allclose(weights.values, shifted.values)
    equal = weigh_draws(np.full(4000, -7.0), 0.5, 4)
    assert (equal.khat, equal.ess, equal.is_good) == (0.0, 2000.0, True)


def test_distributions_too_far_or_too_wide_are_refused():
    far, wide = weigh_draws(compute_log_ratios(4, 1), 1.0, 4), weigh_draws(compute_log_ratios(0, 5), 1.0, 4)
    assert not far.is_good
    assert not wide.is_good
    assert "k-hat" in wide.reason
    assert "is above 0.70" in wide.reason


def test_a_density_that_is_not_finite_is_refused():
    broken = compute_log_ratios(0, 1)
    broken[3] = np.nan
    assert weigh_draws(broken, 1.0, 4).reason == "the density is not finite at some draws"


def test_bounded_ratios_are_not_smoothed():
    """A prior in two steps: the weights are those of the ratios themselves."""
    steps = np.where(DRAWS > 0, 1.0, 0.0)
    weights = weigh_draws(steps, 1.0, 4)
    assert (weights.khat, weights.is_good) == (0.0, True)
    np.testing.assert_allclose(weights.values, np.exp(steps) / np.exp(steps).sum())


def test_few_effective_draws_are_refused_although_khat_is_low():
    weights = weigh_draws(compute_log_ratios(2.2, 0.7), 1.0, 4)
    assert weights.khat < 0.7
    assert "effective draws are fewer than" in weights.reason


def test_a_slow_chain_has_larger_errors():
    weights = weigh_draws(compute_log_ratios(0.3, 1), 0.25, 4)
    quick, slow = (compute_mean_errors(DRAWS, weights.values[:, None], share)[0] for share in (1.0, 0.25))
    assert slow == pytest.approx(2 * quick)


def test_a_move_has_the_error_that_many_samples_show():
    """A mean and the one it moves from share their draws: the error is smaller than that of either."""
    rng = np.random.default_rng(6)
    moves, errors, separate = [], [], []
    for _ in range(300):
        draws = rng.normal(size=1000)
        ratios = stats.norm.logpdf(draws, 0.3, 1) - stats.norm.logpdf(draws)
        weights = weigh_draws(ratios, 1.0, 4).values[:, None]
        moves.append(weights[:, 0] @ draws - draws.mean())
        errors.append(compute_move_errors(draws, weights, 1.0)[0])
        separate.append(compute_mean_errors(draws, weights, 1.0)[0])
    assert np.mean(errors) == pytest.approx(np.std(moves), rel=0.15)
    assert np.mean(errors) < np.mean(separate)
    equal = np.full((1000, 1), 1e-3)
    assert compute_move_errors(draws, equal, 1.0)[0] == pytest.approx(0, abs=1e-12)
