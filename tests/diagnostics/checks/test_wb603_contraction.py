"""WB603: do the data inform every parameter?"""

import numpy as np
import pytest
from scipy import stats

from tests.diagnostics.checks.records import FAILED, UNREQUESTED, examine
from tests.diagnostics.fits import change_record, make_fit


def fit(sd, statement="mu ~ normal(0, 2);", type_="real", kind="stated"):
    """A posterior that is normal around zero, beside its prior."""
    prior = {"statement": statement, "role": "prior", "parameters": ["mu"]}
    data = {"statement": "y ~ normal(mu, 1);", "role": "likelihood", "parameters": ["mu"]}
    record = change_record("model", "terms", [prior, data])
    record["model"]["parameters"] = [{"name": "mu", "type": type_, "line": 1}]
    record["model"]["parameter_priors"] = [{"name": "mu", "kind": kind}]
    draws = sd * np.random.default_rng(6).normal(size=(4, 5000))
    return make_fit(record, posterior={"mu": np.abs(draws) if "lower" in type_ else draws})


def test_it_fires_when_the_posterior_is_the_prior():
    result = examine("WB603", fit(2.0))
    assert (result.status, result.severity) == ("tip", "none")
    assert "1 of 1 parameters keep the spread of their priors" in result.message


def test_a_posterior_wider_than_its_prior_does_not_keep_the_prior():
    """A normal posterior of scale 4 beside a prior of scale 2: 1 - 4."""
    result = examine("WB603", fit(4.0))
    assert result.status == "tip"
    assert result.measured == pytest.approx(-3, abs=0.15)
    assert "is wider than its prior: the data pull it into the prior's tail" in result.message
    assert "next to nothing" not in result.message
    assert "prior may be too narrow" in result.advice


def test_a_program_without_likelihood_has_nothing_to_learn_from():
    alone = fit(2.0)
    del alone.record["model"]["terms"][1]
    result = examine("WB603", alone)
    assert (result.status, result.message[:30]) == ("n/a", "The program has no likelihood:")


def test_it_is_quiet_when_it_has_shrunk():
    """The contraction of a normal prior of scale 2 to a normal posterior of scale 1 is 1 - 1/4."""
    result = examine("WB603", fit(1.0))
    assert result.status == "passed"
    assert result.measured == pytest.approx(0.75, abs=0.03)


def test_bounds_cut_the_prior():
    """Half a normal of scale 2 against half a normal of scale 1."""
    result = examine("WB603", fit(1.0, type_="real<lower=0>"))
    assert result.measured == pytest.approx(0.75, abs=0.03)


def test_heavy_tails_have_a_spread_too():
    ratio = stats.norm.ppf(0.75) / stats.cauchy.ppf(0.75)
    result = examine("WB603", fit(1.0, "mu ~ cauchy(0, 1);"))
    assert result.measured == pytest.approx(1 - ratio**2, abs=0.03)


@pytest.mark.parametrize("changes", [{"statement": "mu ~ normal(m, s);"}, {"kind": "latent"}])
def test_without_a_prior_in_numbers_it_does_not_apply(changes):
    assert examine("WB603", fit(1.0, **changes)).status == "n/a"


def test_without_draws_it_does_not_apply():
    assert examine("WB603", FAILED).status == "n/a"
    assert examine("WB603", UNREQUESTED).status == "skipped"
