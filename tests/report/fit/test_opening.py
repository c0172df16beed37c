"""The opening: posterior, mode, prior and predictions in sentences that claim what the record says."""

from __future__ import annotations

from tests.report.documents import changed_fit
from tests.report.simulated import simulate_fit
from workbench.report.fit.opening import (
    build_opening,
    describe_posterior,
    describe_prior,
    find_main_quantities,
)
from workbench.results.view import Results


def test_names_posterior_mode_prior_and_predictions():
    fit = simulate_fit()
    first, second, third = build_opening(fit.results)
    posterior = fit.record["nuts"]["estimates"]["mu"]
    assert f"`mu` is {posterior['mean']:.2f}" in describe_posterior(fit.results)
    assert "2 transitions diverged" in first
    assert "posterior SD" in second
    expected = "The prior matters: the sensitivity to it is above 0.05 for `tau` (0.180)."
    assert describe_prior(fit.results) == expected
    assert "Replicated data do not reproduce the max of `y` (p = 0.004)." in third


def test_without_a_likelihood_the_posterior_is_the_prior():
    fit = changed_fit()
    fit.record["model"]["terms"] = [{"role": "prior"}]
    assert describe_prior(fit.results) == "The program has no likelihood: its posterior is the prior."


def test_units_are_those_of_the_card():
    fit = changed_fit()
    fit.record["model"]["units"] = {"mu": "points", "tau": "none"}
    found = describe_posterior(fit.results)
    assert "points (" in found
    assert "none" not in found


def test_claims_nothing_about_draws_that_are_not_reliable():
    fit = changed_fit()
    fit.record["diagnosis"]["verdict"] = "fail"
    assert describe_posterior(fit.results).startswith("According to draws that are not reliable yet")


def test_is_reassuring_where_nothing_is_wrong():
    fit = changed_fit()
    for sensitivity in fit.record["power_scaling"]["parameters"].values():
        sensitivity["prior"] = 0.004
    fit.record["predictive"]["outcomes"][0]["statistics"][1]["p_value"] = 0.4
    for gap in fit.record["gaps"].values():
        gap["in_sd"] = 0.1
    text = " ".join(build_opening(fit.results))
    assert "The joint mode (MAP) is close to the posterior mean" in text
    assert "The prior matters little, as far as small changes of it show" in describe_prior(fit.results)
    assert "reproduce all 2 test statistics of the observed data" in text


def test_names_the_largest_step_of_the_largest_gap():
    fit = changed_fit()
    fit.record["gaps"]["tau"] = {"in_sd": -3.0, "jacobian": -0.1, "curvature": -0.2, "non_gaussian": -5.0}
    text = " ".join(build_opening(fit.results))
    assert "for `tau` it lies 3.00 posterior SDs below the mean, mostly because the posterior is not" in text


def test_a_largest_step_within_monte_carlo_error_is_not_a_cause():
    fit = changed_fit()
    fit.record["gaps"]["tau"] = {
        "in_sd": -3.0, "jacobian": -0.1, "curvature": -5.0, "curvature_error": 4.0, "non_gaussian": 2.1,
    }  # fmt: skip
    text = " ".join(build_opening(fit.results))
    assert "mostly because" not in text
    assert "too few to say why, as the largest step is within Monte Carlo error" in text


def test_draws_that_are_not_reliable_are_not_judged():
    fit = changed_fit()
    check = {"code": "WB101", "status": "issue", "severity": "fail", "message": "R-hat is 2.9."}
    fit.record["diagnosis"] |= {"verdict": "fail", "checks": [check]}  # type: ignore[index]
    (convergence,) = build_opening(fit.results)
    assert "largest R-hat" in convergence
    assert describe_prior(fit.results) == ""


def test_what_a_finding_says_of_the_prior_is_not_said_again():
    fit = changed_fit()
    fit.record["diagnosis"]["checks"].append({"code": "WB601", "status": "tip", "message": "Strong."})
    assert describe_prior(fit.results) == ""


def test_a_test_statistic_is_judged_as_its_check_does():
    """One in twenty p-values is below 0.025 or above 0.975 where nothing is wrong."""
    fit = changed_fit()
    fit.record["predictive"]["outcomes"][0]["statistics"][1]["p_value"] = 0.976
    assert "Replicated data reproduce all 2 test statistics" in " ".join(build_opening(fit.results))


def test_an_empty_record_has_no_opening():
    assert build_opening(Results()) == ()


def test_main_quantities_are_parameters_with_few_elements():
    assert find_main_quantities(simulate_fit(schools=7, draws=40).results) == ["mu", "tau"]
