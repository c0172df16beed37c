"""When an optimum counts as one: judged by gradient and curvature, whatever the optimiser said."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from tests.conftest import ROOT
from tests.estimation.conftest import MEANS, MODEL, SDS, TEXT
from tests.estimation.sculpted import Sculpted, sculpted
from workbench.errors import ChainFailed
from workbench.estimation import estimate
from workbench.estimation.optimum import convergence
from workbench.estimation.sampling.importance import estimate_khat
from workbench.methods import Laplace, Map

ONE = (Map(),)
BOTH = (Map(), Map(jacobian=True), Laplace())
PRECISION = np.array([[4.0, 1.0, 0.0], [1.0, 9.0, -2.0], [0.0, -2.0, 1e-6 + 4 / 9 + 1.0]])
CENTRE = np.array([1.0, -2.0, 300.0])


def quadratic(point):
    away = point - CENTRE
    return -0.5 * away @ PRECISION @ away, -PRECISION @ away


@pytest.fixture
def bounded_for(request_for, program_from):
    """The same request for a program whose `alpha` is positive."""
    program = program_from(TEXT.replace("real alpha;", "real<lower=0> alpha;"))
    return lambda methods: replace(request_for(methods), program=program)


def part_of(request_for, backend, methods=ONE, part="map"):
    return estimate(request_for(methods), MODEL, backend).record[part]


def reason_of(request_for, density, **options):
    return part_of(request_for, sculpted(density, **options)).get("reason", "")


def test_a_climb_that_stopped_early_is_finished_to_the_last_digit(request_for):
    """Seven digits of an optimiser become all of them; the line search's complaint is kept, as no failure."""
    found = part_of(request_for, sculpted(quadratic, ends=((0.9, -2.1, 299.0),), converged=False))
    assert found["status"] == "ok"
    values = [found["estimates"][name]["value"] for name in ("alpha", "beta[1]", "beta[2]")]
    np.testing.assert_allclose(values, CENTRE, rtol=1e-12)
    assert {one["status"] for one in found["starts"]} == {"stopped"}
    assert found["starts"][0]["reason"] == "Line search failed"


def test_a_parameter_on_a_log_scale_comes_back_on_its_own(bounded_for):
    """A climb that ends far from the mode is followed through the transform, not along its tangent."""
    found = part_of(
        bounded_for,
        sculpted(quadratic, ends=((-4.0, -2.1, 299.0),), is_log=(True, False, False)),
    )
    assert found["estimates"]["alpha"]["value"] == pytest.approx(np.exp(1.0), rel=1e-9)


def test_another_optimiser_is_tried_and_named(request_for):
    stubborn = frozenset({"lbfgs", "bfgs"})
    found = part_of(request_for, sculpted(quadratic, stubborn=stubborn))
    assert {one["optimizer"] for one in found["starts"]} == {"Newton"}
    assert "L-BFGS failed: lbfgs was told to fail." in found["starts"][0]["reason"]


def test_failed_starts_are_counted_and_all_failing_is_said(request_for):
    stubborn = frozenset({"lbfgs", "bfgs", "newton"})
    found = part_of(request_for, sculpted(quadratic, stubborn=stubborn))
    assert found["status"] == "failed"
    assert found["reason"].startswith("every start failed.")
    assert "newton was told to fail" in found["reason"]


def test_as_many_starts_as_asked_for_each_with_its_own_seed(request_for):
    found = part_of(request_for, sculpted(quadratic), methods=(Map(starts=7),))
    assert len({one["seed"] for one in found["starts"]}) == 7
    assert found["reached"] == 7


@pytest.mark.parametrize(("dimensions", "tried"), [(300, 4), (301, 1)])
def test_among_many_parameters_a_climb_without_an_end_is_not_repeated(request_for, dimensions, tried):
    """The starts that are left out are named with the reason, and do not count as failed."""
    words = "Optimization terminated normally:\n  Maximum number of iterations hit, may not be at an optima"
    backend = sculpted(quadratic, converged=False, words=words, dimensions=dimensions)
    found = part_of(request_for, backend)
    statuses = [one["status"] for one in found["starts"]]
    assert statuses == ["stopped"] * tried + ["skipped"] * (4 - tried)
    assert found["starts"][0]["reason"] == "Maximum number of iterations hit."
    assert found["failed_starts"] == 0
    if tried == 1:
        assert found["starts"][1]["reason"] == (
            "it was not tried: an earlier climb used up all its iterations without an end, which takes long "
            "among more than 300 parameters."
        )


