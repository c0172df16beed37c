"""The hierarchical models under nearly flat priors, against lme4's mixed models.

With many groups and flat priors the posterior of the coefficients is close to normal around the maximum of
the likelihood. What remains between posterior mean and estimate is a small part of a standard deviation,
which lme4's own standard error measures.
"""

import numpy as np
import pandas as pd
import pytest

from workbench import library
from workbench.methods import Nuts
from workbench.workflow import fit as fit_workflow
from workbench.workflow.options import FitOptions

pytestmark = pytest.mark.truth

_PART = 0.25
"""Of a posterior standard deviation, besides the Monte Carlo error."""


@pytest.fixture(scope="module")
def sample(tools, tmp_path_factory):
    """Draw from a bundled model on its own data, with hyperparameters by name."""

    def run(name, **priors):
        model = library.find(name)
        options = FitOptions(
            methods=(Nuts(draws=1500),), priors=priors, jobs=2, output=tmp_path_factory.mktemp(name) / "run"
        )
        fit = fit_workflow.fit_files(model.program, model.table, options)
        return fit.record["nuts"]["estimates"], pd.read_csv(model.table)

    return run


def agree(numbers, expected):
    slack = _PART * numbers["sd"] + 4 * numbers["mcse_mean"]
    assert numbers["mean"] == pytest.approx(expected, abs=slack)


def test_varying_intercepts(sample):
    """R: lmer(log_radon ~ floor + log_uranium + (1 | county), REML = FALSE), lme4 1.1-31.

    statsmodels' MixedLM does not converge here: the variance between counties is small.
    """
    found, _ = sample(
        "varying_intercepts", alpha_prior_sd=100, beta_prior_sd=100, tau_prior_sd=10, sigma_prior_sd=10
    )
    agree(found["slope[1]"], -0.63705273)
    agree(found["slope[2]"], 0.70026417)
    assert found["sigma"]["median"] == pytest.approx(0.72829227, rel=0.02)
    assert found["tau"]["lower"] < 0.13755740 < found["tau"]["upper"]


def test_varying_slopes(sample):
    """R: lmer(reaction ~ days + (days | subject), REML = FALSE), lme4 1.1-31."""
    found, _ = sample(
        "varying_slopes",
        alpha_prior_sd=1000,
        beta_prior_sd=1000,
        tau_intercept_prior_sd=500,
        tau_slope_prior_sd=200,
        Omega_prior_eta=1,
        sigma_prior_sd=500,
    )
    agree(found["beta"], 10.467286)
    agree(found["alpha"], 251.405105 + 4.5 * 10.467286)
    assert found["sigma"]["median"] == pytest.approx(25.591907, rel=0.03)
    assert found["tau[2]"]["lower"] < 5.716798 < found["tau[2]"]["upper"]


def test_repeated_measures(sample):
    """R: lmer(effort ~ stool + (1 | subject), REML = FALSE), lme4 1.1-31; a balanced design."""
    found, table = sample(
        "repeated_measures", alpha_prior_sd=100, effect_prior_sd=100, tau_prior_sd=100, sigma_prior_sd=100
    )
    means = table.groupby("stool")["effort"].mean()
    assert means["T2"] - means["T1"] == pytest.approx(3.88888889)
    for condition, effect in enumerate(means - means.mean(), 1):
        agree(found[f"effect[{condition}]"], effect)
    agree(found["alpha"], table["effort"].mean())


def test_hierarchical_logistic(sample):
    """R: glmer(immunised ~ ... + (1 | community), family = binomial, nAGQ = 15), lme4 1.1-31."""
    found, _ = sample("hierarchical_logistic", alpha_prior_sd=100, beta_prior_sd=100, gamma_prior_sd=100)
    glmer = [1.01106318, 0.22160277, 0.22936347, -0.26788279, -0.10718108]
    for k, expected in enumerate(glmer, 1):
        agree(found[f"slope[{k}]"], expected)
    agree(found["group_slope[1]"], -0.56783191)
    agree(found["group_slope[2]"], -0.66939501)
    assert np.log(found["tau"]["median"] / 0.66067016) == pytest.approx(0, abs=0.15)
