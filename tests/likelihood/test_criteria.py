"""AIC, AICc and BIC of several runs against statsmodels and closed forms."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from tests.likelihood.conftest import COLUMNS, LINEAR
from workbench.errors import RequestError
from workbench.likelihood.criteria import compute_criteria

LOG_SCORE = """data { int N; vector<lower=0>[N] y; }
transformed data { vector[N] z = log(y); }
parameters { real mu; real<lower=0> sigma; }
model { z ~ normal(mu, sigma); }
"""

PLAIN = """data { int N; vector<lower=0>[N] y; }
parameters { real mu; real<lower=0> sigma; }
model { y ~ lognormal(mu, sigma); }
"""

BINOMIAL = """data { int N; array[N] int<lower=0> n; array[N] int<lower=0> y; vector[N] x; }
parameters { real alpha; real beta; }
model { y ~ binomial_logit(n, alpha + beta * x); }
"""

PENALISED = """data { int N; int K; matrix[N, K] X; vector[N] y; }
parameters { real alpha; vector[K] beta; real<lower=0> sigma; }
model {
  beta ~ normal(0, 1);
  y ~ normal(alpha + X * beta, sigma);
}
"""

EFFECTS = """data { int N; int J; array[N] int<lower=1, upper=J> site; vector[N] y; }
parameters { real mu; vector[J] a; real<lower=0> sigma; }
model { a ~ normal(mu, 1); y ~ normal(a[site], sigma); }
"""

JOINT = """data { int N; vector[N] y; }
parameters { real mu; real<lower=0> sigma; }
model { y ~ multi_normal_cholesky(rep_vector(mu, N), sigma * identity_matrix(N)); }
"""


@pytest.fixture(scope="module")
def nested(fit_program, table):
    return fit_program("linear", LINEAR, table, columns={"X": ["dose"], "y": "score"})


def test_criteria_and_weights_are_those_of_statsmodels(fits, nested, table):
    found = compute_criteria({"small": nested, "large": fits["linear"]})
    x = sm.add_constant(table[["age", "dose"]])
    known = {
        "large": sm.OLS(table["score"], x).fit(),
        "small": sm.OLS(table["score"], x[["const", "dose"]]).fit(),
    }
    frame: Any = found.table
    assert frame.index.tolist() == ["large", "small"]
    rows = len(table)
    for name, fit in known.items():  # statsmodels does not count sigma
        count = int(fit.df_model) + 2
        assert frame.loc[name, "parameters"] == count
        assert frame.loc[name, "aic"] == pytest.approx(fit.aic + 2, rel=1e-8)
        assert frame.loc[name, "bic"] == pytest.approx(fit.bic + np.log(rows), rel=1e-8)
        assert frame.loc[name, "aicc"] == pytest.approx(
            fit.aic + 2 + 2 * count * (count + 1) / (rows - count - 1), rel=1e-8
        )
    gap = (known["small"].aic - known["large"].aic) / 2
    assert frame.loc["small", "aic_weight"] == pytest.approx(1 / (1 + np.exp(gap)), rel=1e-6)
    assert frame["bic_weight"].sum() == pytest.approx(1)
    assert frame.loc["small", "aic_difference"] == pytest.approx(2 * gap, rel=1e-7)
    assert "240 observations" in found.words[0]
    assert not found.obstacle


def test_a_sample_size_can_be_given(fits, nested):
    usual: Any = compute_criteria({"small": nested, "large": fits["linear"]})
    given: Any = compute_criteria({"small": nested, "large": fits["linear"]}, observations=40)
    assert given.runs[1].values["aic"] == usual.runs[1].values["aic"]
    change = 4 * (np.log(40) - np.log(240))
    assert given.runs[1].values["bic"] == pytest.approx(usual.runs[1].values["bic"] + change)
    assert given.words == ("AICc and BIC take 40 observations, as given.",)
    with pytest.raises(RequestError, match="at least 1"):
        compute_criteria({"large": fits["linear"]}, observations=0)


def test_trials_are_told_from_rows(fit_program):
    rng = np.random.default_rng(1)
    data = pd.DataFrame({"n": rng.integers(5, 20, 60), "x": rng.normal(size=60)})
    data["y"] = rng.binomial(data["n"], 1 / (1 + np.exp(-data["x"])))
    found = compute_criteria({"run": fit_program("binomial", BINOMIAL, data)})
    assert found.observations == 60
    assert f"{data['n'].sum():,} trials" in found.words[1]
    known = sm.GLM(
        np.column_stack([data["y"], data["n"] - data["y"]]),
        sm.add_constant(data["x"]),
        family=sm.families.Binomial(),
    ).fit()
    assert found.table.loc["run", "aic"] == pytest.approx(known.aic, rel=1e-8)


def test_densities_of_a_logarithm_are_put_on_one_scale(fit_program, table):
    positive = table.assign(score=np.exp(0.3 * table["score"]))
    fits = {
        name: fit_program(name, text, positive, columns={"y": "score"}, method=["mle", "nuts"], draws=200)
        for name, text in {"log": LOG_SCORE, "plain": PLAIN}.items()
    }
    found = compute_criteria(fits)
    assert not found.obstacle
    shape, _, scale = stats.lognorm.fit(positive["score"], floc=0)
    known = stats.lognorm.logpdf(positive["score"], shape, 0, scale).sum()
    for run in found.runs:
        assert run.log_lik == pytest.approx(known, rel=1e-8)
    assert any("Jacobian" in text for text in found.words)


def test_runs_without_a_maximised_likelihood_are_rows_with_the_reason(fit_program, fits, table):
    columns = {**COLUMNS, "y": "score"}
    found = compute_criteria(
        {
            "linear": fits["linear"],
            "effects": fit_program("effects", EFFECTS, table, columns={"y": "score"}),
            "prior": fit_program("kept", PENALISED, table, columns=columns, role={"line 4": "likelihood"}),
            "map": fit_program("linear", LINEAR, table, columns=columns, method="map"),
        }
    )
    reasons = {run.name: run.reason for run in found.runs}
    assert not reasons["linear"]
    assert "no marginal likelihood" in reasons["effects"]
    assert "density of a parameter" in reasons["prior"]
    assert "no maximum-likelihood estimate" in reasons["map"]
    assert found.table.index.tolist() == ["linear"]
    assert found.to_dict()["runs"][1]["aic"] is None


def test_runs_of_other_rows_or_outcomes_are_not_compared(fit_program, fits, table):
    fewer = fit_program("linear", LINEAR, table.head(200), columns={**COLUMNS, "y": "score"})
    for others in ({"a": fits["linear"], "b": fewer}, {"a": fits["linear"], "b": fits["poisson"]}):
        found = compute_criteria(others)
        assert "not fitted to the same outcome" in found.obstacle
        assert found.table.empty


def test_one_density_of_all_rows_has_no_sample_size_of_its_own(fit_program):
    """As BIC with the sample size 1 it would lack its penalty, log(1) = 0."""
    y = np.random.default_rng(2).normal(3, 2, 30)
    fit = fit_program("joint", JOINT, pd.DataFrame({"y": y}))
    log_lik = stats.norm.logpdf(y, y.mean(), y.std()).sum()
    assert fit.results.mle.aic == pytest.approx(4 - 2 * log_lik, rel=1e-8)
    assert fit.results.mle.bic is None
    assert fit.results.mle.bic_count is None
    found = compute_criteria({"joint": fit})
    assert set(found.runs[0].values or {}) == {"aic"}
    assert "no AICc and no BIC" in found.words[0]
    sized = compute_criteria({"joint": fit}, observations=30).runs[0].values or {}
    assert sized["bic"] == pytest.approx(2 * np.log(30) - 2 * log_lik, rel=1e-8)
