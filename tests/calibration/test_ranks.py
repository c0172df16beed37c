"""Truths among draws: ranks are uniform if both come from one distribution, discrete or not."""

import numpy as np
import pytest
from scipy import stats

from workbench.calibration.ranks import choose_ranked, place_in_normal, rank_truths
from workbench.calibration.uniformity import compute_p_value


def test_ranks_count_smaller_draws():
    draws = np.array([[1.0, 5.0], [2.0, 6.0], [3.0, 7.0]])
    ranks, places = rank_truths(draws, np.array([2.5, 1.0]), np.random.default_rng(1))
    assert ranks.tolist() == [2, 0]
    assert 2 / 4 < places[0] < 3 / 4
    assert 0 < places[1] < 1 / 4


@pytest.mark.parametrize("family", [stats.norm(), stats.poisson(0.7), stats.bernoulli(0.1)])
def test_places_are_uniform_where_truth_and_draws_are_of_one_distribution(family):
    rng = np.random.default_rng(4)
    places = [
        rank_truths(family.rvs((99, 1), random_state=rng), family.rvs(1, random_state=rng), rng)[1][0]
        for _ in range(2000)
    ]
    assert compute_p_value(np.array(places)) > 1e-5  # one right family in 100,000 would fail


def test_ties_that_are_not_shared_out_would_be_found():
    rng = np.random.default_rng(4)
    family = stats.poisson(0.7)
    naive = [(family.rvs(99, random_state=rng) < family.rvs(random_state=rng)).mean() for _ in range(500)]
    assert compute_p_value(np.array(naive)) < 1e-6


def test_what_is_not_a_number_has_no_rank():
    draws = np.array([[1.0, np.nan, 1.0], [2.0, 1.0, 2.0]])
    ranks, places = rank_truths(draws, np.array([np.nan, 1.0, 1.5]), np.random.default_rng(1))
    assert np.isnan(ranks).tolist() == np.isnan(places).tolist() == [True, True, False]


@pytest.mark.parametrize("count", [4000, 400, 99, 50])
def test_ranked_draws_are_spaced_evenly(count):
    chosen = choose_ranked(count)
    assert len(chosen) == min(count, 99)
    assert chosen.min() >= 0
    assert chosen.max() < count
    assert np.ptp(np.diff(chosen)) <= 1


def test_a_place_in_a_normal_is_its_distribution_function():
    found = place_in_normal(np.array([1.0, -3.0]), np.array([0.0, 1.0]), np.array([2.0, 0.5]))
    assert found == pytest.approx(stats.norm([0, 1], [2, 0.5]).cdf([1, -3]))
