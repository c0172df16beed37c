"""Examples of R's bridgesampling, and of the papers behind it, stated again from public sources."""

import math

import numpy as np
import pytest

import workbench

COIN = "data { int n; int<lower=0, upper=n> k; } "


def test_the_coin_of_the_tutorial(fit_program):
    """Gronau et al. (2017), section 3: 2 of 10 under a uniform prior have the marginal likelihood 1/11."""
    data = {"n": 10, "k": 2}
    unknown = fit_program(
        "unknown", COIN + "parameters { real<lower=0, upper=1> p; } model { k ~ binomial(n, p); }", data
    )
    fair = fit_program("fair", COIN + "model { k ~ binomial(n, 0.5); }", data)
    compared = workbench.compare([unknown, fair], evidence=True, progress=False)
    rows = compared.to_dict()["evidence"]["runs"]
    row = rows["unknown"]
    assert abs(row["log_evidence"] - math.log(1 / 11)) < 3 * row["log_evidence_se"]
    assert rows["fair"]["log_evidence"] == pytest.approx(math.log(45 / 1024))
    assert rows["fair"]["method"] == "no parameters"
    assert row["probability"] == pytest.approx((1 / 11) / (1 / 11 + 45 / 1024), abs=3 * row["probability_se"])


SLEEP = np.array([1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4])
"""Hours of sleep gained by each of ten patients with one drug beyond those with another: R's `sleep`."""

TTEST = "data { int n; vector[n] y; } parameters { real<lower=-15, upper=15> v; %s } model { %s }"
"""The logarithm of the variance, uniform within bounds so wide that they do not matter: Jeffreys's prior."""


def test_the_t_test_of_bridgesampling(fit_program):
    """Its vignette `bridgesampling_stan_ttest` compares with BayesFactor: `ttestBF(sleep)` gives 17.26.

    The manual of BayesFactor 0.9.12 has 17.25888 for a Cauchy prior of scale 1/sqrt(2), and with a positive
    effect 34.41694. The latter prior is cut off by its declaration, where the vignette divides by hand.
    """
    data = {"n": 10, "y": SLEEP}
    prior = "d ~ cauchy(0, inv_sqrt(2.0)); y ~ normal(d * exp(v / 2), exp(v / 2));"
    fits = [
        fit_program("none", TTEST % ("", "y ~ normal(0, exp(v / 2));"), data),
        fit_program("some", TTEST % ("real d;", prior), data),
        fit_program("positive", TTEST % ("real<lower=0> d;", prior), data),
    ]
    rows = workbench.compare(fits, evidence=True, progress=False).to_dict()["evidence"]["runs"]
    for name, published in (("some", 17.25888), ("positive", 34.41694)):
        found = rows[name]["log_evidence"] - rows["none"]["log_evidence"]
        error = math.hypot(rows[name]["log_evidence_se"], rows["none"]["log_evidence_se"])
        assert abs(found - math.log(published)) < 3 * error
        assert error < 0.02
