"""Profile-likelihood intervals, against a direct solution of each likelihood equation."""

import numpy as np
import pytest
from scipy import optimize, stats

from tests.estimation.chosen_density import ChosenDensity
from tests.estimation.minimal import JOB, declare, make_curvature, make_program, make_run
from workbench.backends.base import Curvature
from workbench.errors import MethodError
from workbench.estimation.optimum.log_density import LogDensity
from workbench.estimation.optimum.newton import maximise
from workbench.estimation.optimum.profile import (
    ProfileInterval,
    check_profile_names,
    find_profile_interval,
)
from workbench.estimation.optimum.search import Optimum

DROP = stats.chi2.ppf(0.95, 1) / 2


def make_optimum(density, start, names, transform=None, derivative=None):
    """Return a target and its optimum; `transform` and its derivative act on the last dimension."""
    target = LogDensity(ChosenDensity(density=density), JOB, jacobian=False)
    newton = maximise(target, np.asarray(start, dtype=float), np.ones(len(start)))
    values, slopes = newton.point.copy(), np.ones(len(start))
    if transform is not None:
        values[-1], slopes[-1] = transform(newton.point[-1]), derivative(newton.point[-1])
    curvature = Curvature(
        newton.log_density, newton.gradient, -np.eye(len(start)), names, newton.point, names, values,
        np.diag(slopes),
    )  # fmt: skip
    return target, Optimum(make_run(values, newton.log_density, names), curvature, newton, "")


def test_the_interval_of_a_normal_is_that_of_wald():
    """A quadratic likelihood: the profile of a parameter falls with its marginal variance."""
    precision = np.array([[4.0, 1.5], [1.5, 2.0]])
    target, optimum = make_optimum(
        lambda point: (-0.5 * point @ precision @ point, -precision @ point), [0.3, 0.2], ("a", "b")
    )
    program = make_program(parameters=(declare("a"), declare("b")))
    interval = find_profile_interval(target, optimum, program, "a", 0.95)
    width = 1.959963984540054 * np.sqrt(np.linalg.inv(precision)[0, 0])
    assert (interval.lower, interval.upper) == pytest.approx((-width, width), rel=1e-6)
    assert interval.remark == ""


Y = np.array([1.2, -0.4, 2.2, 0.9, 3.1, 0.3, 1.8, -1.0])


def normal_sample(point):
    """The likelihood of Y under a normal, by its mean and the logarithm of its sd, with its gradient."""
    mean, log_sd = point
    away = (Y - mean) / np.exp(log_sd)
    return -0.5 * away @ away - len(Y) * log_sd, np.array([away.sum() / np.exp(log_sd), away @ away - len(Y)])


def test_the_interval_of_a_normal_mean_is_that_of_the_likelihood_ratio():
    """Closed form: n/2 log(1 + (mean - ybar)^2 / s2) = drop."""
    target, optimum = make_optimum(normal_sample, [0.0, 0.0], ("mean", "sd"), np.exp, np.exp)
    program = make_program(parameters=(declare("mean"), declare("sd", lower=0)))
    interval = find_profile_interval(target, optimum, program, "mean", 0.95)
    width = np.sqrt(Y.var() * np.expm1(2 * DROP / len(Y)))
    assert (interval.lower, interval.upper) == pytest.approx((Y.mean() - width, Y.mean() + width), rel=1e-6)


def test_the_interval_of_a_standard_deviation_is_on_its_own_scale():
    """With the mean at its maximum: n log(sd / s) + n/2 (s^2 / sd^2 - 1) = drop."""
    target, optimum = make_optimum(normal_sample, [0.0, 0.0], ("mean", "sd"), np.exp, np.exp)
    program = make_program(parameters=(declare("mean"), declare("sd", lower=0)))
    interval = find_profile_interval(target, optimum, program, "sd", 0.95)
    s = Y.std()

    def excess(sd):
        return len(Y) * np.log(sd / s) + len(Y) / 2 * (s**2 / sd**2 - 1) - DROP

    expected = optimize.brentq(excess, 0.1 * s, s), optimize.brentq(excess, s, 10 * s)
    assert (interval.lower, interval.upper) == pytest.approx(expected, rel=1e-6)


SUCCESSES, TRIALS = 7, 20


def binomial(point):
    p = 1 / (1 + np.exp(-point[0]))
    return SUCCESSES * np.log(p) + (TRIALS - SUCCESSES) * np.log1p(-p), np.array([SUCCESSES - TRIALS * p])


def test_the_interval_of_a_probability_is_between_its_bounds():
    """Two bounds make the transform a logistic curve: the likelihood ratio of a binomial, solved directly."""
    target, optimum = make_optimum(
        binomial, [0.0], ("p",), lambda u: 1 / (1 + np.exp(-u)), lambda u: np.exp(-u) / (1 + np.exp(-u)) ** 2
    )
    program = make_program(parameters=(declare("p", lower=0, upper=1),))
    interval = find_profile_interval(target, optimum, program, "p", 0.95)

    def excess(p):
        return (
            stats.binom.logpmf(SUCCESSES, TRIALS, SUCCESSES / TRIALS)
            - stats.binom.logpmf(SUCCESSES, TRIALS, p)
            - DROP
        )

    expected = optimize.brentq(excess, 0.01, 0.35), optimize.brentq(excess, 0.35, 0.99)
    assert (interval.lower, interval.upper) == pytest.approx(expected, rel=1e-6)


