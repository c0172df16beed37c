"""Two fits of the same request compared: distances in Monte Carlo errors, and which are too large."""

import numpy as np
import pytest

from workbench.results.comparison import compare_estimates
from workbench.results.view import view


def record(method, **numbers):
    return {method: {"estimates": {"mu": numbers}}}


def compare(before, after):
    (difference,) = compare_estimates(view(before), view(after))
    return difference


def test_means_are_compared_in_combined_monte_carlo_errors():
    """sqrt(0.03^2 + 0.04^2) = 0.05: a difference of 0.1 is two of them."""
    found = compare(record("nuts", mean=1.0, mcse_mean=0.03), record("nuts", mean=1.1, mcse_mean=0.04))
    assert found.distance == pytest.approx(2.0)
    assert (found.method, found.parameter, found.quantity) == ("nuts", "mu", "mean")
    assert (found.before, found.after) == (1.0, 1.1)
    assert not found.is_far


def test_standard_deviations_have_an_error_of_their_own():
    before = record("laplace", sd=2.0, mcse_sd=0.3, mcse_mean=9.0)
    assert compare(before, record("laplace", sd=3.0, mcse_sd=0.4, mcse_mean=9.0)).distance == pytest.approx(2)


@pytest.mark.parametrize("method", ["nuts", "laplace", "pathfinder"])
@pytest.mark.parametrize(("shift", "is_far"), [(3.9, False), (4.1, True)])
def test_draws_may_differ_by_four_errors(method, shift, is_far):
    error = 1 / np.sqrt(2)  # of each: the combined error is 1
    before = record(method, mean=0.0, mcse_mean=error)
    assert compare(before, record(method, mean=shift, mcse_mean=error)).is_far is is_far


@pytest.mark.parametrize("method", ["mle", "map", "map_unconstrained"])
@pytest.mark.parametrize(("shift", "is_far"), [(1e-7, False), (1e-5, True)])
def test_modes_may_differ_by_rounding_alone(method, shift, is_far):
    """Without a standard error, relative to their size; with one, in units of it."""
    assert compare(record(method, value=3.0), record(method, value=3.0 + 3 * shift)).is_far is is_far
    before, after = (record(method, value=value, se=1e3) for value in (3.0, 3.0 + 1e3 * shift))
    far = compare_estimates(view(before), view(after))
    assert far[0].quantity == "value"
    assert far[0].is_far is is_far


def test_a_small_mode_is_compared_in_absolute_terms():
    assert not compare(record("map", value=1e-9), record("map", value=1e-8)).is_far


def test_numbers_without_an_error_differ_by_infinitely_much_or_not_at_all():
    """A constant has no Monte Carlo error."""
    assert compare(record("nuts", mean=1.0), record("nuts", mean=1.0)).distance == 0
    assert compare(record("nuts", mean=1.0), record("nuts", mean=1.1)).is_far


def test_what_only_one_fit_has_is_not_compared():
    before = {"nuts": {"estimates": {"mu": {"mean": 1.0}, "old": {"mean": 1.0}}}}
    after = {"nuts": {"estimates": {"mu": {"mean": 1.0, "sd": 1.0}, "new": {"mean": 1.0}}}}
    assert [(found.parameter, found.quantity) for found in compare_estimates(view(before), view(after))] == [
        ("mu", "mean")
    ]
    assert compare_estimates(view(before), view({})) == []
    assert compare_estimates(view({"nuts": {"status": "failed"}}), view(before)) == []


def test_the_largest_difference_is_first():
    methods = ("laplace", "pathfinder", "nuts")
    before, after = (
        {
            name: {"estimates": {"mu": {"mean": shift * place, "mcse_mean": 1.0}}}
            for place, name in enumerate(methods)
        }
        for shift in (0.0, 1.0)
    )
    assert [found.method for found in compare_estimates(view(before), view(after))] == list(methods[::-1])
