"""The last digits of a climb."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from scipy import special

from workbench.backends import Job
from workbench.backends.fake import FakeBackend
from workbench.estimation.newton import settle
from workbench.estimation.surface import Surface

JOB = Job(Path("model"), Path("data.json"), Path("scratch"), 1)


@dataclass(frozen=True)
class Rounded(FakeBackend):
    """A parabola whose gradient, from the second point on, is rounding: it no longer shrinks as it should."""

    slopes: Iterator[float] = field(default_factory=lambda: iter(()))

    def log_density(self, job, at, *, jacobian):
        return np.zeros(len(at)), np.full(at.shape, next(self.slopes))


@pytest.mark.parametrize(("rest", "is_settled"), [(1e-12, True), (1e-3, False)])
def test_steps_as_small_as_rounding_need_not_shrink(rest, is_settled):
    """In standard deviations: steps of 1e-12 are the end of a climb, such of 1e-3 are not."""
    surface = Surface(Rounded({}, {}, slopes=iter([1e3 * rest, rest, 0.5 * rest])), JOB, jacobian=True)
    assert settle(surface, np.zeros(1), -np.eye(1)).is_settled is is_settled


@dataclass(frozen=True)
class Separated(FakeBackend):
    """A logistic regression whose outcome is 1 where x is positive."""

    def log_density(self, job, at, *, jacobian):
        x, z = np.array([-2.0, -1.0, 1.0, 2.0]), np.array([0.0, 0.0, 1.0, 1.0])
        eta = at[:, :1] + at[:, 1:] * x
        away = np.where(z == 1, special.expit(-eta), -special.expit(eta))
        heights = -np.logaddexp(0, np.where(z == 1, -eta, eta)).sum(axis=1)
        return heights, np.column_stack([away.sum(axis=1), away @ x])


def test_a_step_that_changes_no_slope_settles_nothing():
    """The curvature is that of far away, where the density is steep: here it is nearly flat, and rises."""
    surface = Surface(Separated({}, {}), JOB, jacobian=False)
    point = np.array([0.14486793, 20.71561647])  # where a climb of the separated likelihood stops
    assert not settle(surface, point, -0.023 * np.eye(2)).is_settled
