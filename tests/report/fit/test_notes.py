"""What every page of a fit says first."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from workbench.report.fit.data import describe_data
from workbench.report.fit.notes import (
    describe_log_lik,
    describe_log_prior,
    describe_scale,
    list_own_densities,
    list_replaced_priors,
)
from workbench.report.fit.terminal_page import build_diagnosis_page, build_fit_page
from workbench.results import Fit
from workbench.results.store import tabulate_estimates
from workbench.results.view import (
    DataDescription,
    LogLikelihoodSource,
    ModelDescription,
    NutsResult,
    OutcomeDescription,
    ReplacedPriorDescription,
    Results,
)
from workbench.results.view.description import MatrixScale, StandardizationDescription

UNITS = "per standard deviation of the predictors in `X`"


def describe(status, **fields):
    standardized = StandardizationDescription(status=status, matrices={"X": MatrixScale()}, **fields)
    return Results(data=DataDescription(path="d.csv", rows=3, standardized=standardized))


def test_units_that_are_not_those_of_the_data_stand_in_the_first_line():
    results = describe("not available", reason="no intercept was found")
    assert describe_scale(results) == f"results are {UNITS}, not on the scale of the data"
    assert describe_data(results).endswith(describe_scale(results))


@pytest.mark.parametrize("results", [describe("proved"), Results(data=DataDescription(path="d.csv", rows=3))])
def test_nothing_is_said_of_results_on_the_scale_of_the_data(results):
    assert describe_scale(results) == ""
    assert describe_data(results) == "fitted to d.csv, 3 rows"


def test_pages_in_the_terminal_and_the_summary_say_the_units(tmp_path):
    matrices = {"X": {"columns": ["a"], "mean": [0.0], "sd": [2.0]}}
    record = {
        "model": {"name": "m"},
        "data": {"path": "d.csv", "standardized": {"status": "not available", "matrices": matrices}},
        "nuts": {"status": "ok", "estimates": {"b": {"mean": 1.0, "sd": 0.5}}},
        "gaps": {},
    }
    fit = Fit(record, SimpleNamespace(children={}), folder=Path("run"))  # type: ignore[arg-type]
    assert UNITS in build_fit_page(fit).subtitle
    assert UNITS in build_diagnosis_page(fit).subtitle
    assert tabulate_estimates(record)["units"].tolist() == [UNITS]
    assert "units" not in tabulate_estimates({**record, "data": {"path": "d.csv", "standardized": {}}})


def test_priors_that_are_not_those_of_the_file():
    priors = (
        ReplacedPriorDescription("mu", "mu ~ cauchy(0, 1);", "mu ~ normal(0, 1);", 4),
        ReplacedPriorDescription("tau", "", "tau ~ cauchy(0, 1);", 5),
        ReplacedPriorDescription("phi", "phi ~ beta(2, 2);"),
    )
    assert list_replaced_priors(Results(model=ModelDescription(replaced_priors=priors))) == (
        "--prior-form: `mu ~ cauchy(0, 1);`, in place of `mu ~ normal(0, 1);` (line 4).",
        "--prior-form: no prior for `tau`, in place of `tau ~ cauchy(0, 1);` (line 5).",
        "--prior-form: `phi ~ beta(2, 2);`, added.",
    )
    assert list_replaced_priors(Results()) == ()


def with_densities(log_lik=None, **nuts):
    source = LogLikelihoodSource(**log_lik) if log_lik else LogLikelihoodSource()
    return Results(nuts=NutsResult(log_lik=source, **nuts))


@pytest.mark.parametrize(
    ("scale", "words", "is_note"),
    [
        ({}, "own `log_lik`, which equals the terms", False),
        ({"scale": "column", "column": "weight"}, "own `log_lik`, a density of `weight`.", True),
        ({"scale": "unknown", "reason": "it differs."}, "own `log_lik`: it differs.", True),
    ],
)
def test_a_log_likelihood_of_the_programs_own_is_named(scale, words, is_note):
    results = with_densities({"name": "log_lik", "source": "program", **scale})
    assert words in describe_log_lik(results)
    assert bool(list_own_densities(results)) is is_note


def test_a_log_prior_of_the_programs_own_is_named():
    assert "own `lprior`" in describe_log_prior(with_densities(log_prior_from="program"))
    assert describe_log_prior(with_densities()) == ""
    assert list_own_densities(with_densities()) == ()


def test_a_density_of_a_function_of_the_data_says_its_scale():
    mapped = OutcomeDescription(name="logw", density_of="log(weight)", columns=("weight",))
    results = Results(model=ModelDescription(outcomes=(mapped,)))
    assert "a density of `log(weight)`" in describe_log_lik(results)
    plain = Results(model=ModelDescription(outcomes=(OutcomeDescription(name="y"),)))
    assert describe_log_lik(plain) == ""
