"""Parameters and data sets from the prior of a program."""

import numpy as np
import pytest
from scipy import stats

from workbench.errors import RequestError

COUNTS = """
data { int<lower=0> J; array[J] int<lower=0> n; array[J] int<lower=0> y; }
parameters { real<lower=0, upper=1> theta; }
model { theta ~ beta(2, 3); y ~ binomial(n, theta); }
"""


def test_a_data_set_has_the_shape_of_the_outcome_and_the_prior_predictive_distribution(make_simulator):
    sizes = [5, 10, 20]
    data = {"J": 3, "n": sizes, "y": [0, 0, 0]}
    found = make_simulator(COUNTS, data).draw(2000, seed=1)
    names, values = found.parameters
    assert (names, values.shape, found.count) == (("theta",), (2000, 1), 2000)
    assert found.outcomes["y"].shape == (2000, 3)
    assert found.outcomes["y"].dtype == np.int64
    assert found.is_drawn.all()
    assert stats.kstest(values[:, 0], stats.beta(2, 3).cdf).pvalue > 1e-3
    for column, n in enumerate(sizes):
        counts = np.bincount(found.outcomes["y"][:, column], minlength=n + 1)
        expected = 2000 * stats.betabinom(n, 2, 3).pmf(np.arange(n + 1))
        assert stats.chisquare(counts, expected).pvalue > 1e-3


def test_data_sets_can_be_drawn_given_parameters(make_simulator):
    simulator = make_simulator(COUNTS, {"J": 1, "n": [30], "y": [0]})
    found = simulator.draw_given(("theta",), np.repeat([[0.2], [0.7]], 500, axis=0), seed=2)
    low, high = found.outcomes["y"][:500, 0], found.outcomes["y"][500:, 0]
    assert abs(low.mean() - 6) < 5 * np.sqrt(30 * 0.16 / 500)
    assert abs(high.mean() - 21) < 5 * np.sqrt(30 * 0.21 / 500)


def test_an_improper_prior_is_refused_by_name(make_simulator):
    text = """
    data { real y; }
    parameters { real mu; real<lower=0> s; }
    model { s ~ normal(0, 1); y ~ normal(mu, s); }
    """
    with pytest.raises(RequestError, match="`mu`") as caught:
        make_simulator(text, {"y": 1.0})
    assert "--posterior" in str(caught.value.hint)
