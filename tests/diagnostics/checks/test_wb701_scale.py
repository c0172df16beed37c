"""WB701: are the predictors on similar scales?"""

import numpy as np

from tests.diagnostics.checks.records import examine
from tests.diagnostics.fits import RECORD
from workbench.diagnostics.predictors import Predictor

RNG = np.random.default_rng(7)


def examine_data(**data):
    return examine("WB701", constant_data=data)


def test_it_fires_on_very_different_scales():
    result = examine_data(X=RNG.normal(size=(50, 2)) * [1, 5000])
    assert (result.status, result.severity) == ("tip", "none")
    assert examine_data(X=RNG.normal(size=(500, 2)) * [1, 150]).status == "tip"
    assert examine_data(X=RNG.normal(size=(500, 2)) * [1, 70]).status == "passed"
    assert "the SD of `X[2]` is" in result.message
    assert "times that of `X[1]`" in result.message


def test_predictors_that_were_standardized_are_not_told_to_be():
    matrices = {"X": {"columns": ["a", "b"], "mean": [0.0, 0.0], "sd": [1.0, 5000.0]}}
    record = {**RECORD, "data": {**RECORD.get("data", {}), "standardized": {"matrices": matrices}}}
    columns = {"X": RNG.normal(size=(50, 2)) * [1, 5000]}
    assert examine("WB701", record, constant_data=columns).status == "n/a"
    assert examine("WB701", record, constant_data={"Z": columns["X"]}).status == "tip"


def test_columns_with_names_belong_to_their_matrix():
    for name in ("X[age]", "X[2]", "X"):
        assert Predictor(name, 0.0, 1.0).variable == "X"


def test_it_fires_far_from_zero():
    assert "`year` lies far from zero" in examine_data(year=RNG.normal(1990, 10, 50)).message


def test_a_vector_gets_the_advice_that_can_be_followed():
    """`--standardize` acts on matrices alone."""
    assert "in transformed data" in examine_data(year=RNG.normal(1990, 10, 50)).advice
    assert "--standardize, which" in examine_data(X=RNG.normal(1990, 10, (50, 2))).advice


def test_values_that_are_no_columns_of_a_table_are_to_be_scaled_in_the_data():
    data = {**RECORD.get("data", {}), "rules": {"variables": {}, "groups": {}, "given": {}}}
    result = examine("WB701", {**RECORD, "data": data}, constant_data={"X": RNG.normal(1990, 10, (50, 2))})
    assert "in transformed data" in result.advice


def test_it_is_quiet_on_similar_scales():
    assert examine_data(X=RNG.normal(size=(50, 2)), z=RNG.normal(3, 2, 50)).status == "passed"


def test_indicators_counts_and_constants_are_no_predictors_of_a_scale():
    assert examine_data(a=np.repeat([0.0, 1.0], 10), n=np.arange(20), c=np.full(20, 1e6)).status == "n/a"
    assert examine("WB701").status == "n/a"
