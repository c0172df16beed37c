"""Sandwiches from scores alone: a normal mean has them in closed form."""

import numpy as np
import pytest

from workbench.errors import MethodError
from workbench.likelihood.sandwich import compute_sandwich, sum_by_cluster

Y = np.array([1.2, -0.7, 3.1, 0.4, 2.2, -1.9, 0.8, 1.5])
CODES = np.array([0, 0, 1, 1, 2, 2, 3, 3])


def scores_of_a_mean(y):
    """Return the scores of a normal mean with unit variance, along the direction of unit curvature."""
    return ((y - y.mean()) / np.sqrt(len(y)))[:, None]


def test_the_sandwich_of_a_mean_is_its_variance_over_the_number_of_rows():
    found = compute_sandwich(scores_of_a_mean(Y))
    variance = found.covariance[0, 0] / len(Y)  # the direction is 1 / sqrt(N) long
    assert variance == pytest.approx(Y.var() / len(Y), rel=1e-12)
    assert found.units == 8
    assert found.factor == 1
    assert "HC0" in found.words
    assert found.degrees is None


def test_clusters_have_their_factor_and_are_warned_of_where_they_are_few():
    found = compute_sandwich(scores_of_a_mean(Y), CODES, "site")
    sums = np.array([(Y - Y.mean())[code == CODES].sum() for code in range(4)])
    factor = 4 / 3 * 7 / 7
    assert found.covariance[0, 0] / len(Y) == pytest.approx(factor * (sums**2).sum() / 8**2, rel=1e-12)
    assert found.degrees == 3
    assert any("4 clusters are few" in warning for warning in found.warnings)


def test_scores_that_do_not_add_up_to_zero_are_centred():
    shifted = compute_sandwich(scores_of_a_mean(Y) + 0.3).covariance
    assert shifted == pytest.approx(compute_sandwich(scores_of_a_mean(Y)).covariance, rel=1e-12)


def test_many_clusters_are_not_warned_of():
    rng = np.random.default_rng(2)
    assert not compute_sandwich(rng.normal(size=(90, 2)), np.arange(90) % 45, "site").warnings


@pytest.mark.parametrize(
    ("scores", "codes"),
    [(np.ones((2, 2)), None), (np.ones((9, 1)), np.zeros(9, dtype=int)), (np.ones((1, 1)), None)],
)
def test_too_few_units_are_refused(scores, codes):
    with pytest.raises(MethodError, match="too few"):
        compute_sandwich(scores, codes, "site")


def test_scores_are_summed_by_cluster():
    assert sum_by_cluster(np.array([[1.0], [2.0], [4.0]]), np.array([1, 0, 1])).tolist() == [[2.0], [5.0]]