def test_two_modes_are_told_apart_and_counted(request_for):
    """Log of a half-half mixture of normals at alpha = -5 and 5; the second is 3 nats lower."""

    def mixed(point):
        weights = np.array([1.0, np.exp(-3)])
        parts = np.log(weights) - 0.5 * (point[0] - np.array([5.0, -5.0])) ** 2
        height = np.logaddexp(*parts)
        pull = np.exp(parts - height) @ (np.array([5.0, -5.0]) - point[0])
        return height - 0.5 * (point[1:] @ point[1:]), np.array([pull, *-point[1:]])

    ends = tuple((centre, 0.1, 0.1) for centre in (4.9, -4.9, 5.2))
    found = part_of(request_for, sculpted(mixed, ends=ends), (Map(starts=12), Map(True, 12)))
    first, second = found["modes"]
    assert first["log_density"] - second["log_density"] == pytest.approx(3, abs=1e-6)
    assert first["starts"] + second["starts"] == 12
    assert second["distance"] == pytest.approx(10, rel=1e-4)
    assert second["farthest"] == "alpha"
    assert second["estimates"]["alpha"] == pytest.approx(-5, abs=1e-6)
    assert "the density has 2 modes" in found["remark"]
    assert found["distance_in"] == "standard errors at the highest mode"


def test_a_direction_without_curvature_is_named(request_for):
    def flat(point):
        return -0.5 * (point[0] ** 2 + point[2] ** 2), np.array([-point[0], 0.0, -point[2]])

    assert "flat or still rising along `beta[1]`" in reason_of(request_for, flat)


def test_two_parameters_that_only_their_sum_identifies_are_flat(request_for):
    def collinear(point):
        total = point[1] + point[2]
        return -0.5 * (point[0] ** 2 + total**2), -np.array([point[0], total, total])

    reason = reason_of(request_for, collinear)
    assert "along a combination of" in reason
    assert "`beta[1]`" in reason
    assert "`beta[2]`" in reason
    assert "`alpha`" not in reason


def test_a_bounded_parameter_whose_density_rises_for_ever_runs_to_its_edge(bounded_for):
    """alpha = exp(u), and the density rises as u falls: -exp(u)."""

    def edge(point):
        rest = point[1:]
        return -np.exp(point[0]) - 0.5 * rest @ rest, np.array([-np.exp(point[0]), *-rest])

    reason = reason_of(bounded_for, edge, is_log=(True, False, False))
    assert "rises to the edge of the range of `alpha`" in reason


def test_a_bounded_parameter_that_nothing_is_said_about_is_flat_and_runs_nowhere(bounded_for):
    def flat(point):
        return -0.5 * point[1:] @ point[1:], np.array([0.0, *-point[1:]])

    reason = reason_of(bounded_for, flat, is_log=(True, False, False))
    assert "flat or still rising along `alpha`" in reason


def test_an_end_exactly_on_a_bound_is_no_mode(bounded_for):
    """Stan has no curvature there: the unconstrained scale is infinitely far away."""

    class Refusing(Sculpted):
        def laplace(self, job, mode, method, *, jacobian):
            raise ChainFailed("Stan said no.")

    level: dict[str, Any] = {"density": lambda point: (-1.0, np.zeros(3)), "is_log": (True, False, False)}
    found = part_of(bounded_for, Refusing(MEANS, SDS, ends=((-np.inf, 0.0, 0.0),), **level))
    assert "rises to the edge of the range of `alpha` (it had reached 0)." in found["reason"]
    assert part_of(bounded_for, Refusing(MEANS, SDS, ends=((0.1, 0.0, 0.0),), **level))["status"] == "ok"


def test_of_shares_the_smallest_is_named(request_for, program_from):
    """The dimensions of a simplex on the unconstrained scale are not its elements."""
    program = program_from(TEXT.replace("vector[K] beta;", "simplex[K] beta;"))

    def edge(point):
        return -np.exp(-point[1]) - 0.5 * point[[0, 2]] @ point[[0, 2]], np.array(
            [-point[0], np.exp(-point[1]), -point[2]]
        )

    ended = ((0.1, 0.2, 0.15),)
    reason = reason_of(lambda methods: replace(request_for(methods), program=program), edge, ends=ended)
    assert "rises to the edge of the range of `beta[2]` (it had reached 0.15)" in reason


