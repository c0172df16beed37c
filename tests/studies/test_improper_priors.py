"""Priors that are not distributions: what they cannot be asked; and priors given to flat parameters."""

from dataclasses import replace

import pytest

from tests.studies import normal_mean as exact
from workbench.methods import Nuts
from workbench.report.document import Notice
from workbench.report.study.report import build_study_report
from workbench.studies import Study, parse_axis
from workbench.workflow.options import FitOptions
from workbench.workflow.sensitivity import study_files
from workbench.workflow.study_options import StudyOptions

pytestmark = pytest.mark.usefixtures("tools")

NO_PRIOR = """
data { int<lower=0> N; vector[N] y; }
parameters { real mu; }
model { y ~ normal(mu, 1); }
generated quantities { array[N] real y_rep = normal_rng(rep_vector(mu, N), 1); }
"""
FIT_OPTIONS = FitOptions(methods=(Nuts(),), seed=4, jobs=2)
OPTIONS = StudyOptions(methods=("nuts",), jobs=2)


def list_rows(study: Study, method: str, parameter: str | None = "mu"):
    rows = study.frame[study.frame["method"] == method].to_dict("records")
    return [row for row in rows if parameter is None or row.get("parameter") == parameter]


def assert_posterior(row, prior_sd):
    mean, sd = exact.posterior(0, prior_sd)
    assert abs(row["mean"] - mean) < 4 * row["mcse_mean"]
    assert row["sd"] == pytest.approx(sd, rel=0.15)


@pytest.fixture(scope="module")
def added(normal_files, tmp_path_factory):
    """A program without a prior, and the same with one."""
    folder = tmp_path_factory.mktemp("none")
    (folder / "no_prior.stan").write_text(NO_PRIOR)
    options = replace(OPTIONS, forms=(("mu", "normal(0, 0.5)"),), output=folder / "study")
    return study_files(folder / "no_prior.stan", normal_files[1], FIT_OPTIONS, options)


@pytest.fixture(scope="module")
def removed(normal_files, tmp_path_factory):
    """A program with a prior, the same without, and with that prior at the powers 0 and 4."""
    options = replace(
        OPTIONS,
        forms=(("mu", "flat"),),
        axes=(parse_axis("power(prior)=0,4"),),
        output=tmp_path_factory.mktemp("flat") / "study",
    )
    return exact.run_study(normal_files, FIT_OPTIONS, options)


def test_a_flat_parameter_can_get_a_prior(added):
    base, changed = list_rows(added, "nuts")
    assert_posterior(base, 1e6)
    assert_posterior(changed, 0.5)
    assert changed["form"] == "mu ~ normal(0, 0.5)"


def test_a_flat_prior_is_neither_sampled_nor_scaled(added):
    refused, *sampled = list_rows(added, "prior", None)
    assert (refused["point"], refused["status"]) == (0, "not available")
    assert "`mu`" in refused["reason"]
    assert {row["status"] for row in sampled} == {"ok"}
    alone = next(row for row in sampled if row["parameter"] == "mu")
    assert alone["sd"] == pytest.approx(0.5, rel=0.1)
    scaling = added.record["power_scaling"]
    assert scaling.keys() == {"status", "reason"}
    assert scaling["status"] == "not available"
    assert any(scaling["reason"] in reason for reason in added.results.conclusion.reasons)


def test_a_prior_that_is_removed_or_raised_to_the_power_zero_is_flat(removed):
    rows = {(row["form"], row["power(prior)"]): row for row in list_rows(removed, "nuts")}
    assert_posterior(rows["mu ~ flat", 1.0], 1e6)
    assert_posterior(rows["", 0.0], 1e6)
    assert_posterior(rows["", 4.0], 0.5)


def test_the_report_says_which_priors_could_not_be_sampled(removed):
    refused = {
        row["point"]: row["reason"] for row in list_rows(removed, "prior", None) if row["status"] != "ok"
    }
    labels = {removed.results.points[number].label: reason for number, reason in refused.items()}
    assert "improper" in labels["power(prior) = 0"]
    assert "`mu`" in labels["mu ~ flat"]
    section = next(
        section for section in build_study_report(removed).sections if section.key == "prior-alone"
    )
    notices = [block.text for block in section.blocks if isinstance(block, Notice)]
    assert notices == [f"{label}: {reason}" for label, reason in labels.items()]
