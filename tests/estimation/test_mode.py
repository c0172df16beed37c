"""When an optimum counts as one: judged by gradient and curvature, whatever the optimiser said."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy import stats

from tests.estimation.conftest import MEANS, MODEL, SDS
from workbench.backends.base import Curvature
from workbench.backends.fake import FakeBackend
from workbench.estimation import fit
from workbench.estimation.laplace import pareto_khat
from workbench.estimation.mode import standard_errors


@dataclass(frozen=True)
class Bent(FakeBackend):
    """A backend whose curvature can be chosen."""

    bend: Callable[[Curvature], Curvature] = lambda curvature: curvature

    def laplace(self, job, mode, method, *, jacobian):
        run = super().laplace(job, mode, method, jacobian=jacobian)
        assert run.curvature is not None
        return replace(run, curvature=self.bend(run.curvature))


def reason_of(request_for, curvature):
    return fit(request_for(), MODEL, Bent(MEANS, SDS, bend=curvature)).record["map"].get("reason", "")


def test_a_point_with_a_small_decrement_is_a_mode_even_where_the_line_search_gave_up(request_for):
    assert reason_of(request_for, lambda c: replace(c, gradient=c.gradient + 1e-5)) == ""


def test_a_point_where_a_newton_step_would_still_gain_is_not(request_for):
    """Gradient 1 and curvature -100 in `alpha` alone: half of 1 * 1/100 * 1 nats are missing."""

    def steep(curvature):
        return replace(curvature, gradient=np.eye(1, len(curvature.gradient))[0])

    assert "stopped 0.005 nats below" in reason_of(request_for, steep)


def test_a_direction_without_curvature_is_named(request_for):
    def flat(curvature):
        hessian = curvature.hessian.copy()
        hessian[1, 1] = 0.0
        return replace(curvature, hessian=hessian)

    assert "flat or still rising along `beta[1]`" in reason_of(request_for, flat)


def test_two_parameters_that_only_their_sum_identifies_are_flat(request_for):
    def collinear(curvature):
        hessian = -np.eye(len(curvature.gradient))
        hessian[1, 2] = hessian[2, 1] = -1.0
        return replace(curvature, hessian=hessian)

    assert "flat or still rising along `beta[" in reason_of(request_for, collinear)


def test_a_bounded_parameter_with_no_curvature_left_runs_to_its_edge(request_for):
    def edge(curvature):
        hessian, jacobian = curvature.hessian.copy(), curvature.constrain_jacobian.copy()
        hessian[0, 0], jacobian[0, 0] = -1e-9, 1e-6
        return replace(curvature, hessian=hessian, constrain_jacobian=jacobian)

    reason = reason_of(request_for, edge)
    assert "rises to the edge of the range of `alpha` (it had reached 1)" in reason


def test_curvature_that_is_not_finite_is_no_mode(request_for):
    assert "not finite" in reason_of(request_for, lambda c: replace(c, hessian=c.hessian * np.nan))


def test_standard_errors_by_the_delta_method():
    """sigma = exp(u) with Var(u) = 1/(2n) at n = 50: the textbook's sd(sigma) = sigma / sqrt(2n)."""
    curvature = Curvature(
        0.0, np.zeros(1), np.array([[-100.0]]), ("sigma",), ("sigma", "variance"), np.array([[3.0], [18.0]])
    )
    errors = standard_errors(curvature)
    assert errors["sigma"] == pytest.approx(3.0 / np.sqrt(2 * 50))
    assert errors["variance"] == pytest.approx(18.0 / np.sqrt(2 * 50))


@pytest.mark.parametrize("variance", [0.3, 0.5, 0.8])
def test_khat_of_a_normal_approximation_with_too_small_a_variance(variance):
    """Target N(0, 1), approximation N(0, s2) with s2 < 1: the ratio's tail has shape 1 - s2.

    log ratio = x^2 (1/s2 - 1)/2 + const with x ~ N(0, s2), so P(ratio > r) falls as r^(-1/(1 - s2)).
    """
    rng = np.random.default_rng(20261121)
    khats = []
    for _ in range(20):
        x = rng.normal(0, np.sqrt(variance), 4000)
        khats.append(pareto_khat(stats.norm.logpdf(x) - stats.norm.logpdf(x, scale=np.sqrt(variance))))
    error = np.std(khats, ddof=1) / np.sqrt(len(khats))
    # The estimate shrinks towards 0.5 and converges slowly: allow a tenth besides the Monte Carlo error.
    assert abs(np.mean(khats) - (1 - variance)) < 0.1 + 4 * error


def test_khat_of_a_wider_approximation_is_small():
    """Target N(0, 1), approximation N(0, 4): the ratios are bounded."""
    x = np.random.default_rng(1).normal(0, 2, 4000)
    assert pareto_khat(stats.norm.logpdf(x) - stats.norm.logpdf(x, scale=2)) < 0.3
