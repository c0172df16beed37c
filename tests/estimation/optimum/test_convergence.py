"""Why a point is not a mode: each reason names the parameter, or the combination, and what makes it so."""

from dataclasses import replace

import numpy as np
import pytest

from tests.conftest import ROOT
from tests.estimation.chosen_density import ChosenDensity
from tests.estimation.minimal import (
    JOB,
    declare,
    make_context,
    make_curvature,
    make_expression,
    make_program,
    make_term,
)
from workbench.estimation.optimum import convergence
from workbench.estimation.optimum.convergence import (
    Candidate,
    explain_bound_reached,
    explain_failure,
    find_constrained_dimensions,
)
from workbench.estimation.optimum.log_density import LogDensity
from workbench.estimation.optimum.newton import NewtonResult, maximise
from workbench.estimation.optimum.search import CURVATURE_ONLY, find_optima

POSITIVE = make_program(alpha=declare("alpha", lower=0))
IS_LOG = (True, False, False)


@pytest.fixture
def find_problem(tmp_path):
    """Find why the density of a program has no mode."""

    def find(density, program=None, **fields):
        context = make_context(ChosenDensity(density=density, **fields), tmp_path, program)
        search = find_optima(
            context, "map", jacobian=False, prior_weight=1.0, starts=1, laplace=CURVATURE_ONLY
        )
        return search.problem

    return find


def with_normal_rest(value, slope, point):
    """Return a density that depends on `alpha` as given, and on the rest as a normal."""
    return value - 0.5 * point[1:] @ point[1:], np.array([slope, *-point[1:]])


def test_a_normal_density_has_a_mode(find_problem):
    assert find_problem(lambda point: (-0.5 * point @ point, -point)) == ""


def test_a_direction_without_curvature_is_named(find_problem):
    reason = find_problem(
        lambda point: (-0.5 * (point[0] ** 2 + point[2] ** 2), np.array([-point[0], 0.0, -point[2]]))
    )
    assert "flat or still rising along `beta[1]` (last value 0.2)" in reason


def test_of_two_parameters_that_only_their_sum_identifies_the_combination_is_named(find_problem):
    def collinear(point):
        total = point[1] + point[2]
        return -0.5 * (point[0] ** 2 + total**2), -np.array([point[0], total, total])

    reason = find_problem(collinear)
    assert "along a combination of" in reason
    assert "`beta[1]`" in reason
    assert "`beta[2]`" in reason
    assert "`alpha`" not in reason


def test_of_a_long_combination_the_first_are_named_and_the_rest_counted():
    names = tuple(f"beta[{k}]" for k in range(1, 8))
    newton = NewtonResult(np.zeros(7), np.zeros(7), 0.0, np.eye(7), np.ones(7), True)
    candidate = Candidate(LogDensity(ChosenDensity(), JOB, False), make_curvature(np.zeros(7), names=names,
                          is_log=(False,) * 7), newton)  # fmt: skip
    reason = convergence._explain_flat_direction(candidate, np.ones(7))
    assert reason.count("`") == 2 * 4
    assert "and 3 more" in reason


def test_a_bounded_parameter_whose_density_keeps_rising_approaches_its_bound(find_problem):
    """alpha = exp(u), and the density -exp(u) rises as u falls."""
    reason = find_problem(
        lambda point: with_normal_rest(-np.exp(point[0]), -np.exp(point[0]), point),
        POSITIVE,
        is_log=IS_LOG,
    )
    assert reason.startswith("the log density has no maximum inside the support: it keeps rising as `alpha`")
    assert "approaches its lower bound, 0" in reason


def test_away_from_its_only_bound_a_parameter_has_none_to_approach(find_problem):
    """-exp(-u) rises for ever as u grows."""
    reason = find_problem(
        lambda point: with_normal_rest(-np.exp(-point[0]), np.exp(-point[0]), point),
        POSITIVE,
        is_log=IS_LOG,
    )
    assert "no maximum: it is flat or still rising along `alpha`" in reason


