"""Densities that are not smooth: where they are found to be, and the lasso's exact zeros."""

import numpy as np
import pytest

from tests.estimation.chosen_density import ChosenDensity
from tests.estimation.minimal import JOB, make_program
from workbench.estimation.optimum.log_density import Breakpoints, LogDensity
from workbench.estimation.optimum.nonsmooth import find_breakpoints, maximise_nonsmooth, may_be_nonsmooth


def make_target(density):
    return LogDensity(ChosenDensity(density=density), JOB, jacobian=False)


def make_lasso(x, y, penalty, location):
    """Return -|y - X b|^2 / 2 - penalty * sum |b - location|."""

    def density(b):
        residual = y - x @ b
        value = -0.5 * residual @ residual - penalty * np.abs(b - location).sum()
        return value, x.T @ residual - penalty * np.sign(b - location)

    return make_target(density)


def solve_lasso(x, y, penalty):
    """Solve the lasso by coordinate descent: Friedman, Hastie and Tibshirani (2010), JSS 33(1)."""
    b = np.zeros(x.shape[1])
    for _ in range(2000):
        for j in range(len(b)):
            partial = x[:, j] @ (y - x @ b + x[:, j] * b[j])
            b[j] = np.sign(partial) * max(abs(partial) - penalty, 0) / (x[:, j] @ x[:, j])
    return b


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("beta ~ double_exponential(0, 1);", True),
        ("target += double_exponential_lpdf(beta | 0, 1);", True),
        ("target += -fabs(alpha);", True),
        ("target += -abs(alpha);", True),
        ("beta ~ normal(0, 1);", False),
        ("real absolute = 1;", False),
    ],
)
def test_functions_that_are_not_smooth_are_seen_in_the_source(source, expected):
    assert may_be_nonsmooth(make_program(source=source)) is expected


def test_a_breakpoint_is_found_with_half_its_jump():
    """-3 |x - 1|, whose derivative falls from 3 to -3 at 1, beside a normal and a dimension not examined."""

    def density(point):
        x, y, z = point
        return -3 * abs(x - 1) - y**2 - z**2, np.array([-3 * np.sign(x - 1), -2 * y, -2 * z])

    breakpoints = find_breakpoints(make_target(density), np.array([0.2, 0.3, 0.4]), np.array([1, 0, np.nan]))
    assert breakpoints is not None
    assert breakpoints.is_present.tolist() == [True, False, False]
    assert breakpoints.location[0] == 1.0
    assert breakpoints.half_jump[0] == pytest.approx(3.0)
    assert breakpoints.side[0] == -1.0


def test_a_steep_curvature_is_not_a_breakpoint():
    """The derivative of -1e6 x^2 also changes across 0, but ten times less over a tenth of the distance."""
    target = make_target(lambda point: (-1e6 * point @ point, -2e6 * point))
    assert find_breakpoints(target, np.ones(3), np.zeros(3)) is None


def test_without_candidates_there_is_no_breakpoint():
    target = make_target(lambda point: (-np.abs(point).sum(), -np.sign(point)))
    assert find_breakpoints(target, np.ones(3), np.full(3, np.nan)) is None


@pytest.mark.parametrize("penalty", [0.5, 5.0, 50.0])
def test_the_lasso_is_that_of_coordinate_descent_with_the_same_zeros(penalty):
    rng = np.random.default_rng(7)
    x = rng.normal(size=(60, 6))
    y = x @ [3.0, 0.0, -1.0, 0.3, 0.0, 0.0] + rng.normal(size=60)
    target = make_lasso(x, y, penalty, 0.0)
    start = np.asarray(np.linalg.lstsq(x, y)[0], dtype=np.float64)
    breakpoints = find_breakpoints(target, start, np.zeros(6))
    assert breakpoints is not None
    result = maximise_nonsmooth(target, start, np.full(6, 0.1), breakpoints)
    expected = solve_lasso(x, y, penalty)
    assert result.newton.is_converged
    np.testing.assert_allclose(result.newton.point, expected, atol=1e-8)
    assert result.is_held.tolist() == (expected == 0).tolist()
    assert (result.newton.point[result.is_held] == 0).all()


def test_a_coefficient_held_at_first_is_released_where_its_subgradient_says_so():
    """The first coefficient starts at 0, where the second pulls it away only once that has moved."""
    x = np.array([[1.0, 0.9], [0.0, 0.5]])
    y = np.array([4.0, 0.0])
    target = make_lasso(x, y, 1.0, 0.0)
    breakpoints = Breakpoints(np.zeros(2), np.ones(2), np.ones(2))
    start = np.array([0.0, 4.0])
    assert abs(x[:, 0] @ (y - x @ start)) < 1  # it is held at the start
    result = maximise_nonsmooth(target, start, np.ones(2), breakpoints)
    np.testing.assert_allclose(result.newton.point, solve_lasso(x, y, 1.0), atol=1e-8)
    assert not result.is_held[0]


def test_the_breakpoint_may_be_elsewhere_than_at_zero():
    """(y - b)^2 / 2 + |b - 2|: with y = 2.5 the optimum is at the breakpoint, 2."""
    target = make_lasso(np.eye(1), np.array([2.5]), 1.0, 2.0)
    breakpoints = find_breakpoints(target, np.array([2.4]), np.array([2.0]))
    assert breakpoints is not None
    result = maximise_nonsmooth(target, np.array([2.4]), np.ones(1), breakpoints)
    assert result.newton.point.tolist() == [2.0]
    assert result.is_held.tolist() == [True]
