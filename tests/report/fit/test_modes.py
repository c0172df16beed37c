"""Optima: distinct modes, the likelihood at its maximum, penalties and starts."""

from __future__ import annotations

from tests.report.documents import changed_fit, find_table, list_notices, list_text
from tests.report.page import read_page
from workbench.report.fit.modes import build_section
from workbench.report.fit.report import build_fit_report
from workbench.report.html import render
from workbench.results.view import Results


def test_several_modes_have_a_notice_and_a_table():
    fit = changed_fit()
    fit.record["map"]["modes"] = [
        {"log_density": -3.0, "starts": 6, "distance": 0.0, "estimates": {"mu": 1.0}},
        {"log_density": -9.5, "starts": 2, "distance": 4.2, "estimates": {"mu": -7.0}},
    ]
    section = build_section(fit.results)
    assert "the starts ended at 2 distinct modes" in " ".join(list_notices(section))
    assert list_text(find_table(section, "modes-map").rows[1]) == ["2", "−9.50", "2", "4.20", "−7"]


def test_likelihood_penalties_and_starts_are_shown():
    fit = changed_fit()
    start = {"seed": 7, "status": "converged", "optimizer": "L-BFGS", "log_density": -1.0}
    fit.record["mle"] |= {"aic": 57.1, "bic": 57.0, "parameters": 1, "observations": 7, "starts": [start]}  # type: ignore[index]
    fit.record["map"]["regularisation"] = [{"words": "`mu ~ normal(0, 5)` is a ridge penalty."}]
    text = read_page(render(build_fit_report(fit))).text
    assert "AIC57.1" in text.replace("\n", "")
    assert "mu ~ normal(0, 5) is a ridge penalty." in text
    assert "All starts of the optimisers (1)" in text


def test_a_run_without_optima_is_said_to_have_none():
    assert list_notices(build_section(Results())) == ["No mode was computed."]


def test_the_sample_size_of_the_bic_is_said_and_what_it_would_be_with_trials():
    fit = changed_fit()
    fit.record["mle"] |= {  # type: ignore[index]
        "status": "ok", "log_lik": -25.0, "aic": 52.0, "bic": 54.0, "parameters": 2, "observations": 7,
        "bic_count": 7, "trials": 70,
    }  # fmt: skip
    text = read_page(render(build_fit_report(fit))).text
    assert "7 (the observations)" in text
    assert "the BIC is 58.6" in text
    assert "--bic-count 70" in text
