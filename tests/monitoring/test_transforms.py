"""Beyond all that was simulated, transforms go on without favouring a change."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtri

from workbench.monitoring.detector import follow
from workbench.monitoring.transforms import rank_among

TAILS = {
    "normal": stats.norm(),
    "exponential": stats.expon(),
    "Gumbel": stats.gumbel_r(),
    "Student, 3 degrees of freedom": stats.t(3),
    "Student, 10 degrees of freedom": stats.t(10),
    "log-normal": stats.lognorm(1),
    "chi-square": stats.chi2(5),
}


@pytest.mark.parametrize("name", TAILS)
@pytest.mark.parametrize("side", [1, -1])
def test_a_likelihood_ratio_has_an_expectation_of_at_most_1(name: str, side: int) -> None:
    """Integrated over the distribution, in the tail up to once in 10^16, where simulation never comes."""
    rng = np.random.default_rng(22)
    tail = np.exp(np.linspace(np.log(1e-16), np.log(0.5), 400))
    where = TAILS[name].isf(tail)
    expectations = []
    for _ in range(20):
        simulated = TAILS[name].rvs(5000, random_state=rng)
        among = np.repeat(side * simulated[:, None], len(where), axis=1)
        scores = side * ndtri(rank_among(side * where, among, rng))
        expectations.append(np.trapezoid(np.exp(4 * scores - 8) * tail, np.log(tail)))
    # A tail that is too light has an expectation without bound, whose standard error says nothing.
    assert 0.2 < np.mean(expectations) < 1.5


def test_one_batch_in_another_unit_is_an_alarm_at_once() -> None:
    rng = np.random.default_rng(1)
    simulated = rng.standard_normal((10_000, 3))
    values = rank_among(np.array([30.0, 0.3, -0.5]), simulated, rng)
    assert follow(values[None], np.full(3, 1 / 3)).log_value[-1] > np.log(1000)


def test_ranks_of_what_lies_among_the_simulated_are_as_they_were() -> None:
    rng = np.random.default_rng(4)
    simulated = np.arange(1000.0)[:, None]
    assert 0.5 < rank_among(np.array([500.5]), simulated, rng)[0] < 0.502


def test_statistics_with_a_single_value_have_no_tail() -> None:
    rng = np.random.default_rng(4)
    found = rank_among(np.array([2.0]), np.ones((1000, 1)), rng)
    assert found[0] == pytest.approx(1 - 0.5 / 1001)
