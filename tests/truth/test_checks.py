"""Checks on real fits: they fire on programs built to break them, and stay quiet on healthy ones."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import arviz_stats
import numpy as np
import pandas as pd
import pytest

import workbench
from workbench.results import Fit

X = np.random.default_rng(20).normal(0, 1, 120)

FUNNEL = """
parameters { real log_tau; vector[9] theta; }
model { log_tau ~ normal(0, 3); theta ~ normal(0, exp(log_tau)); }
"""
TWO_MODES = """
data { int N; vector[N] y; }
parameters { real mu; }
model { mu ~ normal(0, 10); y ~ normal(abs(mu), 1); }
"""
NOT_IDENTIFIED = """
data { int N; vector[N] y; }
parameters { real a; real b; }
model { y ~ normal(a + b, 1); }
"""
LINE = """
data { int N; vector[N] x; vector[N] y; }
parameters { real a; real b; real<lower=0> sigma; }
model {
  a ~ normal(0, 5);
  b ~ normal(0, 5);
  sigma ~ exponential(0.2);
  y ~ normal(a + b * x, sigma);
}
"""
COUNTS = """
data { int N; vector[N] x; array[N] int<lower=0> y; }
parameters { real a; real b; }
model { a ~ normal(0, 2); b ~ normal(0, 1); y ~ poisson_log(a + b * x); }
"""
BINARY = """
data { int N; vector[N] x; array[N] int<lower=0, upper=1> y; }
parameters { real a; real b; }
model { a ~ normal(0, 2); b ~ normal(0, 2); y ~ bernoulli_logit(a + b * x); }
"""
LOGGED = """
data { int N; vector<lower=0>[N] y; }
transformed data { vector[N] log_y = log(y); }
parameters { real mu; real<lower=0> sigma; }
model { mu ~ normal(0, 5); sigma ~ exponential(1); log_y ~ normal(mu, sigma); }
"""
SAMPLE = """
data { int N; vector[N] y; }
parameters { real mu; real<lower=0> sigma; }
model { y ~ normal(mu, sigma); sigma ~ normal(0, 5); }
"""
STATES = """
data { int N; array[N] int<lower=0> y; }
parameters { real mu; real<lower=0> sigma; vector[N] z; }
model {
  mu ~ normal(0, 2);
  sigma ~ normal(0, 1);
  z ~ std_normal();
  y ~ poisson_log(mu + sigma * z);
}
"""
MEAN = """
data { int N; vector[N] y; real m; real<lower=0> s; }
parameters { real mu; }
model { mu ~ normal(m, s); y ~ normal(mu, 1); }
"""


@pytest.fixture(scope="module")
def fitted(tools, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Fit]:
    """Fit a program given as text to data given as a dictionary or a table."""

    def fit(source: str, data: dict[str, Any] | pd.DataFrame, **settings: Any) -> Fit:
        folder = tmp_path_factory.mktemp("checked")
        model = folder / "model.stan"
        model.write_text(source, encoding="utf-8")
        return workbench.fit(model, data, output=folder / "run", **{"seed": 3, "jobs": 2, **settings})

    return fit


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """Return a generator of this test's own: its data do not depend on the tests before it."""
    return np.random.default_rng(zlib.crc32(request.node.name.encode()))


def statuses(fit: Fit) -> dict[str, str]:
    return {one["code"]: one["status"] for one in fit.record["diagnosis"]["checks"]}


def said(fit: Fit, code: str) -> str:
    checks = fit.record["diagnosis"]["checks"]
    return str(next(one["message"] for one in checks if one["code"] == code))


@pytest.fixture(scope="module")
def overdispersed(fitted):
    rng = np.random.default_rng(21)
    y = rng.poisson(np.exp(1 + 0.5 * X) * rng.gamma(1, 1, 120))
    return fitted(COUNTS, {"N": 120, "x": X.tolist(), "y": y.tolist()})


def test_overdispersed_counts_are_found(overdispersed):
    assert overdispersed.record["diagnosis"]["verdict"] == "caution"
    assert statuses(overdispersed)["WB507"] == "issue"
    assert statuses(overdispersed)["WB505"] == "issue"
    assert "overdispersed" in said(overdispersed, "WB507")


