"""The maximum for other data, with a log density of NumPy in place of Stan."""

from typing import Any, cast

import numpy as np
import pytest
from scipy import optimize

from workbench.estimation.optimum.log_density import LogDensity
from workbench.likelihood.climb import climb

RNG = np.random.default_rng(8)
X = np.column_stack([np.ones(60), RNG.normal(size=60)])
Y = (RNG.random(60) < 1 / (1 + np.exp(-X @ [0.2, 0.9]))).astype(float)


class Logit:
    """A logistic regression of some rows, as a backend."""

    def __init__(self, x, y):
        self.x, self.y, self.calls = x, y, 0

    def log_density(self, job, points, *, jacobian):
        self.calls += len(points)
        eta = points @ self.x.T
        values = (self.y * eta - np.logaddexp(0, eta)).sum(axis=1)
        return values, (self.y - 1 / (1 + np.exp(-eta))) @ self.x


def make_target(backend) -> Any:
    return LogDensity(cast("Any", backend), cast("Any", None), jacobian=False)


def maximise(x, y):
    """Return the maximum by SciPy, from values and gradients of its own."""
    target = Logit(x, y)

    def fun(b):
        values, gradients = target.log_density(None, b[None], jacobian=False)
        return -values[0], -gradients[0]

    start: Any = np.zeros(x.shape[1])
    minimize: Any = optimize.minimize
    return minimize(fun, start, jac=True, method="BFGS", options={"gtol": 1e-10}).x


def directions_at(point):
    chance = 1 / (1 + np.exp(-X @ point))
    values, vectors = np.linalg.eigh(X.T @ (X * (chance * (1 - chance))[:, None]))
    return vectors / np.sqrt(values)


POINT = maximise(X, Y)


@pytest.mark.parametrize("seed", range(8))
def test_the_maximum_of_a_resample_is_found_with_few_gradients(seed):
    rows = np.random.default_rng(seed).integers(60, size=60)
    backend = Logit(X[rows], Y[rows])
    found, reason = climb(make_target(backend), POINT, directions_at(POINT), ("a", "b"))
    assert not reason
    assert found == pytest.approx(maximise(X[rows], Y[rows]), abs=1e-6)
    assert np.abs(backend.log_density(None, found[None], jacobian=False)[1]).max() < 1e-6
    assert backend.calls < 100


def test_a_resample_far_from_the_fit_takes_its_own_curvature():
    found, reason = climb(make_target(Logit(X, 1 - Y)), POINT, directions_at(POINT), ("a", "b"))
    assert not reason
    assert found == pytest.approx(maximise(X, 1 - Y), abs=1e-5)


def test_separated_outcomes_have_no_maximum():
    separated = (X[:, 1] > 0.1).astype(float)
    found, reason = climb(make_target(Logit(X, separated)), POINT, directions_at(POINT), ("alpha", "beta"))
    assert found is None
    assert "`alpha`" in reason or "`beta`" in reason


def test_a_constant_column_leaves_a_flat_direction():
    flat = np.column_stack([X[:, 0], np.ones(60)])
    found, reason = climb(make_target(Logit(flat, Y)), POINT, directions_at(POINT), ("a", "b"))
    assert found is None
    assert "flat" in reason