def test_only_what_scales_effects_is_said_to(program_from):
    models = ROOT / "tests" / "models"
    mixture, schools = (
        program_from((models / f"{name}.stan").read_text()) for name in ("spike_and_slab", "schools_centred")
    )
    assert not convergence._scales_effects(mixture, "weight")
    assert convergence._scales_effects(schools, "tau")


def test_a_free_parameter_whose_density_rises_for_ever_is_named(request_for):
    def rising(point):
        rest = point[1:]
        return -np.exp(-point[0]) - 0.5 * rest @ rest, np.array([np.exp(-point[0]), *-rest])

    assert "it keeps rising along `alpha`" in reason_of(request_for, rising)


def test_a_saddle_is_no_mode(request_for):
    def saddle(point):
        return 0.5 * point[0] ** 2 - 0.5 * point[1:] @ point[1:], np.array([point[0], *-point[1:]])

    assert reason_of(request_for, saddle, ends=((0.0, 0.0, 0.0),)) != ""


def test_what_is_not_finite_is_no_mode(request_for):
    def broken(point):
        return (0.0, point) if (point == (0.1, 0.2, 0.3)).all() else (np.nan, point)

    assert "not finite" in reason_of(request_for, broken)


def test_a_rise_that_only_the_range_of_numbers_ends_is_named(request_for):
    """Beyond -700 the density cannot be worked out: exp(alpha) is no number any more."""

    def steady(point):
        rest = point[1:]
        return (np.nan if point[0] < -700 else -point[0]) - 0.5 * rest @ rest, np.array([-1.0, *-rest])

    ended = ((-700.0, 0.0, 0.0),)
    assert "no maximum: it keeps rising along `alpha`" in reason_of(request_for, steady, ends=ended)


def test_an_edge_of_the_support_is_no_rise_without_end(request_for):
    """A parabola around -1200, cut off at -700: its slope falls, so it does not rise for ever."""

    def cut(point):
        away = point - np.array([-1200.0, 0.0, 0.0])
        return (np.nan if point[0] < -700 else -0.5e-4 * away @ away), -1e-4 * away

    assert "not finite" in reason_of(request_for, cut, ends=((-700.0, 0.0, 0.0),))


def test_without_a_mode_there_is_no_approximation_and_the_reason_is_passed_on(request_for):
    def rising(point):
        return point[0] - 0.5 * point[1:] @ point[1:], np.array([1.0, *-point[1:]])

    found = part_of(request_for, sculpted(rising), BOTH, "laplace")
    assert found["status"] == "failed"
    assert "`alpha`" in found["reason"]


@pytest.mark.parametrize("variance", [0.3, 0.5, 0.8])
def test_khat_of_a_normal_approximation_with_too_small_a_variance(variance):
    """Target N(0, 1), approximation N(0, s2) with s2 < 1: the ratio's tail has shape 1 - s2.

    log ratio = x^2 (1/s2 - 1)/2 + const with x ~ N(0, s2), so P(ratio > r) falls as r^(-1/(1 - s2)).
    """
    rng = np.random.default_rng(20261121)
    khats = []
    for _ in range(20):
        x = rng.normal(0, np.sqrt(variance), 4000)
        khats.append(estimate_khat(stats.norm.logpdf(x) - stats.norm.logpdf(x, scale=np.sqrt(variance))))
    error = np.std(khats, ddof=1) / np.sqrt(len(khats))
    # The estimate shrinks towards 0.5 and converges slowly: allow a tenth besides the Monte Carlo error.
    assert abs(np.mean(khats) - (1 - variance)) < 0.1 + 4 * error


def test_khat_of_a_wider_approximation_is_small():
    """Target N(0, 1), approximation N(0, 4): the ratios are bounded."""
    x = np.random.default_rng(1).normal(0, 2, 4000)
    assert estimate_khat(stats.norm.logpdf(x) - stats.norm.logpdf(x, scale=2)) < 0.3
