"""Newton's method: the last digits of a maximum, and points from which there is none."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest
from scipy import optimize

from tests.estimation.chosen_density import ChosenDensity
from tests.estimation.minimal import JOB
from workbench.backends.fake import FakeBackend
from workbench.estimation.optimum.log_density import LogDensity
from workbench.estimation.optimum.newton import (
    NewtonResult,
    _limit_directions,
    invert_directions,
    maximise,
    refine,
)


def make_target(density):
    return LogDensity(ChosenDensity(density=density), JOB, jacobian=True)


def make_quadratic(precision, centre):
    def density(point):
        away = point - centre
        return -0.5 * away @ precision @ away, -precision @ away

    return make_target(density)


def test_a_quadratic_is_maximised_in_one_step_with_its_covariance():
    """Scales that differ by ten orders of magnitude, and a correlation of 0.9."""
    scales = np.array([1e-5, 1.0, 1e5])
    correlation = np.array([[1.0, 0.9, 0.0], [0.9, 1.0, 0.3], [0.0, 0.3, 1.0]])
    covariance = correlation * np.outer(scales, scales)
    centre = np.array([3.0, -1e3, 1e6])
    result = maximise(make_quadratic(np.linalg.inv(covariance), centre), centre + 5 * scales, scales)
    assert result.is_converged
    assert result.is_maximum
    np.testing.assert_allclose(result.point, centre, rtol=1e-9)
    np.testing.assert_allclose(result.covariance / np.outer(scales, scales), correlation, atol=1e-6)


def test_a_poisson_regression_has_the_optimum_that_scipy_finds():
    rng = np.random.default_rng(3)
    x = np.column_stack([np.ones(50), rng.normal(size=(50, 2))])
    y = rng.poisson(np.exp(x @ [0.5, 0.3, -0.2]))

    def density(beta):
        eta = x @ beta
        return float(y @ eta - np.exp(eta).sum()), x.T @ (y - np.exp(eta))

    def negative(beta):
        value, gradient = density(beta)
        return -value, -gradient

    reference = optimize.minimize(negative, np.zeros(3), jac=True, tol=1e-12)
    result = maximise(make_target(density), np.array([2.0, -1.0, 1.0]), np.ones(3))
    assert result.is_converged
    np.testing.assert_allclose(result.point, reference.x, atol=1e-6)
    information = x.T @ (np.exp(x @ result.point)[:, None] * x)
    np.testing.assert_allclose(result.covariance, np.linalg.inv(information), rtol=1e-6)
    assert result.decrement < 1e-20


def test_a_fixed_dimension_does_not_move():
    precision = np.array([[2.0, 1.0], [1.0, 2.0]])
    target = make_quadratic(precision, np.zeros(2))
    result = maximise(target, np.array([1.0, 5.0]), np.ones(2), free=np.array([True, False]))
    np.testing.assert_allclose(result.point, [-2.5, 5.0])  # the maximum of x where y = 5: -y / 2
    np.testing.assert_allclose(result.covariance, [[0.5, 0.0], [0.0, 0.0]])


def test_a_density_that_rises_for_ever_does_not_converge():
    def density(point):
        return -float(np.exp(-point[0])), np.exp(-point)

    assert not maximise(make_target(density), np.zeros(1), np.ones(1)).is_converged


def test_from_a_saddle_the_search_goes_uphill_to_a_maximum():
    """-(x^2 - 1)^2 - y^2 has a saddle at 0 and maxima at x = -1 and 1."""

    def density(point):
        x, y = point
        return -((x**2 - 1) ** 2) - y**2, np.array([-4 * x * (x**2 - 1), -2 * y])

    result = maximise(make_target(density), np.array([0.01, 0.5]), np.ones(2))
    assert result.is_converged
    np.testing.assert_allclose(np.abs(result.point), [1.0, 0.0], atol=1e-10)


def test_a_stencil_that_leaves_the_support_is_shortened():
    """log(x) - x has its maximum at 1, and no density below 0; the scale is a thousand times too wide."""

    def density(point):
        x = point[0]
        return (np.log(x) - x, np.array([1 / x - 1])) if x > 0 else (np.nan, point)

    result = maximise(make_target(density), np.array([0.5]), np.array([1000.0]))
    assert result.is_converged
    assert result.point[0] == pytest.approx(1.0, rel=1e-12)


def test_the_stiffness_of_collinear_parameters_is_nearly_zero():
    """Only the sum of two parameters has curvature, but for 1e-10 of it."""
    precision = np.ones((2, 2)) + 1e-10 * np.eye(2)
    result = maximise(make_quadratic(precision, np.zeros(2)), np.array([0.3, 0.1]), np.ones(2))
    assert result.stiffness.min() < 1e-8
    assert result.stiffness.max() > 1


def test_directions_are_inverted_on_the_free_dimensions():
    target = make_quadratic(np.diag([4.0, 1.0, 9.0]), np.zeros(3))
    result = maximise(target, np.ones(3), np.ones(3), free=np.array([True, False, True]))
    dims, inverse = invert_directions(result)
    assert dims.tolist() == [0, 2]
    np.testing.assert_allclose(inverse @ result.directions[dims], np.eye(2), atol=1e-9)


def test_refining_takes_the_given_hessian_and_evaluates_no_other():
    precision = np.array([[2.0, 1.0], [1.0, 2.0]])
    result = refine(make_quadratic(precision, np.array([1.0, 2.0])), np.zeros(2), -precision)
    assert result.is_converged
    np.testing.assert_allclose(result.point, [1.0, 2.0], rtol=1e-12)


def test_refining_does_not_move_from_where_the_hessian_curves_upwards():
    result = refine(make_quadratic(np.eye(2), np.zeros(2)), np.ones(2), np.diag([1.0, -1.0]))
    assert not result.is_converged
    assert result.point.tolist() == [1.0, 1.0]


@dataclass(frozen=True)
class Rounded(FakeBackend):
    """A parabola whose gradient, from the second point on, is rounding: it no longer shrinks as it should."""

    gradients: Iterator[float] = field(default_factory=lambda: iter(()))

    def log_density(self, job, at, *, jacobian):
        return np.zeros(len(at)), np.full(at.shape, next(self.gradients))


@pytest.mark.parametrize(("rest", "is_converged"), [(1e-12, True), (1e-3, False)])
def test_steps_as_small_as_rounding_need_not_shrink(rest, is_converged):
    """In standard deviations: steps of 1e-12 are the end of a search, steps of 1e-3 are not."""
    target = LogDensity(Rounded({}, {}, gradients=iter([1e3 * rest, rest, 0.5 * rest])), JOB, jacobian=True)
    assert refine(target, np.zeros(1), -np.eye(1)).is_converged is is_converged


def test_a_step_that_leaves_the_gradient_unchanged_is_not_the_end():
    """The curvature is that of far away: here, as where data are separated, the density keeps rising."""
    target = LogDensity(Rounded({}, {}, gradients=itertools.repeat(1e-8)), JOB, jacobian=True)
    assert not refine(target, np.zeros(1), -np.eye(1)).is_converged


def test_directions_without_any_stiffness_are_shortened():
    """Without a mode a direction may be so long that its stiffness is not a number of a computer."""
    directions = np.array([[1e200, 0.0], [1e200, 1e-50]])
    endless = NewtonResult(np.zeros(2), np.zeros(2), 0.0, directions, np.ones(2), is_converged=False)
    assert endless.stiffness[0] == 0
    limited = _limit_directions(endless)
    assert np.isfinite(limited.directions).all()
    assert np.abs(limited.directions).max(axis=0).all()
    assert limited.curvature[0] < 1e-100
