"""Typed access to `study.json`: what is written is read back, and what is absent has a default."""

import json

import pytest

from tests.studies.outcomes.measurements import make_measurements, make_point
from workbench.errors import RunIncomplete
from workbench.results.json_values import to_json_values
from workbench.studies.record import make_record
from workbench.studies.view import AxisResult, PlanResult, choose_leading_method, view_study

AXES = tuple(AxisResult(name=name, values=(1.0, 2.0), base=1.0) for name in "abcd")


def test_a_written_study_is_read_back(study):
    text = json.dumps(to_json_values(make_record(study.results)))
    assert json.loads(text) == to_json_values(study.record)
    assert view_study(json.loads(text)) == study.results


def test_keys_that_are_absent_have_defaults(study):
    record = {
        key: value
        for key, value in study.record.items()
        if key not in ("base", "reference", "densities", "derivatives", "labels", "command")
    }
    results = view_study(record)
    assert results.base.verdict == "not known"
    assert results.reference.status == "skipped"
    assert results.densities == {}
    assert results.find_label("mu") == "mu"


def test_a_value_of_another_type_is_refused_with_its_place(study):
    plan = {**study.record["plan"], "methods": 3}
    with pytest.raises(RunIncomplete, match=r"study\.json.*plan\.methods"):
        view_study({**study.record, "plan": plan})


def test_few_axes_have_columns_of_their_own():
    def list_columns(count, **fields):
        plan = PlanResult(methods=("nuts",), axes=AXES[:count])
        return make_measurements([make_point(0, **fields)], plan=plan).axis_columns

    assert list_columns(3) == AXES[:3]
    assert list_columns(4) == ()
    assert list_columns(1, forms={"mu": "flat"}) == ()


def test_a_point_has_the_value_of_the_base_on_an_axis_that_it_leaves_alone():
    point = make_point(1, values={"b": 2.0})
    assert [point.find_value(axis) for axis in AXES[:2]] == [1.0, 2.0]


def test_the_method_that_says_most_leads():
    assert choose_leading_method(("map", "laplace", "nuts")) == "nuts"
    assert choose_leading_method(("map", "laplace")) == "laplace"
    assert choose_leading_method(("map",)) == "map"