def test_a_bounded_parameter_that_the_density_does_not_depend_on_is_flat(find_problem):
    reason = find_problem(lambda point: with_normal_rest(0.0, 0.0, point), POSITIVE, is_log=IS_LOG)
    assert "flat or still rising along `alpha`" in reason


def test_of_shares_the_smallest_is_named(find_problem):
    """The unconstrained dimensions of a simplex are not its elements."""

    def edge(point):
        slope = np.exp(-point[1])
        return -slope - 0.5 * point[[0, 2]] @ point[[0, 2]], np.array([-point[0], slope, -point[2]])

    program = make_program(beta=declare("beta", "simplex", 2))
    reason = find_problem(edge, program, ends=((0.1, 0.2, 0.15),))
    assert "it keeps rising as `beta[2]` (last value 0.15) approaches its bound" in reason


def test_an_unbounded_parameter_whose_density_keeps_rising_is_named(find_problem):
    reason = find_problem(lambda point: with_normal_rest(-np.exp(-point[0]), np.exp(-point[0]), point))
    assert "it keeps rising along `alpha`" in reason


def test_a_separated_outcome_is_named_with_what_to_do(find_problem):
    """The log likelihood of a success at a positive predictor: -log(1 + exp(-alpha))."""
    term = make_term("likelihood", ("alpha",), outcomes=("y",), distribution="bernoulli_logit_glm")
    reason = find_problem(
        lambda point: with_normal_rest(-np.log1p(np.exp(-point[0])), 1 / (1 + np.exp(point[0])), point),
        make_program(terms=(term,)),
    )
    assert "it keeps rising along `alpha`" in reason
    assert "`y` is separated" in reason
    assert "proper prior" in reason


def test_the_scale_of_effects_that_collapse_is_named_with_the_cause(find_problem):
    """Two effects at their mean 0, u = log(tau) -> -inf: the density -2 u rises without limit."""
    term = make_term("latent", ("beta", "alpha"), outcomes=("beta",))
    reason = find_problem(
        lambda point: with_normal_rest(-2 * point[0], -2.0, point),
        make_program(alpha=declare("alpha", lower=0), terms=(term,)),
        is_log=IS_LOG,
    )
    assert "as `alpha`" in reason
    assert "The effects that `alpha` scales can then all equal their mean" in reason


@pytest.mark.parametrize(("sign", "is_collapse"), [(-1.0, True), (1.0, False)])
def test_only_towards_zero_effects_collapse(sign, is_collapse):
    """A scale with two bounds, driven to the lower or to the upper one."""
    term = make_term("latent", ("beta", "alpha"), outcomes=("beta",))
    program = make_program(alpha=declare("alpha", lower=0, upper=1), terms=(term,))
    newton = NewtonResult(np.zeros(3), np.zeros(3), 0.0, np.eye(3), np.ones(3), True)
    candidate = Candidate(LogDensity(ChosenDensity(), JOB, False), make_curvature(np.zeros(3)), newton)
    reason = convergence._explain_bound(candidate, program, 0, sign)
    assert ("approaches its lower bound, 0" if is_collapse else "approaches its upper bound, 1") in reason
    assert ("The effects" in reason) is is_collapse


def test_a_saddle_is_named(find_problem):
    """alpha curves upwards at 0 but is bounded by its fourth power; the start is exactly on the saddle."""
    reason = find_problem(
        lambda point: with_normal_rest(0.5 * point[0] ** 2, point[0], point), ends=((0.0, 0.0, 0.0),)
    )
    assert "saddle" in reason
    assert "`alpha`" in reason


def test_a_point_where_nothing_is_finite_is_not_a_mode(find_problem):
    def broken(point):
        return (0.0, point) if (point == (0.1, 0.2, 0.3)).all() else (np.nan, point)

    assert "curvature is not finite" in find_problem(broken)


