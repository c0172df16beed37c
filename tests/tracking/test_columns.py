"""The columns that a published model takes and gives."""

from tests.report.simulated import simulate_fit
from workbench.prediction.outcome_summaries import COLUMNS
from workbench.tracking.columns import list_inputs, list_outputs


def results_with(rules, columns, outcome="y"):
    data = {**simulate_fit().record["data"], "columns": columns}
    data["rules"] = {"groups": {}, "given": {}, **rules}
    model = {**simulate_fit().record["model"], "outcomes": [{"name": outcome}]}
    return simulate_fit(data=data, model=model).results


def test_inputs_are_the_columns_that_the_fit_used_without_outcomes():
    rules = {
        "variables": {
            "y": ["score"],
            "t": ["when:days"],
            "X": ["x", "town=Rome", "town=Oslo", "a:b"],
            "u": ["basement"],
            "county": ["county"],
        },
        "by_group": {"u": [0.1, 0.2]},
        "row_names": "person",
        "calendar": {"columns": ["when"], "last": "2024-06-01"},
    }
    columns = ["score", "when", "x", "town", "a:b", "basement", "county", "person", "unused"]
    assert list_inputs(results_with(rules, columns)) == {
        "when": True,
        "x": True,
        "town": True,
        "a:b": True,
        "basement": False,
        "county": True,
        "person": False,
    }


def test_a_time_that_nothing_else_uses_may_be_left_out():
    rules = {
        "variables": {"y": ["y"]},
        "calendar": {"columns": ["year"], "last": "2024-01-01"},
    }
    assert list_inputs(results_with(rules, ["year", "y"])) == {"year": False}


def test_outputs_are_the_columns_of_predictions():
    assert tuple(list_outputs()) == COLUMNS
    assert {name for name, kind in list_outputs().items() if kind == "string"} == {
        "label",
        "prediction",
        "most_probable",
    }
