"""The search for optima: the last digit of each, the starts that share one, whatever the optimiser said."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from tests.estimation.chosen_density import ChosenDensity
from tests.estimation.minimal import declare, make_context, make_curvature, make_program, make_run
from workbench.backends import Start
from workbench.backends.base import DEFAULT_START
from workbench.errors import ChainFailed
from workbench.estimation.optimum.map import find_map
from workbench.estimation.optimum.newton import NewtonResult
from workbench.estimation.optimum.search import (
    CURVATURE_ONLY,
    KnownPoint,
    Optimum,
    compute_log_mass,
    compute_standard_errors,
    find_optima,
    measure_distance,
)
from workbench.estimation.sampling.laplace import run_laplace
from workbench.methods import Laplace, Map

PRECISION = np.array([[4.0, 1.0, 0.0], [1.0, 9.0, -2.0], [0.0, -2.0, 1e-6 + 4 / 9 + 1.0]])
CENTRE = np.array([1.0, -2.0, 300.0])

ALL_ALGORITHMS = frozenset({"lbfgs", "bfgs", "newton"})


def quadratic(point):
    away = point - CENTRE
    return -0.5 * away @ PRECISION @ away, -PRECISION @ away


@pytest.fixture
def search(tmp_path):
    """Search the optima of a density for a program of three parameters."""

    def run(density=quadratic, *, starts=4, laplace=CURVATURE_ONLY, program=None, backend=None, **fields):
        backend = backend or ChosenDensity(density=density, **fields)
        context = make_context(backend, tmp_path, program)
        return find_optima(context, "map", jacobian=False, prior_weight=1.0, starts=starts, laplace=laplace)

    return run


def test_an_optimum_is_found_to_the_last_digit(search):
    """Of an optimiser that stopped early: the message of its line search is kept, and is not a failure."""
    found = search(ends=((0.9, -2.1, 299.0),), converged=False)
    assert found.problem == ""
    np.testing.assert_allclose(list(found.best.values.values()), CENTRE, rtol=1e-12)
    assert {start.status for start in found.starts} == {"stopped"}
    assert found.starts[0].reason == "Line search failed"


def test_standard_errors_are_those_of_the_inverse_hessian(search):
    errors = compute_standard_errors(search(ends=((0.9, -2.1, 299.0),)).best)
    np.testing.assert_allclose(list(errors.values()), np.sqrt(np.diag(np.linalg.inv(PRECISION))), rtol=1e-6)


def test_a_parameter_on_a_log_scale_is_returned_on_its_own(search):
    """An end far from the mode is moved through the transform, not along its tangent."""
    program = make_program(alpha=declare("alpha", lower=0))
    found = search(program=program, ends=((-4.0, -2.1, 299.0),), is_log=(True, False, False))
    assert found.best.values["alpha"] == pytest.approx(np.exp(1.0), rel=1e-9)
    sd = np.sqrt(np.linalg.inv(PRECISION)[0, 0])
    assert compute_standard_errors(found.best)["alpha"] == pytest.approx(np.exp(1.0) * sd, rel=1e-6)


def test_if_every_start_fails_the_error_has_the_last_message(search):
    with pytest.raises(ChainFailed, match=r"every start failed\. .*newton was told to fail"):
        search(failing_algorithms=ALL_ALGORITHMS)


def test_all_starts_that_end_at_one_optimum_are_counted_there(search):
    found = search(starts=7, ends=((0.9, -2.1, 299.0), (1.1, -1.9, 301.0)))
    assert len(found.starts) == 7
    assert [optimum.start_count for optimum in found.optima] == [7]
    assert found.facts["reached"] == 7


def mixture(point):
    """Log of a mixture of normals at alpha = -5 and 5; the first is 3 nats lower."""
    centres = np.array([5.0, -5.0])
    logs = np.array([0.0, -3.0]) - 0.5 * (point[0] - centres) ** 2
    value = np.logaddexp(*logs)
    pull = np.exp(logs - value) @ (centres - point[0])
    return value - 0.5 * (point[1:] @ point[1:]), np.array([pull, *-point[1:]])


ENDS = tuple((centre, 0.1, 0.1) for centre in (4.9, -4.9, 5.2))


def test_two_modes_are_distinguished_and_the_highest_is_first(search):
    highest, other = search(mixture, starts=12, ends=ENDS).optima
    assert highest.log_density - other.log_density == pytest.approx(3, abs=1e-6)
    assert highest.start_count + other.start_count == 12
    assert other.values["alpha"] == pytest.approx(-5, abs=1e-6)


def twins(point):
    """Log of two normals of the same height at alpha = -5 and 5."""
    centres = np.array([5.0, -5.0])
    logs = -0.5 * (point[0] - centres) ** 2
    value = np.logaddexp(*logs)
    return value - 0.5 * (point[1:] @ point[1:]), np.array(
        [np.exp(logs - value) @ (centres - point[0]), *-point[1:]]
    )


def test_equal_maxima_are_said_to_be_equal_and_how_they_mirror_each_other(search):
    found = search(twins, starts=12, ends=((4.9, 0.0, 0.0), (-4.9, 0.0, 0.0)))
    assert len(found.facts["equal_maxima"]) == 2
    assert "at least 2 maxima are equally high: they differ in the sign of `alpha`" in found.facts["remark"]
    assert "equal_maxima" not in search(mixture, starts=12, ends=ENDS).facts


def test_the_mass_of_a_mode_is_the_integral_of_its_normal_approximation(search):
    """A normal density of height 1 with precision P: (2 pi)^(3/2) / sqrt(det P)."""
    mass = compute_log_mass(search(ends=((0.9, -2.1, 299.0),)).best)
    assert mass == pytest.approx(1.5 * np.log(2 * np.pi) - 0.5 * np.linalg.slogdet(PRECISION)[1], abs=1e-6)


def test_the_record_lists_the_modes_with_their_distance(tmp_path):
    context = make_context(ChosenDensity(density=mixture, ends=ENDS), tmp_path)
    result, _ = find_map(context, Map(starts=12), CURVATURE_ONLY)
    first, second = result.facts["modes"]
    assert (first["distance"], first["farthest"]) == (0.0, None)
    assert second["distance"] == pytest.approx(10, rel=1e-4)
    assert second["farthest"] == "alpha"
    assert result.facts["distance_in"] == "standard errors at the highest mode"
    assert "at least 2 modes" in result.facts["remark"]


def test_a_known_point_is_the_only_start(tmp_path):
    context = make_context(ChosenDensity(density=quadratic), tmp_path)
    start = Start(({"alpha": 0.1, "beta": [0.2, 0.3]},))
    found = find_optima(
        context, "map", jacobian=False, prior_weight=1.0, starts=4, laplace=CURVATURE_ONLY, at=start
    )
    assert len(found.starts) == 1


def test_a_density_with_a_breakpoint_holds_the_parameter_there(search):
    """A lasso: |alpha| outweighs the pull of the rest, so the mode has alpha = 0 exactly."""

    def lasso(point):
        pull = np.array([0.5, 0.0, 0.0])
        value = pull @ point - abs(point[0]) - 0.5 * point @ point
        return value, pull - point - np.array([np.sign(point[0]), 0.0, 0.0])

    program = make_program(source="model { alpha ~ double_exponential(0, 1); }")
    found = search(lasso, program=program)
    assert found.problem == ""
    assert found.best.held == ("alpha",)
    assert found.best.values["alpha"] == 0.0


@dataclass(frozen=True)
class Refusing(ChosenDensity):
    """A backend whose Laplace method fails: always, or only if more draws than these are requested."""

    most_draws: int = 0

    def laplace(self, job, mode, method, *, jacobian):
        if method.draws > self.most_draws:
            raise ChainFailed("Stan said no.")
        return super().laplace(job, mode, method, jacobian=jacobian)


def test_an_end_exactly_on_a_bound_is_not_a_mode(search):
    """Stan reports no curvature there: the unconstrained scale is infinitely far away."""
    program = make_program(alpha=declare("alpha", lower=0))
    backend = Refusing(density=lambda point: (-1.0, np.zeros(3)), is_log=(True, False, False))
    found = search(program=program, backend=replace(backend, ends=((-np.inf, 0.0, 0.0),)))
    assert "`alpha` to its bound, 0" in found.problem


def test_a_point_without_curvature_is_said_to_be_unchecked(search):
    """It may be a saddle: an optimiser stops there as it does at a maximum."""
    found = search(backend=Refusing(density=lambda point: (-1.0, np.zeros(3))))
    assert found.problem == ""
    assert "the point may be no maximum" in found.facts["remark"]
    assert "remark" not in search(quadratic).facts


@dataclass(frozen=True)
class RefusingBelow(ChosenDensity):
    """A backend whose Laplace method fails where alpha is negative."""

    def laplace(self, job, mode, method, *, jacobian):
        if mode.draws[0, 0, 0] < 0:
            raise ChainFailed("Stan said no.")
        return super().laplace(job, mode, method, jacobian=jacobian)


def test_beside_a_mode_an_unchecked_point_is_not_counted_as_another(search):
    found = search(backend=RefusingBelow(density=mixture, ends=((4.9, 0.1, 0.1), (-5.0, 0.0, 0.0))), starts=6)
    assert [optimum.problem == "" for optimum in found.optima] == [True, False]
    assert "may be no maximum" in found.optima[1].problem


@dataclass(frozen=True)
class RefusingOutside(ChosenDensity):
    """A backend that refuses values outside the support, as of an indefinite covariance matrix."""

    is_closed: bool = False

    def laplace(self, job, mode, method, *, jacobian):
        alpha = mode.draws[0, 0, 0]
        if alpha <= 0 or (self.is_closed and alpha < np.exp(3.9)):
            raise ChainFailed("Stan said no.")
        return super().laplace(job, mode, method, jacobian=jacobian)


def test_a_tangent_that_leaves_the_support_is_shortened(search):
    """The tangent from alpha = exp(4) to exp(1) leads below 0: such a point was reported as a mode."""
    backend = RefusingOutside(
        density=quadratic, ends=((1.1, -2.1, 299.0), (4.0, -2.1, 299.0)), is_log=(True, False, False)
    )
    found = search(backend=backend, starts=6)
    assert [optimum.start_count for optimum in found.optima] == [6]
    alone = search(backend=replace(backend, ends=((4.0, -2.1, 299.0),)))
    assert alone.best.values["alpha"] == pytest.approx(np.exp(1.0), rel=1e-9)
    closed = search(backend=replace(backend, ends=((4.0, -2.1, 299.0),), is_closed=True))
    assert "Stan refuses the values on the way" in closed.problem
    assert closed.best.values["alpha"] > 0


def collapse(point):
    """A mode at alpha = 0, and a density that grows without limit beyond alpha = -8."""
    value = -0.5 * point @ point
    slope = -point
    if point[0] < -8:
        value, slope = value + 50 * (point[0] + 8) ** 2, slope + np.array([100 * (point[0] + 8), 0, 0])
    return value, slope


def test_where_the_highest_point_is_no_maximum_the_highest_inside_is_offered(search):
    program = make_program(alpha=declare("alpha", lower=0))
    ends = ((-20.0, 0.1, 0.1), (0.3, 0.1, 0.1))
    found = search(collapse, program=program, starts=6, ends=ends, is_log=(True, False, False))
    assert "`alpha` (last value 2.06e-09) approaches its lower bound, 0" in found.problem
    inside = found.facts["local_maximum"]
    assert inside["estimates"]["alpha"] == pytest.approx(1.0)
    assert 0 < inside["starts"] < 6
    assert "is only a local one, of log density -0.00: `alpha` = 1" in found.facts["remark"]
    assert "local_maximum" not in search(quadratic).facts


@dataclass(frozen=True)
class Startable(ChosenDensity):
    """A backend whose optimiser, from a given start, stays there; or fails there."""

    is_failing: bool = False

    def optimize(self, job, *, jacobian, algorithm="lbfgs", start=DEFAULT_START):
        if not start.inits:
            return super().optimize(job, jacobian=jacobian, algorithm=algorithm)
        if self.is_failing:
            raise ChainFailed("Stan said no.")
        (values,) = start.inits
        declared = np.array([values["alpha"], *values["beta"]])
        free = np.where(self.is_log, np.log(np.where(self.is_log, declared, 1.0)), declared)
        return make_run(declared, self.density(free)[0])


def trap(point):
    """A mode at u = log(alpha) = 0.5 of height 0, and a shelf 60 nats lower that rises towards alpha = 0."""
    logs = np.array([-0.5 * (point[0] - 0.5) ** 2, -60 - np.exp(point[0])])
    slopes = np.array([0.5 - point[0], -np.exp(point[0])])
    value = np.logaddexp(*logs)
    return value - 0.5 * point[1:] @ point[1:], np.array([np.exp(logs - value) @ slopes, *-point[1:]])


def search_trap(tmp_path, known_at, *, is_failing=False):
    """Search the density whose every random start ends near alpha = 0, with a known point."""
    is_log = (True, False, False)
    backend = Startable(density=trap, ends=((-21.0, 0.0, 0.0),), is_log=is_log, is_failing=is_failing)
    context = make_context(backend, tmp_path, make_program(alpha=declare("alpha", lower=0)))
    point = np.array([known_at, 0.1, -0.1])
    start = Start(({"alpha": np.exp(known_at), "beta": [0.1, -0.1]},))
    known = KnownPoint(point, make_run([np.exp(known_at), 0.1, -0.1]), start)
    return find_optima(
        context, "map", jacobian=False, prior_weight=1.0, starts=4, laplace=CURVATURE_ONLY, known=known
    )


@pytest.mark.parametrize("is_failing", [False, True])
def test_where_every_start_ends_below_a_known_point_the_mode_near_that_is_found(tmp_path, is_failing):
    """A scale that every start takes to 0, where the log density is 60 nats below its mode."""
    found = search_trap(tmp_path, 0.2, is_failing=is_failing)
    assert found.problem == ""
    assert found.best.values["alpha"] == pytest.approx(np.exp(0.5), rel=1e-9)
    assert found.best.log_density == pytest.approx(0.0, abs=1e-9)
    origins = [start.get("origin") for start in found.facts["starts"]]
    assert origins == [None] * 4 + ["the mode of a related density"]
    assert found.facts["reached"] == 1


def test_a_known_point_below_the_ends_of_the_starts_changes_nothing(tmp_path):
    found = search_trap(tmp_path, -30.0)
    assert "approaches its lower bound, 0" in found.problem
    assert len(found.starts) == 4


@pytest.mark.parametrize(("height", "is_level"), [(1e-3, True), (1.0, False)])
def test_where_all_starts_agree_on_a_point_level_with_the_edge_it_is_said_to_be_level(
    search, height, is_level
):
    """-h exp(-u) rises by h in all from u = 0 to the edge."""

    def rising(point):
        slope = height * np.exp(-point[0])
        return -slope - 0.5 * point[1:] @ point[1:], np.array([slope, *-point[1:]])

    program = make_program(alpha=declare("alpha", lower=0))
    found = search(rising, program=program, ends=((0.0, 0.0, 0.0),), is_log=(True, False, False))
    assert (
        "all 4 starts stopped near `alpha` = 1, but the log density is practically level" in found.problem
    ) is is_level
    assert ("flat or still rising along `alpha`" in found.problem) is not is_level


def test_a_maximum_with_next_to_no_curvature_is_level_and_not_on_its_way_to_a_bound(search):
    """sech(u / 100) has its maximum at u = 0, and a standard error of 100 on the log scale there."""

    def flat(point):
        value = -np.log(np.cosh(point[0] / 100)) - 0.5 * point[1:] @ point[1:]
        return value, np.array([-np.tanh(point[0] / 100) / 100, *-point[1:]])

    program = make_program(alpha=declare("alpha", lower=0))
    ends = ((0.01, 0.0, 0.0), (0.02, 0.0, 0.0))
    found = search(flat, program=program, ends=ends, is_log=(True, False, False))
    assert "`alpha` = 1.01, but the log density is practically level around it" in found.problem
    assert "bound" not in found.problem


def test_a_search_ends_when_its_evaluations_are_used_up(search, monkeypatch):
    """A valley without end: a search takes no more than its share, and says that it was ended."""

    def rising(point):
        return -np.exp(-1e-3 * point.sum()), 1e-3 * np.exp(-1e-3 * point.sum()) * np.ones(3)

    monkeypatch.setattr("workbench.estimation.optimum.search.FEWEST_SEARCH_EVALUATIONS", 100.0)
    monkeypatch.setattr("workbench.estimation.optimum.search.SEARCH_EVALUATIONS_PER_DRAW", 0.0)
    found = search(rising)
    assert "The search was ended after" in found.problem
    assert found.target.budget.used == 0


def test_where_the_approximation_fails_the_mode_stays_and_the_message_is_passed_on(search, tmp_path):
    backend = Refusing(density=quadratic, most_draws=CURVATURE_ONLY.draws)
    found = search(backend=backend, laplace=Laplace(1000))
    assert found.problem == ""
    assert found.best.approximation is None
    result = run_laplace(make_context(backend, tmp_path), found)
    assert result.status == "failed"
    assert "Stan said no." in result.reason


def make_optimum(point, sds):
    newton = NewtonResult(np.asarray(point), np.zeros(3), 0.0, np.diag(sds), np.ones(3), True)
    return Optimum(make_run(point), make_curvature(point), newton, "")


def test_a_distance_is_in_standard_errors_of_the_parameter_that_is_farthest():
    optimum = make_optimum((0.0, 0.0, 0.0), (1.0, 0.1, 10.0))
    distance, farthest = measure_distance(optimum, make_run((1.0, 0.3, 5.0)))
    assert distance == pytest.approx(3.0)
    assert farthest == "beta[1]"


def test_without_standard_errors_only_equal_densities_are_one_optimum():
    optimum = Optimum(make_run((0, 0, 0), -2.0), None, None, "")
    assert measure_distance(optimum, make_run((1, 1, 1), -2.0)) == (0.0, "")
    assert measure_distance(optimum, make_run((1, 1, 1), -3.0)) == (np.inf, "")
