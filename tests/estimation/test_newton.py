"""The last digits of a climb."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from workbench.backends import Job
from workbench.backends.fake import FakeBackend
from workbench.estimation.optimum.log_density import LogDensity
from workbench.estimation.optimum.newton import refine

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
    surface = LogDensity(Rounded({}, {}, slopes=iter([1e3 * rest, rest, 0.5 * rest])), JOB, jacobian=True)
    assert refine(surface, np.zeros(1), -np.eye(1)).is_settled is is_settled


def test_a_step_that_changes_no_slope_settles_nothing():
    """The curvature is that of far away: here, as where data are separated, the density goes on rising."""
    surface = LogDensity(Rounded({}, {}, slopes=itertools.repeat(1e-8)), JOB, jacobian=True)
    assert not refine(surface, np.zeros(1), -np.eye(1)).is_settled
