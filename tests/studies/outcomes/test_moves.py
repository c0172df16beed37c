"""How far quantities move: in posterior SDs of the base fit, over the points that are about the prior."""

import pytest

from tests.studies.outcomes.measurements import make_outcome, make_point
from workbench.studies.outcomes.moves import find_largest_moves


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
