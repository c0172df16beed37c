"""WB601: does a prior outweigh the data?"""

import copy
import math

import pytest

from tests.diagnostics.checks.records import FAILED, UNREQUESTED, examine, with_sensitivity
from tests.diagnostics.fits import SKIPPED
from workbench.diagnostics.power_scaling import STRONG_PRIOR
from workbench.diagnostics.prior_shift import find_largest_shift
from workbench.results.view import view


def test_it_fires_when_only_the_prior_moves_the_posterior():
    result = examine("WB601", with_sensitivity(prior=0.3, likelihood=0.01, diagnosis=STRONG_PRIOR))
    assert (result.status, result.severity) == ("tip", "none")
    assert "for 1 of 1 parameters; the most sensitive is `mu` (0.30)" in result.message


def test_it_is_quiet_when_the_data_decide():
    assert examine("WB601", with_sensitivity()).status == "passed"


@pytest.mark.parametrize("code", ["WB601", "WB602"])
@pytest.mark.parametrize(
    ("role", "status"), [("prior", "n/a"), ("likelihood", "passed"), ("unplaced", "passed")]
)
def test_without_a_likelihood_the_posterior_is_the_prior(code, role, status):
    record = copy.deepcopy(with_sensitivity())
    record["model"]["terms"] = [{"role": "latent", "confidence": "inferred"}, {"role": role}]
    result = examine(code, record)
    assert result.status == status
    assert (result.message == "The program has no likelihood: its posterior is the prior.") == (
        status == "n/a"
    )


def test_a_prior_that_may_be_a_likelihood_is_none_for_certain():
    record = copy.deepcopy(with_sensitivity())
    record["model"]["terms"] = [{"role": "prior", "confidence": "ask"}]
    assert examine("WB601", record).status == "passed"


def with_modes(mle, map_, se=0.155, sd=0.034, **sensitivity):
    """Return a record with a mode of `mu` without and with priors."""
    record = copy.deepcopy(with_sensitivity(**sensitivity))
    record["mle"] = {"status": "ok", "estimates": {"mu": {"value": mle, "se": se}}}
    record["map"] = {"status": "ok", "estimates": {"mu": {"value": map_}}}
    record["nuts"]["estimates"]["mu"]["sd"] = sd
    return record


def test_modes_three_posterior_sds_apart_are_an_issue():
    """Six of ten beside Beta(10, 90): the priors hold ten times the information of the data."""
    record = with_modes(0.6, 15 / 108, prior_weight=9.96, prior_rows=9.96)
    result = examine("WB601", record)
    assert (result.status, result.severity) == ("issue", "caution")
    assert "2.97 standard errors of the likelihood or 13.6 posterior SDs" in result.message
    assert "as much as 10 rows, 10 times the data" in result.message
    assert result.measured == pytest.approx((0.6 - 15 / 108) / 0.034)


def test_a_probability_is_compared_on_the_log_odds_scale():
    """From 0.6 to 15/108: 2.23 in log-odds, of which the standard error is 0.155 / 0.24."""
    record = with_modes(0.6, 15 / 108)
    record["model"]["parameters"] = [{"name": "mu", "type": "real<lower=0, upper=1>"}]
    record["nuts"]["estimates"]["mu"]["mean"] = 16 / 110
    result = examine("WB601", record)
    log_odds = math.log(0.6 / 0.4) - math.log(15 / 93)
    assert result.measured == pytest.approx(log_odds / (0.034 / (16 / 110 * 94 / 110)))
    assert f"{log_odds / (0.155 / 0.24):.1f} standard errors of the likelihood" in result.message
    assert "posterior SDs on the log-odds scale." in result.message


def test_a_scale_is_compared_on_the_log_scale():
    record = with_modes(2.0, 1.0, se=1.0, sd=1.0)
    record["model"]["parameters"] = [{"name": "mu", "type": "real<lower=0>"}]
    record["nuts"]["estimates"]["mu"]["mean"] = 0.2
    assert "`mu`" in examine("WB601", {**record, "nuts": SKIPPED}).message
    shift = find_largest_shift(view(record))
    assert shift is not None
    assert shift.in_se == pytest.approx(math.log(2) / 0.5)
    assert shift.in_sd == pytest.approx(math.log(2) / 5)