def test_a_rise_that_only_overflow_ends_is_a_rise(find_problem):
    """Beyond -700 the density cannot be evaluated: exp(-alpha) is not a double any more."""

    def steady(point):
        return with_normal_rest(np.nan if point[0] < -700 else -point[0], -1.0, point)

    assert "no maximum: it keeps rising along `alpha`" in find_problem(steady, ends=((-700.0, 0.0, 0.0),))


def test_an_edge_of_the_support_is_not_a_rise_without_limit(find_problem):
    """A parabola around -1200, cut off at -700: its slope falls, so it does not rise for ever."""

    def cut(point):
        away = point - np.array([-1200.0, 0.0, 0.0])
        return (np.nan if point[0] < -700 else -0.5e-4 * away @ away), -1e-4 * away

    assert "curvature is not finite" in find_problem(cut, ends=((-700.0, 0.0, 0.0),))


def test_a_point_short_of_the_maximum_says_what_a_step_would_gain():
    """At a distance of 0.1 from the maximum of a standard normal a Newton step gains 0.1^2 / 2 nats."""
    target = LogDensity(ChosenDensity(density=lambda point: (-0.5 * point @ point, -point)), JOB, False)
    found = maximise(target, np.zeros(3), np.ones(3))
    point = np.array([0.1, 0.0, 0.0])
    newton = replace(found, point=point, gradient=-point, is_converged=False)
    reason = explain_failure(Candidate(target, make_curvature(point), newton), make_program())
    assert reason == "the optimiser stopped too early: a Newton step would still gain 0.005 nats."


@pytest.mark.parametrize(
    ("declaration", "value", "is_reached"),
    [
        (declare("alpha", lower=0), 0.0, True),
        (declare("alpha", lower=0), 1e-12, False),
        (declare("alpha", upper=2.5), 2.5, True),
        (declare("alpha"), 0.0, False),
        (declare("alpha", "simplex", 2), 0.0, True),
        (declare("alpha", "positive_ordered", 2), 0.0, True),
    ],
)
def test_a_value_exactly_on_its_bound_is_named(declaration, value, is_reached):
    name = "alpha[1]" if declaration.sizes else "alpha"
    reason = explain_bound_reached([("other", 0.0), (name, value)], make_program(alpha=declaration))
    assert (f"`{name}` to its bound" in reason) is is_reached


def test_dimensions_that_are_transforms_are_constrained():
    members = (declare("pair.1"), declare("pair.2", upper=1))
    pair = replace(declare("pair", "tuple"), members=members)
    program = make_program(parameters=(declare("a"), declare("b", "vector", 2, lower=0), pair))
    names = ("a", "b[1]", "b[2]", "pair.1", "pair.2")
    curvature = make_curvature(np.zeros(5), names=names, is_log=(False,) * 5)
    assert find_constrained_dimensions(curvature, program).tolist() == [False, True, True, False, True]


def test_the_first_element_of_an_ordered_vector_and_the_corners_of_a_covariance_are_free():
    program = make_program(
        parameters=(
            declare("c", "ordered", 2),
            declare("p", "positive_ordered", 2),
            declare("S", "cov_matrix", 2),
        )
    )
    names = ("c[1]", "c[2]", "p[1]", "p[2]", "S[1]", "S[2]", "S[3]")
    curvature = make_curvature(np.zeros(7), names=names, is_log=(False,) * 7)
    expected = [False, True, True, True, True, False, True]
    assert find_constrained_dimensions(curvature, program).tolist() == expected


def test_only_a_parameter_that_scales_effects_is_said_to(program_from):
    models = ROOT / "tests" / "models"
    mixture, schools = (
        program_from((models / f"{name}.stan").read_text()) for name in ("spike_and_slab", "schools_centred")
    )
    assert not convergence._scales_effects(mixture, "weight")
    assert convergence._scales_effects(schools, "tau")


