"""Densities: which quantities are drawn, and that each density integrates to one."""

import numpy as np
import pytest

from workbench.studies.outcomes.densities import MAX_QUANTITIES, choose_drawn_quantities
from workbench.studies.plan.decision import parse_decision
from workbench.studies.plan.plan import Plan
from workbench.studies.view import Move


def make_move(in_sd):
    return Move(label="", in_sd=in_sd, point=1, lowest=0.0, highest=1.0)


def test_quantities_of_decisions_and_those_that_move_most_are_drawn():
    moves = {f"z[{place}]": make_move(0.01 * place) for place in range(1, 40)} | {"tau": make_move(-2.0)}
    drawn = choose_drawn_quantities(moves, Plan(decisions=(parse_decision("P(z[3]>0)>0.9"),)))
    assert drawn[:4] == ["z[3]", "tau", "z[39]", "z[38]"]
    assert len(drawn) == MAX_QUANTITIES


def test_each_density_integrates_to_one(study):
    densities = study.results.densities["mu"]
    width = densities.x[1] - densities.x[0]
    assert [curve.point for curve in densities.curves] == list(range(9))
    for curve in densities.curves:
        assert np.sum(curve.density) * width == pytest.approx(1, abs=0.01)