def test_what_is_computed_from_parameters_is_not_compared():
    record = with_modes(0.6, 0.1)
    record["model"]["parameter_priors"] = [{"name": "other", "kind": "stated"}]
    assert find_largest_shift(view(record)) is None
    record["model"]["parameter_priors"] = [{"name": "mu", "kind": "stated"}]
    assert find_largest_shift(view(record)) is not None


def test_of_several_modes_the_nearest_counts():
    """The MLE of a symmetric density is at one of two equal modes, the MAP perhaps at the other."""
    record = with_modes(2.0, -1.9)
    record["map"]["modes"] = [{"estimates": {"mu": -1.9}}, {"estimates": {"mu": 1.9}}]
    shift = find_largest_shift(view(record))
    assert shift is not None
    assert shift.map == 1.9


def test_modes_three_standard_errors_apart_are_an_issue():
    assert examine("WB601", with_modes(0.6, 0.1, sd=1.0)).status == "issue"


def test_modes_close_together_are_none():
    assert examine("WB601", with_modes(0.6, 0.55)).status == "passed"


def test_modes_are_compared_without_draws():
    far = {**with_modes(0.6, 0.1), "nuts": SKIPPED}
    near = {**with_modes(0.6, 0.5), "nuts": SKIPPED}
    assert examine("WB601", far).status == "issue"
    result = examine("WB601", near)
    assert result.status == "passed"
    assert "`mu` moves most, by 0.6 standard errors of the likelihood." in result.message
    by_laplace = {**near, "laplace": {"status": "ok", "estimates": {"mu": {"mean": 0.5, "sd": 0.02}}}}
    assert "5.0 posterior SDs" in examine("WB601", by_laplace).message


def test_joint_modes_of_latent_variables_are_not_compared():
    record = with_modes(0.6, 0.1)
    latent = {"statement": "theta ~ normal(mu, tau);", "role": "latent"}
    record["model"]["terms"] = [latent, {"statement": "y ~ normal(theta, 1);", "role": "likelihood"}]
    assert examine("WB601", record).status == "passed"


def test_heavy_priors_are_a_tip_even_where_they_agree_with_the_data():
    result = examine("WB601", with_sensitivity(prior_weight=2.5, prior_rows=25.0))
    assert result.status == "tip"
    assert "For `mu` they weigh as much as 25 rows, 2.5 times the data." in result.message
    assert examine("WB601", with_sensitivity(prior_weight=0.5)).status == "passed"
    assert "2.5 times as much as the data." in examine("WB601", with_sensitivity(prior_weight=2.5)).message


def test_without_power_scaling_it_does_not_apply():
    record = {
        **with_sensitivity(),
        "power_scaling": {"status": "not available", "reason": "no prior is stated."},
    }
    assert "no prior is stated" in examine("WB601", record).message
    assert examine("WB601", record).status == "n/a"


def test_without_draws_it_does_not_apply():
    assert examine("WB601", FAILED).status == "n/a"
    assert examine("WB601", UNREQUESTED).status == "skipped"


def with_carried_prior(mle, se=0.155):
    record = with_modes(mle, 15 / 108, se, prior_weight=9.96, prior_rows=9.96)
    record["updated"] = {"way": "normal", "parent": "before", "old_rows": 100, "new_rows": 10}
    return record


def test_the_posterior_of_earlier_rows_may_weigh_more_than_new_ones_that_agree_with_it():
    result = examine("WB601", with_carried_prior(0.4))
    assert (result.status, result.severity) == ("passed", "none")
    assert "The prior is the posterior of earlier rows, and the new rows agree with it" in result.message
    assert "1.7 standard errors of the likelihood" in result.message


def test_new_rows_that_contradict_the_posterior_of_earlier_ones_are_an_issue():
    result = examine("WB601", with_carried_prior(0.4, se=0.05))
    assert (result.status, result.severity) == ("issue", "caution")
    assert result.message.startswith("The new rows contradict the posterior of the earlier ones")
    assert "5.2 standard errors of the likelihood" in result.message
    assert "champion:SD*2" in result.advice
