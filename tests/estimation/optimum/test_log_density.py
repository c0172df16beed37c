"""The log density at many points: batches, rejected points, and the continuation beyond breakpoints."""

from dataclasses import dataclass, field

import numpy as np

from tests.estimation.chosen_density import ChosenDensity
from tests.estimation.minimal import JOB
from workbench.backends.fake import FakeBackend
from workbench.errors import ChainFailed
from workbench.estimation.optimum import log_density
from workbench.estimation.optimum.log_density import Breakpoints, LogDensity, evaluate


@dataclass(frozen=True)
class Counting(FakeBackend):
    """A standard normal that rejects calls with a negative first coordinate; it counts points."""

    sizes: list[int] = field(default_factory=list)

    def log_density(self, job, at, *, jacobian):
        self.sizes.append(len(at))
        if (at[:, 0] < 0).any():
            raise ChainFailed("rejected.")
        return super().log_density(job, at, jacobian=jacobian)


def make_counting():
    return Counting({"a": 0.0, "b": 0.0}, {"a": 1.0, "b": 1.0})


def test_one_rejected_point_does_not_cost_the_others():
    points = np.array([[1.0, 0.0], [-1.0, 0.0], [2.0, 1.0], [3.0, 0.0], [-2.0, 0.0]])
    values, gradients = evaluate(LogDensity(make_counting(), JOB, False), points)
    np.testing.assert_allclose(values, [-0.5, -np.inf, -2.5, -4.5, -np.inf])
    assert np.isnan(gradients[[1, 4]]).all()
    np.testing.assert_allclose(gradients[[0, 2, 3]], -points[[0, 2, 3]])


def test_points_are_sent_in_batches(monkeypatch):
    monkeypatch.setattr(log_density, "_BATCH_SIZE", 20)
    backend = make_counting()
    values, gradients = evaluate(LogDensity(backend, JOB, False), np.ones((25, 2)))
    assert backend.sizes == [10, 10, 5]
    assert values.shape == (25,)
    assert gradients.shape == (25, 2)


def test_a_value_that_is_not_finite_counts_as_rejected():
    backend = ChosenDensity(density=lambda point: (np.inf, point * 0))
    values, gradients = evaluate(LogDensity(backend, JOB, False), np.zeros((1, 3)))
    assert values.tolist() == [-np.inf]
    assert np.isnan(gradients).all()


def test_beyond_a_breakpoint_the_piece_of_its_side_goes_on():
    """-|x - 1|, continued from above, is 1 - x; from below, x - 1; held at the breakpoint, 0."""

    def kinked(point):
        return -abs(point[0] - 1), np.array([-np.sign(point[0] - 1)])

    points = np.array([[-2.0], [0.5], [3.0]])
    for side, value, slope in ((1.0, 1 - points, -1.0), (-1.0, points - 1, 1.0), (0.0, 0 * points, 0.0)):
        breakpoints = Breakpoints(np.array([1.0]), np.array([1.0]), np.array([side]))
        target = LogDensity(ChosenDensity(density=kinked), JOB, False, breakpoints)
        values, gradients = evaluate(target, points)
        np.testing.assert_allclose(values, value[:, 0])
        np.testing.assert_allclose(gradients, slope)


def test_dimensions_without_a_breakpoint_are_left_as_they_are():
    backend = ChosenDensity(density=lambda point: (-0.5 * point @ point, -point))
    none = np.full(3, np.nan)
    breakpoints = Breakpoints(none, none, np.ones(3))
    assert not breakpoints.is_present.any()
    points = np.arange(6.0).reshape(2, 3)
    plain = evaluate(LogDensity(backend, JOB, False), points)
    with_none = evaluate(LogDensity(backend, JOB, False, breakpoints), points)
    for values, expected in zip(with_none, plain, strict=True):
        np.testing.assert_array_equal(values, expected)