@pytest.mark.filterwarnings("ignore:Estimated shape parameter")
def test_numbers_of_a_run_are_arvizs_on_its_stored_draws(overdispersed):
    """Read back from the file: leave-one-out, k-hat, and the transforms of the outcome."""
    tree = overdispersed.tree
    theirs = arviz_stats.loo(tree, pointwise=True)
    ours = overdispersed.record["loo"]
    assert ours["elpd"] == pytest.approx(theirs.elpd, rel=1e-10)
    assert ours["se"] == pytest.approx(theirs.se, rel=1e-10)
    assert ours["khat_max"] == pytest.approx(float(theirs.pareto_k.max()), rel=1e-8)
    psense = arviz_stats.psense_summary(tree, var_names=["a", "b"], round_to=12)
    for name in ("a", "b"):
        assert overdispersed.record["power_scaling"]["parameters"][name]["prior"] == pytest.approx(
            psense.loc[name, "prior"], rel=1e-8
        )


@pytest.mark.truth
def test_a_poisson_model_of_poisson_counts_is_healthy(fitted, rng):
    y = rng.poisson(np.exp(1 + 0.5 * X))
    fit = fitted(COUNTS, {"N": 120, "x": X.tolist(), "y": y.tolist()})
    assert fit.record["diagnosis"]["verdict"] == "ok"
    assert "issue" not in statuses(fit).values()


@pytest.mark.truth
def test_a_line_through_a_line_is_healthy_and_heavy_tails_are_found(fitted, rng):
    healthy = 1 + 2 * X + rng.normal(0, 1, 120)
    fit = fitted(LINE, {"N": 120, "x": X.tolist(), "y": healthy.tolist()})
    assert fit.record["diagnosis"]["verdict"] == "ok"
    assert set(statuses(fit).values()) <= {"passed", "n/a", "skipped"}
    heavy = 1 + 2 * X + rng.standard_t(1, 120)
    fit = fitted(LINE, {"N": 120, "x": X.tolist(), "y": heavy.tolist()})
    assert fit.record["diagnosis"]["verdict"] == "caution"
    assert "issue" in {statuses(fit)[code] for code in ("WB502", "WB504", "WB505")}
    assert statuses(fit)["WB703"] == "tip"


@pytest.mark.truth
def test_probabilities_of_a_wrong_link_are_found_and_of_the_right_one_not(fitted, rng):
    """Outcomes that follow the absolute value of the predictor, which the model does not know."""
    x = rng.normal(0, 1, 600)
    right = rng.random(600) < 1 / (1 + np.exp(-(0.5 + x)))
    fit = fitted(BINARY, {"N": 600, "x": x.tolist(), "y": right.astype(int).tolist()})
    assert fit.record["diagnosis"]["verdict"] == "ok"
    scores = fit.record["predictive"]["outcomes"][0]["scores"]
    inside = [row["lower"] <= row["observed"] <= row["upper"] for row in scores["reliability"]]
    assert sum(inside) >= 8


@pytest.mark.truth
def test_an_outcome_made_in_transformed_data_is_checked_as_such(fitted, rng):
    y = np.exp(rng.normal(1, 0.5, 60))
    fit = fitted(LOGGED, {"N": 60, "y": y.tolist()})
    np.testing.assert_allclose(fit.tree["observed_data"]["log_y"], np.log(y), rtol=1e-8)
    assert fit.tree["posterior_predictive"]["log_y_rep"].shape == (4, 1000, 60)
    (outcome,) = fit.record["predictive"]["outcomes"]
    assert (outcome["name"], outcome["kind"], outcome["pit"]["source"]) == ("log_y", "continuous", "loo")
    assert fit.record["diagnosis"]["verdict"] == "ok"


@pytest.mark.truth
def test_a_funnel_is_found_and_where_it_narrows(fitted):
    fit = fitted(FUNNEL, {})
    assert fit.record["diagnosis"]["verdict"] in ("caution", "fail")
    assert statuses(fit)["WB201"] == "issue"
    assert "`log_tau` (-" in said(fit, "WB201")