def test_which_way_a_bound_lies_and_how_it_is_named():
    """Stan maps one bound, upper or lower, to minus infinity, and two to both ends."""
    program = make_program(
        parameters=(
            declare("b", lower=0),
            declare("c", lower=0, upper=make_expression(1)),
            declare("d", upper=3),
            declare("mu", "ordered", 2),
        )
    )
    cases = {("b", -1): "its lower bound, 0", ("c", -1): "its lower bound, 0", ("c", 1): "its upper bound, 1",
             ("d", -1): "its upper bound, 3", ("mu[2]", -1): "`mu[1]`"}  # fmt: skip
    for (name, sign), bound in cases.items():
        assert convergence._leads_to_bound(program, name, sign)
        assert convergence._describe_bound(program, name, sign) == bound
    assert not any(convergence._leads_to_bound(program, name, 1) for name in ("b", "d", "mu[2]"))


def test_a_parameter_that_runs_to_its_upper_bound_from_below_the_middle_is_said_to_go_up(find_problem):
    """rho = logistic(u), and the density -exp(-u) / 1000 rises for ever although u starts below 0."""

    def rising(point):
        slope = 1e-3 * np.exp(-point[0])
        return with_normal_rest(-slope, slope, point)

    program = make_program(alpha=declare("alpha", lower=0, upper=1))
    assert "approaches its upper bound, 1" in find_problem(rising, program, ends=((-0.5, 0.2, 0.3),))


def test_a_scale_that_collapses_is_named_before_what_it_makes_flat(find_problem):
    """Far out, at sigma = exp(-20), the density rises as sigma falls, and the rest is flat."""
    reason = find_problem(
        lambda point: (-2 * point[0], np.array([-2.0, 0.0, 0.0])),
        POSITIVE,
        is_log=IS_LOG,
        ends=((-20.0, 0.2, 0.3),),
    )
    assert "`alpha` (last value 2.06e-09) approaches its lower bound, 0" in reason
    assert "combination" not in reason


def test_where_a_scale_collapses_at_a_value_of_the_data_both_are_named():
    newton = NewtonResult(np.array([-20.0, 76.0, 0.0]), np.zeros(3), 0.0, np.eye(3), -np.ones(3), False)
    curvature = make_curvature((-20.0, 76.0, 0.0), is_log=IS_LOG)
    candidate = Candidate(LogDensity(ChosenDensity(), JOB, False), curvature, newton, {"y": [70.0, 76.0]})
    reason = explain_failure(candidate, POSITIVE)
    assert "as `alpha`" in reason
    assert "`beta[1]` has settled on a value of `y`, 76" in reason
    assert "settled" not in explain_failure(replace(candidate, data={"y": [70.0, 75.0]}), POSITIVE)


def test_a_point_from_which_the_density_rises_is_not_a_mode():
    """alpha^2 - alpha^4 has a minimum at 0, whatever the curvature was said to be."""

    def double_well(point):
        return with_normal_rest(point[0] ** 2 - point[0] ** 4, 2 * point[0] - 4 * point[0] ** 3, point)

    target = LogDensity(ChosenDensity(density=double_well), JOB, False)
    newton = NewtonResult(np.zeros(3), np.zeros(3), 0.0, np.diag([2.0, 1.0, 1.0]), np.ones(3), True)
    candidate = Candidate(target, make_curvature(np.zeros(3)), newton)
    assert "still rises beside the point, mostly along `alpha`" in explain_failure(candidate, make_program())


def test_a_value_that_only_doubles_tell_from_its_bound_is_on_it():
    """A beta density without a limit at 0 took `theta` to 3e-285, where Stan reports no curvature."""
    program = make_program(alpha=declare("alpha", lower=0), beta=declare("beta", "vector", 2))
    reached = explain_bound_reached([("alpha", 2.6e-285)], program)
    assert "`alpha` to its bound, 2.6e-285" in reached
    assert explain_bound_reached([("alpha", 1e-20)], program) == ""
    assert explain_bound_reached([("beta[1]", 2.6e-285)], program) == ""


