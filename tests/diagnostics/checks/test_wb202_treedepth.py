"""WB202: did trajectories reach the maximum treedepth?"""

from typing import Any

import numpy as np

from tests.diagnostics.checks.records import FAILED, NO_PARAMETERS, UNREQUESTED, examine
from tests.diagnostics.fits import change_record

RNG = np.random.default_rng(11)


def test_it_fires_on_the_first():
    result = examine("WB202", change_record("nuts", "max_treedepth_hits", 1))
    assert (result.status, result.severity) == ("issue", "caution")


def test_none_is_fine():
    assert examine("WB202").status == "passed"


def test_without_draws_it_does_not_apply():
    assert examine("WB202", FAILED).status == "n/a"
    assert examine("WB202", UNREQUESTED).status == "skipped"


def test_it_does_not_apply_to_a_program_without_parameters():
    assert examine("WB202", NO_PARAMETERS).status == "n/a"


HIT = change_record("nuts", "max_treedepth_hits", 1776)


def test_unequal_predictors_are_to_be_standardized_first():
    ages, incomes = RNG.normal(45, 14, 60), RNG.normal(47_000, 12_000, 60)
    advice = examine("WB202", HIT, constant_data={"X": np.column_stack([ages, incomes])}).advice
    assert advice.startswith(
        "Fit with --standardize. Predictors are on very different scales: the SD of `X[2]`"
    )
    years = RNG.normal(1990, 10, (60, 2))
    assert "--standardize" in examine("WB202", HIT, constant_data={"X": years}).advice.partition(".")[0]


def test_an_option_without_effect_is_not_advised():
    """`--standardize` acts on matrices made of columns, not on vectors, Stan's JSON or values set by hand."""
    years = RNG.normal(1990, 10, (60, 2))
    vector = examine("WB202", HIT, constant_data={"year": years[:, 0]}).advice
    rules: dict[str, Any] = {"variables": {}, "groups": {}, "given": {}}
    no_table = examine("WB202", {**HIT, "data": {"rules": rules}}, constant_data={"X": years}).advice
    for advice in (vector, no_table):
        assert "--standardize" not in advice
        assert "lies far from zero" in advice
        assert "raise --max-treedepth" in advice


def test_equal_or_standardized_predictors_are_not_blamed():
    advice = examine("WB202", HIT, constant_data={"X": RNG.normal(3, [1, 30], (60, 2))}).advice
    assert advice.startswith("Raise --max-treedepth")
    matrices = {"X": {"columns": ["a", "b"], "mean": [0.0, 0.0], "sd": [1.0, 5000.0]}}
    record = {**HIT, "data": {"standardized": {"matrices": matrices}}}
    standardized = examine("WB202", record, constant_data={"X": RNG.normal(size=(60, 2)) * [1, 5000]})
    assert standardized.advice == advice
