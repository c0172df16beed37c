"""The author's own `log_lik`, `y_rep` and `lprior` are the ones that are kept and used."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import workbench
from workbench.results.outcome_scales import read_scales

PROGRAM = """
data { int N; vector<lower=0>[N] weight; }
transformed data { vector[N] logw = log(weight); }
parameters { real mu; real<lower=0> sigma; }
model {
  mu ~ normal(0, 5);
  sigma ~ exponential(1);
  logw ~ normal(mu, sigma);
}
generated quantities {
  vector[N] log_lik;
  real lprior = normal_lpdf(mu | 0, 5);
  array[N] real y_rep = lognormal_rng(rep_vector(mu, N), sigma);
  for (n in 1:N) log_lik[n] = normal_lpdf(logw[n] | mu, sigma) - logw[n];
}
"""

WEIGHT = np.exp(np.random.default_rng(5).normal(4, 0.5, 30))


@pytest.fixture(scope="module")
def fit(tools, tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    (folder / "own.stan").write_text(PROGRAM)
    table = pd.DataFrame({"weight": WEIGHT})
    return workbench.fit(
        folder / "own.stan", table, method="nuts", draws=200, warmup=300, chains=2, output=folder / "run"
    )


def test_the_authors_log_likelihood_is_kept_under_its_name_and_its_scale_is_found(fit):
    assert list(fit.tree["log_likelihood"].data_vars) == ["log_lik"]
    source = fit.results.nuts.log_lik
    assert (source.name, source.source, source.scale, source.column) == (
        "log_lik", "program", "column", "weight",
    )  # fmt: skip
    posterior = fit.tree["posterior"]
    expected = stats.lognorm.logpdf(
        WEIGHT, posterior["sigma"].values[..., None], scale=np.exp(posterior["mu"].values[..., None])
    )
    np.testing.assert_allclose(fit.tree["log_likelihood"]["log_lik"], expected, atol=4e-4)  # as rounded


def test_the_map_from_the_column_is_in_the_run(fit):
    (outcome,) = fit.results.model.outcomes
    assert (outcome.name, outcome.variable, outcome.density_of) == ("weight", "logw", "log(weight)")
    values, log_jacobian = read_scales(fit.tree, "logw")["weight"]
    np.testing.assert_allclose(values, WEIGHT)
    np.testing.assert_allclose(log_jacobian, -np.log(WEIGHT))


def test_the_authors_replicates_are_checked_against_the_column(fit):
    (outcome,) = fit.results.predictive.outcomes
    assert (outcome.name, outcome.replicate, outcome.source) == ("weight", "y_rep", "y_rep")
    mean = next(item for item in outcome.statistics if item.name == "mean")
    assert mean.observed == pytest.approx(WEIGHT.mean())
    assert 0.01 < mean.p_value < 0.99
    assert list(fit.tree["posterior_predictive"].data_vars) == ["y_rep"]


def test_an_lprior_that_leaves_out_a_prior_is_the_one_that_is_scaled(fit):
    assert fit.results.nuts.log_prior_from == "program"
    own = fit.tree["log_prior"]["lprior"].values[:, :, 0]
    expected = stats.norm.logpdf(fit.tree["posterior"]["mu"].values, 0, 5)
    np.testing.assert_allclose(own, expected, rtol=1e-6)