def test_equal_elements_of_an_ordered_vector_are_an_edge():
    program = make_program(alpha=declare("alpha", "ordered", 2))
    equal = explain_bound_reached([("alpha[1]", 70.9), ("alpha[2]", 70.9)], program)
    assert "where `alpha[1]` and `alpha[2]` are equal (70.9): that is not a mode" in equal
    assert explain_bound_reached([("alpha[1]", 70.9), ("alpha[2]", 71.0)], program) == ""


def test_a_curvature_that_is_noise_makes_no_mode(find_problem):
    """The gradients of a solver ripple by 1e-6: differences give a standard error, but nothing falls."""

    def level(point):
        ripple = 1e-9 * np.cos(1e3 * point[0])
        return with_normal_rest(ripple, -1e-6 * np.sin(1e3 * point[0]), point)

    target = LogDensity(ChosenDensity(density=level), JOB, False)
    at = np.array([29.0, 0.0, 0.0])
    newton = NewtonResult(at, np.zeros(3), 0.0, np.diag([4.0, 1.0, 1.0]), np.ones(3), True)
    candidate = Candidate(target, make_curvature(at, is_log=IS_LOG), newton)
    assert "flat or still rising along `alpha` (last value 3.93e+12)" in explain_failure(candidate, POSITIVE)
    near = replace(newton, point=np.zeros(3))
    candidate = Candidate(target, make_curvature(np.zeros(3)), near)
    assert "flat or still rising along `alpha`" in explain_failure(candidate, make_program())
    normal = LogDensity(ChosenDensity(density=lambda point: (-0.5 * point @ point, -point)), JOB, False)
    fitting = replace(near, directions=np.eye(3))
    candidate = Candidate(normal, make_curvature(np.zeros(3)), fitting)
    assert explain_failure(candidate, make_program()) == ""


def test_effects_that_shrink_while_their_scale_grows_are_said_to(find_problem):
    """As u grows and b shrinks the fit of exp(u) b to y stays the same, and -b^2 / 2 rises."""
    term = make_term("latent", ("beta",), outcomes=("beta",))
    program = make_program(alpha=declare("alpha", lower=0), terms=(term,))
    outcomes = np.array([30.0, -20.0])

    def noncentred(point):
        scale, effects = np.exp(point[0]), point[1:]
        residuals = outcomes - scale * effects
        value = -0.5 * residuals @ residuals - 0.5 * effects @ effects
        return value, np.array([scale * effects @ residuals, *(scale * residuals - effects)])

    ends = ((4.0, *(outcomes / np.exp(4.0))),)
    reason = find_problem(noncentred, program, is_log=IS_LOG, ends=ends)
    assert "grows and the standardized effects that it multiplies shrink to 0" in reason
    assert "`alpha`" in reason
    collapsed = find_problem(noncentred, program, is_log=IS_LOG, ends=((-20.0, 0.1, 0.1),))
    assert "standardized effects" not in collapsed
    without = find_problem(noncentred, POSITIVE, is_log=IS_LOG, ends=ends)
    assert "standardized effects" not in without


def test_corners_are_not_called_saddles():
    """The gradient jumps beside the point, and Newton's method takes the jump for a curvature."""
    term = make_term("likelihood", ("alpha", "beta"), outcomes=("y",), distribution="skew_double_exponential")
    newton = NewtonResult(np.array([0.1, 3.0, 0.2]), np.ones(3), 0.0, np.eye(3), -np.ones(3), False)
    target = LogDensity(
        ChosenDensity(density=lambda point: (-np.abs(point).sum(), -np.sign(point))), JOB, False
    )
    candidate = Candidate(target, make_curvature(newton.point), newton)
    reason = explain_failure(candidate, make_program(terms=(term,)))
    assert "is not smooth (`skew_double_exponential`)" in reason
    assert "saddle" in explain_failure(candidate, make_program())
