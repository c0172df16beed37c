"""Gaps between mode and mean: their steps, and the Monte Carlo error of each."""

import math

import numpy as np
import pytest

from workbench.results.gap import compute_gaps
from workbench.results.method_result import MethodResult
from workbench.results.view import Gap

POSTERIOR = {"mean": 1.0, "median": 1.1, "sd": 2.0, "mcse_mean": 0.04, "lower": -3.0, "upper": 5.0}


def gap_of(laplace, posterior=POSTERIOR):
    parts = {
        "nuts": MethodResult("ok", estimates={"a": posterior}),
        "map": MethodResult("ok", estimates={"a": {"value": 0.5}}),
        "map_unconstrained": MethodResult("ok", estimates={"a": {"value": 0.7}}),
        "laplace": MethodResult("ok", estimates={"a": laplace}),
    }
    return compute_gaps(parts)["a"]


def test_each_step_has_the_error_of_the_draws_that_decide_it():
    gap = gap_of({"mean": 0.8, "mcse_mean": 0.03})
    assert gap["jacobian"] + gap["curvature"] + gap["non_gaussian"] == pytest.approx(gap["map_minus_mean"])
    assert gap["map_minus_mean_error"] == 0.04
    assert gap["curvature_error"] == 0.03
    assert gap["non_gaussian_error"] == pytest.approx(0.05)


def test_a_mean_that_is_known_without_draws_has_no_error():
    gap = gap_of({"mean": 0.8, "mcse_mean": 0.03, "exact_mean": 0.7})
    assert gap["curvature"] == gap["curvature_error"] == 0
    assert gap["non_gaussian"] == pytest.approx(-0.3)
    assert gap["non_gaussian_error"] == 0.04


def test_without_errors_there_are_none():
    gap = gap_of({"mean": 0.8}, {key: value for key, value in POSTERIOR.items() if key != "mcse_mean"})
    assert not [key for key in gap if key.endswith("_error")]


def test_the_error_of_a_step_is_the_spread_over_repetitions():
    """2,000 repetitions of both sets of draws: the reported errors are the SDs of the steps."""
    rng, count = np.random.default_rng(4), 400
    steps = []
    for _ in range(2000):
        posterior, normal = rng.normal(1, 2, count).mean(), rng.normal(0.8, 1, count).mean()
        gap = gap_of(
            {"mean": normal, "mcse_mean": 1 / 20}, {**POSTERIOR, "mean": posterior, "mcse_mean": 2 / 20}
        )
        steps.append([gap[name] for name in ("map_minus_mean", "curvature", "non_gaussian")])
    errors = [gap[f"{name}_error"] for name in ("map_minus_mean", "curvature", "non_gaussian")]
    np.testing.assert_allclose(np.std(steps, axis=0), errors, rtol=4 / math.sqrt(2 * 2000))


@pytest.mark.parametrize(
    ("step", "error", "is_within"),
    [(1.93, 2.2, True), (1.93, 0.2, False), (0.0, 0.0, False), (1.0, None, False)],
)
def test_a_step_is_within_error_up_to_two_of_its_errors(step, error, is_within):
    assert Gap(curvature=step, curvature_error=error).is_within_error("curvature") is is_within


def test_what_is_not_known_or_needs_no_draws_is_not_within_error():
    assert not Gap().is_within_error("curvature")
    assert not Gap(jacobian=0.0).is_within_error("jacobian")
