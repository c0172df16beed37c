"""What `study.json` keeps."""

from workbench.studies.plan.decision import parse_decision
from workbench.studies.plan.plan import Plan
from workbench.studies.record import DRAWN, choose_drawn_quantities


def test_what_is_decided_and_what_moves_is_drawn():
    moves = {f"z[{place}]": {"in_sd": 0.01 * place} for place in range(1, 40)} | {"tau": {"in_sd": -2.0}}
    drawn = choose_drawn_quantities(moves, Plan(decisions=(parse_decision("P(z[3]>0)>0.9"),)))
    assert drawn[:4] == ["z[3]", "tau", "z[39]", "z[38]"]
    assert len(drawn) == DRAWN
