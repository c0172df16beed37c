"""Which draws are in the page: all that fit, evenly spaced, and divergent ones always."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.report.explore.choice import LEAST_DRAWS, MOST_DRAWS, choose_draws, measure_line


def choose(quantities, chains, draws, budget, divergent=()):
    marks = np.zeros((chains, draws), bool)
    for place in divergent:
        marks[place] = True
    return choose_draws({f"x[{i}]": 100 for i in range(quantities)}, marks, budget)


def test_everything_is_kept_where_it_fits():
    choice = choose(10, 4, 1000, 10**6, [(0, 1), (3, 999)])
    assert choice.every == 1
    assert choice.positions.tolist() == list(range(1000))
    assert len(choice.names) == 10
    assert choice.left_out == ()
    assert len(choice.extra_draws) == 0


@pytest.mark.parametrize("budget", [10**5, 2 * 10**5, 3 * 10**5, 5 * 10**6])
@pytest.mark.parametrize("draws", [1000, 7919])
def test_the_budget_is_kept_to_and_no_thinner_than_needed(budget, draws):
    choice = choose(20, 4, draws, budget, [(1, 3), (2, 500)])
    size = len(choice.names) * (measure_line(4 * len(choice.positions) + len(choice.extra_draws)) + 100)
    assert size <= budget
    assert (np.diff(choice.positions) == choice.every).all()
    assert 4 * len(choice.positions) <= MOST_DRAWS
    one_more = 20 * (measure_line(4 * len(range(0, draws, max(1, choice.every - 1)))) + 100)
    assert (
        choice.every == 1
        or choice.left_out
        or one_more > budget
        or 4 * draws / (choice.every - 1) > MOST_DRAWS
    )


def test_quantities_are_left_out_only_when_draws_are_few_and_the_last_go_first():
    choice = choose(1000, 4, 1000, 10**6)
    assert 4 * len(choice.positions) >= LEAST_DRAWS
    assert choice.names + choice.left_out == tuple(f"x[{i}]" for i in range(1000))
    assert 0 < len(choice.left_out) < 1000
    assert (len(choice.names) + 1) * (measure_line(4 * len(choice.positions)) + 100) > 10**6


def test_divergent_draws_that_thinning_would_lose_are_added():
    choice = choose(20, 4, 1000, 10**5, [(0, 0), (1, 1), (3, 998)])
    assert choice.every > 1
    kept = {(chain, draw) for chain in range(4) for draw in choice.positions}
    extra = set(zip(choice.extra_chains.tolist(), choice.extra_draws.tolist(), strict=True))
    assert {(0, 0), (1, 1), (3, 998)} <= kept | extra
    assert not kept & extra


def test_very_many_divergent_draws_are_thinned():
    choice = choose(20, 4, 1000, 10**5, [(slice(None), slice(None))])
    assert 0 < len(choice.extra_draws) <= 4 * len(choice.positions) // 10


def test_a_run_shorter_than_the_least_is_whole():
    assert choose(3, 2, 20, 10**5).every == 1
    assert choose(3, 2, 20, 300).left_out
