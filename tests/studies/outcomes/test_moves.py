"""How far quantities move: in posterior SDs of the base fit, over the points that are about the prior."""

import numpy as np
import pytest

from tests.studies.outcomes.measurements import make_outcome, make_point
from workbench.studies.outcomes.moves import find_largest_moves, find_prior_effects
from workbench.thresholds import MARGIN_STANDARD_ERRORS, count_chance_errors


def test_the_farthest_point_is_found():
    points = [make_point(number) for number in range(3)]
    outcomes = [make_outcome(0, 1.0), make_outcome(1, 0.4), make_outcome(2, 1.2)]
    (move,) = find_largest_moves(outcomes, points, "nuts", {"mu": 0.5}).values()
    assert move.point == 1
    assert move.in_sd == pytest.approx(-1.2)
    assert (move.lowest, move.highest) == (0.4, 1.2)


def test_constants_have_no_move():
    points = [make_point(0), make_point(1)]
    outcomes = [make_outcome(0, 1.0), make_outcome(1, 1.0), make_outcome(0, 1.0, "L[1,1]")]
    assert set(find_largest_moves(outcomes, points, "nuts", {"mu": 1.0})) == {"mu"}


def test_points_about_the_likelihood_are_left_out():
    points = [
        make_point(0),
        make_point(1, values={"power(likelihood)": 0.1}),
        make_point(2, values={"mu.sigma": 2.0}),
    ]
    outcomes = [make_outcome(0, 1.0), make_outcome(1, 9.0), make_outcome(2, 1.5)]
    (move,) = find_largest_moves(outcomes, points, "nuts", {"mu": 1.0}).values()
    assert (move.in_sd, move.point) == (0.5, 2)


def test_other_methods_and_failed_points_are_left_out():
    points = [make_point(0), make_point(1)]
    outcomes = [
        make_outcome(0, 1.0),
        make_outcome(1, 9.0, method="map"),
        make_outcome(1, None, status="failed"),
    ]
    (move,) = find_largest_moves(outcomes, points, "nuts", {"mu": 1.0}).values()
    assert move.in_sd == 0
    assert find_largest_moves(outcomes, points, "laplace", {"mu": 1.0}) == {}


def test_a_move_has_the_error_of_the_distance_where_it_is_known():
    points = [make_point(0), make_point(1)]
    same_draws = [make_outcome(0, 1.0, mcse_mean=0.3), make_outcome(1, 2.0, mcse_mean=0.4, mcse_move=0.1)]
    others = [
        make_outcome(0, 1.0, "mu", "laplace", mcse_mean=0.3),
        make_outcome(1, 2.0, "mu", "laplace", mcse_mean=0.4),
    ]
    modes = [make_outcome(0, 1.0, "mu", "map"), make_outcome(1, 2.0, "mu", "map")]
    outcomes = [*same_draws, *others, *modes]
    moves = {
        method: find_largest_moves(outcomes, points, method, {"mu": 0.5})["mu"]
        for method in ("nuts", "laplace", "map")
    }
    assert {method: move.mcse for method, move in moves.items()} == pytest.approx(
        {"nuts": 0.2, "laplace": 1.0, "map": 0.0}
    )
    assert [move.is_clear for move in moves.values()] == [True, False, True]


def test_each_part_of_the_prior_has_its_own_largest_move_the_farthest_first():
    points = [
        make_point(0),
        make_point(1, values={"a": 1.0}),
        make_point(2, values={"a": 8.0}),
        make_point(3, values={"b": 4.0}),
        make_point(4, values={"a": 1.0, "b": 4.0}),
        make_point(5, values={"power(likelihood)": 0.1}),
    ]
    means = {"mu": (1.0, 1.2, 1.1, 1.0, 1.5, 9.0), "tau": (0.0, 0.1, -0.6, 0.7, 0.2, 9.0)}
    outcomes = [
        make_outcome(number, mean, name) for name, own in means.items() for number, mean in enumerate(own)
    ]
    found = find_prior_effects(outcomes, points, "nuts", {"mu": 0.5, "tau": 2.0}, {"a": 2.0, "b": 2.0})
    assert [(each.kind, each.name, each.quantity) for each in found] == [
        ("several", "", "mu"), ("hyperparameter", "a", "mu"), ("hyperparameter", "b", "tau"),
    ]  # fmt: skip
    several, a, b = found
    assert (several.largest.in_sd, several.largest.point) == (1.0, 4)
    assert a.largest.in_sd == pytest.approx(0.4)
    assert a.halved is not None
    assert (a.halved.point, a.doubled) == (1, None)
    assert b.doubled is not None
    assert (b.largest.in_sd, b.doubled.point, b.halved) == (0.35, 3, None)
    assert [each.bound for each in found] == pytest.approx([1.0, 0.4, 0.35])


def test_the_bound_of_an_effect_holds_its_error():
    points = [make_point(0), make_point(1, values={"a": 1.0}), make_point(2, values={"a": 3.0})]
    outcomes = [
        make_outcome(0, 0.0),
        make_outcome(1, 0.3, mcse_move=0.01),
        make_outcome(2, -0.2, mcse_move=0.2),
    ]
    (effect,) = find_prior_effects(outcomes, points, "nuts", {"mu": 1.0}, {"a": 2.0})
    assert effect.largest.in_sd == 0.3
    assert effect.bound == pytest.approx(0.2 + 2 * 0.2)


def test_a_clear_move_represents_an_effect_before_a_larger_one_that_may_be_chance():
    points = [make_point(0), make_point(1, values={"a": 1.0})]
    outcomes = [
        *(make_outcome(0, 0.0, name) for name in ("mu", "tau")),
        make_outcome(1, 0.9, "mu", mcse_move=0.6),
        make_outcome(1, 0.2, "tau", mcse_move=0.01),
    ]
    (effect,) = find_prior_effects(outcomes, points, "nuts", {"mu": 1.0, "tau": 1.0}, {"a": 2.0})
    assert effect.quantity == "tau"
    assert effect.bound > 0.9


def test_points_without_a_posterior_and_effects_of_nothing():
    points = [make_point(0), make_point(1, values={"a": 1.0}), make_point(2, values={"b": 1.0})]
    outcomes = [make_outcome(0, 1.0), make_outcome(1, 1.0), make_outcome(2, None, status="failed")]
    (effect,) = find_prior_effects(outcomes, points, "nuts", {"mu": 1.0}, {})
    assert (effect.name, effect.largest.in_sd, effect.largest.point) == ("a", 0.0, 1)


def test_the_largest_of_many_normal_numbers_is_rarely_beyond_their_chance_errors():
    numbers = np.abs(np.random.default_rng(1).normal(size=(4000, 200))).max(axis=1)
    assert np.mean(numbers > count_chance_errors(200)) == pytest.approx(0.0455, abs=0.012)
    assert count_chance_errors(1) == MARGIN_STANDARD_ERRORS