def test_an_upper_bound_turns_the_scale_around_and_not_the_interval():
    """x = 3 - exp(u): a normal likelihood of u = log(3 - x) with mean 0 and sd 0.5."""
    target, optimum = make_optimum(
        lambda point: (-2 * point @ point, -4 * point),
        [0.3],
        ("x",),
        lambda u: 3 - np.exp(u),
        lambda u: -np.exp(u),
    )
    program = make_program(parameters=(declare("x", upper=3),))
    interval = find_profile_interval(target, optimum, program, "x", 0.95)
    ends = [3 - np.exp(sign * 0.5 * np.sqrt(2 * DROP)) for sign in (1, -1)]
    assert (interval.lower, interval.upper) == pytest.approx(ends, rel=1e-6)


def test_a_likelihood_that_levels_off_gives_no_end_on_that_side():
    """A logistic rise, then a logistic fall by 0.5 nats: less than the 1.92 that end a 95 % interval."""

    def level_off(point):
        x = point[0]
        fall = 1 / (1 + np.exp(4 - x))
        return -np.log1p(np.exp(-x)) - 0.5 * fall, np.array([1 / (1 + np.exp(x)) - 0.5 * fall * (1 - fall)])

    target, optimum = make_optimum(level_off, [2.0], ("x",))
    program = make_program(parameters=(declare("x"),))
    interval = find_profile_interval(target, optimum, program, "x", 0.95)
    assert interval.upper is None
    assert interval.lower is not None
    assert level_off([interval.lower])[0] == pytest.approx(optimum.log_density - DROP, abs=1e-6)
    assert "no upper end" in interval.remark


def test_where_the_likelihood_cannot_be_evaluated_there_is_no_end():
    """-x^2 / 2 falls by 1.92 at -1.96, and cannot be evaluated above 1, where it has fallen by 0.5."""

    def break_off(point):
        x = point[0]
        return (-0.5 * x * x, np.array([-x])) if x < 1 else (-np.inf, np.array([np.nan]))

    target, optimum = make_optimum(break_off, [0.0], ("x",))
    program = make_program(parameters=(declare("x"),))
    interval = find_profile_interval(target, optimum, program, "x", 0.95)
    assert interval.lower == pytest.approx(-np.sqrt(2 * DROP), abs=1e-6)
    assert interval.upper is None
    assert "as far as it can be evaluated" in interval.remark


def test_a_parameter_whose_bounds_depend_on_another_cannot_be_profiled():
    target, optimum = make_optimum(lambda point: (-point @ point, -2 * point), [0.1, 0.1], ("a", "b"))
    assert optimum.curvature is not None
    optimum.curvature.constrain_jacobian[1, 0] = 0.5
    program = make_program(parameters=(declare("a"), declare("b", lower=0)))
    with pytest.raises(MethodError, match="depend on other parameters"):
        find_profile_interval(target, optimum, program, "b", 0.95)
    unbounded = make_program(parameters=(declare("a"), declare("b")))
    with pytest.raises(MethodError, match="Without --standardize"):
        find_profile_interval(target, optimum, unbounded, "b", 0.95)
    assert find_profile_interval(target, optimum, program, "a", 0.95) != ProfileInterval(None, None)


def test_without_a_curvature_there_is_no_profile():
    target = LogDensity(ChosenDensity(), JOB, jacobian=False)
    optimum = Optimum(make_run((0, 0, 0)), None, None, "")
    with pytest.raises(MethodError, match="needs the curvature"):
        find_profile_interval(target, optimum, make_program(), "alpha", 0.95)


def test_names_are_checked_before_anything_runs():
    program = make_program(parameters=(declare("a"), declare("b", "vector", 2), declare("s", "simplex", 3)))
    check_profile_names(program, ("a", "b[2]"))
    with pytest.raises(MethodError, match="the parameters are `a`, `b`, `s`") as refused:
        check_profile_names(program, ("c",))
    assert "beta[2]" in str(refused.value.hint)
    with pytest.raises(MethodError, match="elements of a simplex"):
        check_profile_names(program, ("s[1]",))


def test_an_element_that_does_not_exist_is_not_profiled():
    curvature = make_curvature((0, 0, 0))
    target, optimum = make_optimum(lambda point: (-point @ point, -2 * point), [0.1] * 3, curvature.names)
    with pytest.raises(MethodError, match=r"`beta\[3\]` cannot be profiled: .*there are `alpha`"):
        find_profile_interval(target, optimum, make_program(), "beta[3]", 0.95)
