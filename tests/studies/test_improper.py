"""Priors that are no distributions: what is refused, in which words; and priors given where none are."""

from dataclasses import replace

import pytest
import xarray as xr

import workbench
from tests.studies import normal_mean as exact
from workbench import binding, priors
from workbench.errors import RequestError
from workbench.methods import Nuts
from workbench.request import FitRequest
from workbench.results import Fit
from workbench.studies import Study, parse_axis
from workbench.workflow import sensitivity, study_options
from workbench.workflow.options import FitOptions

pytestmark = pytest.mark.usefixtures("tools")

NO_PRIOR = """
data { int<lower=0> N; vector[N] y; }
parameters { real mu; }
model { y ~ normal(mu, 1); }
generated quantities { array[N] real y_rep = normal_rng(rep_vector(mu, N), 1); }
"""
OPTIONS = FitOptions(methods=(Nuts(),), seed=4, jobs=2)
ASKED = study_options.StudyOptions(methods=("nuts",), jobs=2)
IMPROPER = "the prior alone cannot be drawn from: no prior makes `mu` proper."


def rows(study: Study, method: str, parameter: str | None = "mu"):
    frame = study.frame[study.frame["method"] == method]
    return [row for row in frame.to_dict("records") if parameter is None or row.get("parameter") == parameter]


def assert_posterior(row, sd):
    mean, spread = exact.posterior(0, sd)
    assert abs(row["mean"] - mean) < 4 * row["mcse_mean"]
    assert row["sd"] == pytest.approx(spread, rel=0.15)


@pytest.fixture(scope="module")
def given(normal_files, tmp_path_factory):
    """A program without a prior, and the same with one."""
    folder = tmp_path_factory.mktemp("none")
    (folder / "no_prior.stan").write_text(NO_PRIOR)
    asked = replace(ASKED, forms=(("mu", "normal(0, 0.5)"),), output=folder / "study")
    return sensitivity.study_files(folder / "no_prior.stan", normal_files[1], OPTIONS, asked)


@pytest.fixture(scope="module")
def taken(normal_files, tmp_path_factory):
    """A program with a prior, the same without, and with that prior at the power 0."""
    asked = replace(
        ASKED,
        forms=(("mu", "flat"),),
        axes=(parse_axis("power(prior)=0,4"),),
        output=tmp_path_factory.mktemp("flat") / "study",
    )
    return sensitivity.study_files(normal_files[0], normal_files[1], OPTIONS, asked)


def test_a_parameter_without_a_prior_can_be_given_one(given):
    base, one = rows(given, "nuts")
    assert_posterior(base, 1e6)
    assert_posterior(one, 0.5)
    assert one["form"] == "mu ~ normal(0, 0.5)"


def test_a_flat_prior_is_neither_drawn_from_nor_scaled(given):
    refused, *drawn = rows(given, "prior", None)
    assert (refused["point"], refused["status"], refused["reason"]) == (0, "not available", IMPROPER)
    assert {row["status"] for row in drawn} == {"ok"}
    alone = next(row for row in drawn if row["parameter"] == "mu")
    assert alone["sd"] == pytest.approx(0.5, rel=0.1)
    scaling = given.record["power_scaling"]
    assert scaling == {"status": "not available", "reason": "the program states no prior: all are flat."}
    words = "Power-scaling is not available: the program states no prior: all are flat."
    assert words in given.record["conclusion"]["reasons"]


def test_a_prior_taken_away_or_raised_to_the_power_zero_is_flat(taken):
    found = {(row["form"], row["power(prior)"]): row for row in rows(taken, "nuts")}
    assert_posterior(found["mu ~ flat", 1.0], 1e6)
    assert_posterior(found["", 0.0], 1e6)
    assert_posterior(found["", 4.0], 0.5)
    refused = {row["point"]: row["reason"] for row in rows(taken, "prior", None) if row["status"] != "ok"}
    assert set(refused.values()) == {"a prior raised to the power 0 is flat: improper.", IMPROPER}


def test_the_report_says_which_priors_could_not_be_drawn_from(taken):
    from workbench.report.document import Notice
    from workbench.report.study.report import study_report

    section = next(one for one in study_report(taken).sections if one.key == "prior-alone")
    notes = [block.text for block in section.blocks if isinstance(block, Notice)]
    assert f"mu ~ flat: {IMPROPER}" in notes
    assert "power(prior) = 0: a prior raised to the power 0 is flat: improper." in notes


def test_what_a_program_without_priors_cannot_be_asked(program_from, table_from):
    program = program_from(NO_PRIOR, "no_prior")
    request = FitRequest(
        program, binding.bind(program, table_from(exact.TABLE)), priors.settle(program, {}, {}, ""), (Nuts(),)
    )
    with pytest.raises(RequestError, match=r"power\(prior\) names no part of `no_prior.stan`") as refused:
        study_options.check_question(
            study_options.StudyOptions(axes=(parse_axis("power(prior)=1,2"),)), request
        )
    assert refused.value.hint == "there are power(likelihood)"
    with pytest.raises(RequestError, match="states no prior: its parameters are flat") as refused:
        study_options.make_plan(
            study_options.StudyOptions(),
            Fit({"nuts": NUTS, "interval": {"level": 0.95}}, xr.DataTree()),
            request,
        )
    assert refused.value.hint == "--prior-form 'mu=normal(0, 1)' gives a parameter one"
    with pytest.raises(RequestError, match="`nu` has 0 prior statements") as refused:
        study_options.check_question(study_options.StudyOptions(forms=(("nu", "normal(0, 1)"),)), request)
    assert refused.value.hint == "without a prior, and free to get one, is `mu`"


NUTS = {"status": "ok", "estimates": {}}


def test_a_fit_on_standardized_predictors_is_refused(normal_files, tmp_path):
    fit = workbench.fit(normal_files[0], normal_files[1], output=tmp_path / "run", jobs=2)
    scaled = {"X": {"means": [0.0], "sds": [2.0]}}
    moved = Fit({**fit.record, "data": {**fit.record["data"], "standardized": scaled}}, fit.tree)
    with pytest.raises(RequestError, match="this fit had standardized predictors") as refused:
        sensitivity.study_fit(moved, replace(ASKED, output=tmp_path / "study"))
    assert refused.value.hint == "fit again without --standardize"
    assert not (tmp_path / "study").exists()
