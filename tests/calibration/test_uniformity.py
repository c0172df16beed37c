"""Bands and p-values of ranks are exact: compared with simulated uniform values, and with known samples."""

import numpy as np
import pytest
from scipy import stats

from workbench.calibration.uniformity import compute_band, compute_p_value, count_below, make_points

SIMULATIONS = 4000


@pytest.mark.parametrize("count", [10, 50, 200])
def test_p_values_of_uniform_values_are_as_rare_as_they_say(count):
    rng = np.random.default_rng(count)
    values = np.array([compute_p_value(rng.random(count)) for _ in range(SIMULATIONS)])
    for level in (0.01, 0.05, 0.2):
        error = np.sqrt(level * (1 - level) / SIMULATIONS)
        # Tail probabilities take few values, so that fewer may be below a level, but never more.
        assert level - 0.35 * level - 4 * error < (values < level).mean() < level + 4 * error


@pytest.mark.parametrize("count", [20, 200])
def test_the_band_holds_all_of_the_ecdf_at_its_level(count):
    rng = np.random.default_rng(3)
    points, lower, upper = compute_band(count, 0.95)
    inside = []
    for _ in range(SIMULATIONS):
        ecdf = count_below(rng.random(count), points) / count
        inside.append(((ecdf >= lower - 1e-12) & (ecdf <= upper + 1e-12)).all())
    assert np.mean(inside) == pytest.approx(0.955, abs=0.005 + 4 * np.sqrt(0.05 * 0.95 / SIMULATIONS))


def test_a_band_and_a_p_value_say_the_same():
    rng = np.random.default_rng(8)
    points, lower, upper = compute_band(60, 0.95)
    for power in (1.0, 1.3, 1.6):
        for _ in range(100):
            values = rng.random(60) ** power
            ecdf = count_below(values, points) / 60
            is_inside = bool(((ecdf >= lower - 1e-12) & (ecdf <= upper + 1e-12)).all())
            p_value = compute_p_value(values)
            if abs(p_value - 0.05) > 0.005:  # the band is that of the next possible tail probability
                assert is_inside == (p_value > 0.05)


def test_two_values_have_the_p_value_that_can_be_computed_by_hand():
    # One point, 1/2: both values below it have probability 1/4, and so have both above.
    assert make_points(2).tolist() == [0.5]
    assert compute_p_value(np.array([0.1, 0.2])) == pytest.approx(0.5)
    assert compute_p_value(np.array([0.1, 0.9])) == pytest.approx(1.0)


@pytest.mark.parametrize("spread", [0.6, 1.6])
def test_places_of_a_wrong_width_are_found(spread):
    values = stats.norm.cdf(spread * stats.norm.ppf((np.arange(200) + 0.5) / 200))
    assert compute_p_value(values) < 1e-4


def test_no_value_says_nothing():
    assert compute_p_value(np.empty(0)) == 1.0


def test_many_values_are_no_problem():
    assert 0 <= compute_p_value(np.random.default_rng(0).random(5000)) <= 1