@pytest.mark.truth
def test_two_modes_are_found(fitted, rng):
    y = rng.normal(5, 1, 50)
    fit = fitted(TWO_MODES, {"N": 50, "y": y.tolist()})
    assert fit.record["diagnosis"]["verdict"] == "fail"
    assert statuses(fit)["WB101"] == "issue"
    assert statuses(fit)["WB404"] == "issue"
    assert statuses(fit)["WB405"] == "issue"
    assert "they differ in the sign of `mu`" in said(fit, "WB405")
    first, second = fit.record["map_unconstrained"]["modes"]
    assert first["log_mass"] == pytest.approx(second["log_mass"], abs=1e-6)


@pytest.mark.truth
def test_what_is_not_identified_is_found(fitted, rng):
    fit = fitted(NOT_IDENTIFIED, {"N": 20, "y": rng.normal(0, 1, 20).tolist()})
    assert fit.record["diagnosis"]["verdict"] == "fail"
    assert statuses(fit)["WB101"] == "issue"
    assert "`a`, `b`" in said(fit, "WB604")


@pytest.mark.truth
def test_prior_and_data_that_disagree_are_found_and_those_that_agree_not(fitted, rng):
    y = rng.normal(0, 1, 10).tolist()
    torn = fitted(MEAN, {"N": 10, "y": y, "m": 4.0, "s": 0.5})
    assert statuses(torn)["WB602"] == "tip"
    assert "`mu`" in said(torn, "WB602")
    assert statuses(torn)["WB601"] == "issue"
    assert torn.results.power_scaling.parameters["mu"].prior_rows == pytest.approx(1 / 0.25, rel=1e-6)
    agreed = fitted(MEAN, {"N": 10, "y": y, "m": 0.0, "s": 2.0})
    assert statuses(agreed)["WB602"] == "passed"
    assert statuses(agreed)["WB601"] == "passed"


@pytest.mark.truth
def test_dependent_rows_are_found_and_independent_ones_pass(fitted, rng):
    """An autoregressive series of 150 days in 15 sites, fitted as independent rows."""
    days = np.arange(150)
    series = np.zeros(150)
    for day in days[1:]:
        series[day] = 0.95 * series[day - 1] + rng.normal()
    table = {"day": days, "site": [f"site {day // 10}" for day in days]}
    fit = fitted(SAMPLE, pd.DataFrame({**table, "y": series}))
    assert (statuses(fit)["WB508"], statuses(fit)["WB509"]) == ("issue", "issue")
    assert "along `day`" in said(fit, "WB508")
    assert "within `site`" in said(fit, "WB509")
    fit = fitted(SAMPLE, pd.DataFrame({**table, "y": rng.normal(0, 1, 150)}))
    assert (statuses(fit)["WB508"], statuses(fit)["WB509"]) == ("passed", "passed")


@pytest.mark.truth
def test_counts_with_a_state_for_each_row_are_not_called_underdispersed(fitted, rng):
    y = rng.poisson(np.exp(0.5 + 0.8 * rng.normal(0, 1, 100)))
    fit = fitted(STATES, {"N": 100, "y": y.tolist()}, method="nuts")
    assert statuses(fit)["WB507"] == "n/a"
    assert "predictions adapt to single rows" in said(fit, "WB507")


@pytest.mark.truth
def test_terms_of_draws_that_need_more_digits_than_are_written_add_up(fitted, rng):
    """A mean of 1e7 known to 0.002: written with ten digits, it is off by up to a quarter of that."""
    y = 1e7 + 0.02 * rng.normal(0, 1, 100)
    fit = fitted(SAMPLE, {"N": 100, "y": y.tolist()}, method="nuts")
    assert statuses(fit)["WB501"] == "passed"


@pytest.mark.truth
def test_a_prior_that_outweighs_the_data_is_found(fitted):
    fit = fitted(MEAN, {"N": 2, "y": [0.1, -0.1], "m": 0.0, "s": 0.05})
    assert statuses(fit)["WB601"] == "tip"
    assert statuses(fit)["WB603"] == "n/a"  # the constants of the prior are the program's own data
