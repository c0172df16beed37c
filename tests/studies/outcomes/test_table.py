"""The table of a study: columns in their order, and outcomes read back from it."""

from dataclasses import replace

import pandas as pd
import pytest

from workbench.studies.outcomes.table import OutcomeRow, make_frame, make_outcome, read_frame, select_outcomes
from workbench.studies.plan.decision import parse_decision
from workbench.studies.plan.plan import BASE, Plan, Point
from workbench.studies.view import Margin

TEXT = "P(mu>0)>0.9"
POINT = Point({"mu.sigma": 2.0}, {"nu": "flat"}, "wide")
PLAN = Plan(points=(BASE, POINT), decisions=(parse_decision(TEXT),))
SETTINGS = {"mu.sigma": 1.0}


def make_outcomes():
    """Return an outcome by NUTS at the base, one by MAP at another point, and one that failed."""
    nuts = replace(
        make_outcome(0, BASE, SETTINGS), method="nuts", how="base", reason="", khat=0.1, divergences=0,
        decisions={TEXT: True}, margins={TEXT: Margin(value=0.05, mcse=0.01)},
        parameter="mu", label="mu", mean=1.5, sd=0.5,
    )  # fmt: skip
    at_mode = replace(
        make_outcome(1, POINT, SETTINGS), method="map", how="mode", parameter="mu", label="mu", mean=1.25
    )
    failed = replace(
        make_outcome(1, POINT, SETTINGS), method="nuts", how="failed", status="failed", reason="why"
    )
    return [nuts, at_mode, failed]


def test_columns_stand_in_their_order():
    frame = make_frame(make_outcomes(), PLAN)
    assert list(frame.columns) == [
        "point", "scenario", "mu.sigma", "form", "method", "how", "reason", "status", "khat", "divergences",
        "lpd", TEXT, f"margin: {TEXT}", f"mcse of margin: {TEXT}", "parameter", "label", "mean", "sd",
    ]  # fmt: skip


def test_a_point_is_named_by_its_settings_and_those_of_the_base():
    frame = make_frame(make_outcomes(), PLAN)
    assert frame["mu.sigma"].tolist() == [1.0, 2.0, 2.0]
    assert frame["form"].tolist() == ["", "nu ~ flat", "nu ~ flat"]
    assert frame["scenario"].tolist() == ["", "wide", "wide"]


def test_what_is_not_known_is_missing():
    frame = make_frame(make_outcomes(), PLAN)
    assert frame[TEXT].tolist()[0] is True
    assert frame[f"margin: {TEXT}"][0] == 0.05
    assert frame[f"mcse of margin: {TEXT}"][0] == 0.01
    assert pd.isna(frame[TEXT][1])
    assert frame["lpd"].isna().all()
    assert frame["sd"].isna().tolist() == [False, True, True]


def test_outcomes_are_read_back():
    outcomes = make_outcomes()
    without = [replace(outcome, settings={}, decisions={}, margins={}) for outcome in outcomes]
    assert list(read_frame(make_frame(outcomes, PLAN))) == without


def test_outcomes_of_a_method_are_found_by_point_and_quantity():
    outcomes = make_outcomes()
    assert select_outcomes(outcomes, "nuts") == {(0, "mu"): outcomes[0]}
    assert select_outcomes(outcomes, "prior") == {}


def test_a_study_without_outcomes_has_an_empty_table():
    assert read_frame(make_frame([], PLAN)) == ()
    assert OutcomeRow(point=0).is_ok


@pytest.mark.parametrize("method", ["nuts", "map", "laplace", "prior"])
def test_the_table_of_a_study_holds_every_method(study, method):
    selected = select_outcomes(study.outcomes, method)
    assert {number for number, _ in selected} == set(range(9))
    rows = study.frame[(study.frame["method"] == method) & (study.frame["parameter"] == "mu")]
    assert rows["mean"].tolist() == [selected[number, "mu"].mean for number in range(9)]
