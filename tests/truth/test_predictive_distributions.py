"""Predictive distributions in closed form: of conjugate models, and of regressions by statsmodels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

import workbench
from tests.conftest import STAN_MODELS
from workbench import tables
from workbench.results import Fit, run_directory
from workbench.workflow.predict import predict
from workbench.workflow.score import score

pytestmark = [pytest.mark.truth, pytest.mark.usefixtures("tools")]

SETTINGS: dict[str, Any] = {"draws": 1000, "chains": 4, "report": False}
LEVEL = 0.95
ERRORS = 5
"""Monte Carlo standard errors that estimates may be off."""


def fit_bundled(name: str, frame: pd.DataFrame, folder, **options) -> Fit:
    (path,) = STAN_MODELS.glob(f"*/{name}.stan")
    workbench.fit(path, frame, output=folder / "run", **SETTINGS, **options)
    return run_directory.read(folder / "run")


def check(fit: Fit, frame: pd.DataFrame, law, *, draws: int = 4000) -> None:
    """Compare predictions and scores of some rows with their predictive distributions."""
    found = predict(fit, tables.from_frame(frame))
    mean, sd = law.mean(), law.std()
    assert np.all(np.abs(found["mean"] - mean) < ERRORS * sd / np.sqrt(draws / 4))
    np.testing.assert_allclose(found["sd"], sd, rtol=ERRORS * 2 / np.sqrt(draws / 4))
    tail = (1 - LEVEL) / 2
    error = ERRORS * np.sqrt(tail * (1 - tail) / (draws / 4))
    assert np.all(law.cdf(found["lower"]) >= tail - error)
    assert np.all(law.sf(found["upper"]) <= tail + error)
    density = law.logpmf if hasattr(law.dist, "pmf") else law.logpdf
    rows = score(fit, tables.from_frame(frame)).rows.sort_values("row")
    np.testing.assert_allclose(rows["log_density"], density(frame["y"]), atol=0.05)


def test_groups_of_a_beta_binomial_model_are_beta_binomial(tmp_path):
    rng = np.random.default_rng(1)
    old = pd.DataFrame({"n": [30, 40, 50]})
    old["y"] = rng.binomial(old["n"], 0.3)
    fit = fit_bundled("beta_binomial", old, tmp_path, prior={"theta_prior_a": 2.0, "theta_prior_b": 3.0})
    a, b = 2 + old["y"].sum(), 3 + (old["n"] - old["y"]).sum()
    new = pd.DataFrame({"n": [10, 60, 200], "y": [4, 15, 66]})
    check(fit, new, stats.betabinom(new["n"].to_numpy(), a, b))


def test_counts_of_a_gamma_poisson_model_are_negative_binomial(tmp_path):
    rng = np.random.default_rng(2)
    old = pd.DataFrame({"exposure": [2.0, 3.0, 4.0]})
    old["y"] = rng.poisson(1.5 * old["exposure"])
    fit = fit_bundled("gamma_poisson", old, tmp_path, prior={"rate_prior_a": 2.0, "rate_prior_b": 1.0})
    a, b = 2 + old["y"].sum(), 1 + old["exposure"].sum()
    new = pd.DataFrame({"exposure": [1.0, 10.0], "y": [2, 14]})
    exposure = new["exposure"].to_numpy()
    check(fit, new, stats.nbinom(a, b / (b + exposure)))


def test_values_of_a_normal_model_are_student_t(tmp_path):
    rng = np.random.default_rng(3)
    old = pd.DataFrame({"y": rng.normal(5, 2, 12)})
    prior = {"mu_prior_mean": 4.0, "mu_prior_n": 1.0, "sigma2_prior_a": 3.0, "sigma2_prior_b": 8.0}
    fit = fit_bundled("normal_inverse_gamma", old, tmp_path, prior=prior)
    y, count = old["y"].to_numpy(), len(old)
    weight, a = 1 + count, 3 + count / 2
    mean = (4.0 + y.sum()) / weight
    b = 8 + 0.5 * np.sum((y - y.mean()) ** 2) + 0.5 * count * (y.mean() - 4) ** 2 / weight
    scale = np.sqrt(b * (1 + 1 / weight) / a)
    new = pd.DataFrame({"y": [5.0, 9.0]})
    check(fit, new, stats.t(np.full(2, 2 * a), mean, scale))


LINE = """
data { int N; int K; matrix[N, K] X; vector[N] y; }
transformed data {
  matrix[N, K] Z;
  for (k in 1:K) Z[, k] = (X[, k] - mean(X[, k])) / sd(X[, k]);
}
parameters { real a; vector[K] b; real<lower=0> s; }
model { target += -log(s); y ~ normal(a + Z * b, s); }
"""

CHOICE = """
data { int N; int K; matrix[N, K] X; array[N] int<lower=0, upper=1> y; }
transformed data {
  matrix[N, K] Z;
  for (k in 1:K) Z[, k] = X[, k] - mean(X[, k]);
}
parameters { real a; vector[K] b; }
model { y ~ bernoulli_logit(a + Z * b); }
"""


def fit_program(text: str, frame: pd.DataFrame, folder) -> Fit:
    (folder / "model.stan").write_text(text)
    workbench.fit(
        folder / "model.stan", frame, columns={"X": ["x1", "x2"]}, output=folder / "run", **SETTINGS
    )
    return run_directory.read(folder / "run")


def test_intervals_of_a_line_are_those_of_least_squares(tmp_path):
    """With a flat prior and 1 / s for the standard deviation they are equal (Gelman et al., BDA3, 14.2)."""
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"x1": rng.normal(50, 10, 40), "x2": rng.normal(0, 1, 40)})
    frame["y"] = 3 + 0.1 * frame["x1"] - frame["x2"] + rng.normal(0, 0.8, 40)
    fit = fit_program(LINE, frame, tmp_path)
    new = pd.DataFrame({"x1": [30.0, 55.0, 90.0], "x2": [0.0, 1.0, -2.0]})
    theirs = (
        sm.OLS(frame["y"], sm.add_constant(frame[["x1", "x2"]]))
        .fit()
        .get_prediction(sm.add_constant(new, has_constant="add"))
        .summary_frame(alpha=1 - LEVEL)
    )
    found = predict(fit, tables.from_frame(new))
    width = (theirs["obs_ci_upper"] - theirs["obs_ci_lower"]).to_numpy()
    inner = (theirs["mean_ci_upper"] - theirs["mean_ci_lower"]).to_numpy()
    assert np.all(np.abs(found["expected"] - theirs["mean"]) < 0.02 * inner)
    for ours, other in (("expected_lower", "mean_ci_lower"), ("expected_upper", "mean_ci_upper")):
        assert np.all(np.abs(found[ours] - theirs[other]) < 0.06 * inner)
    for ours, other in (("lower", "obs_ci_lower"), ("upper", "obs_ci_upper")):
        assert np.all(np.abs(found[ours] - theirs[other]) < 0.06 * width)


def test_probabilities_of_many_rows_have_the_intervals_of_maximum_likelihood(tmp_path):
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"x1": rng.normal(5, 1, 3000), "x2": rng.normal(0, 1, 3000)})
    share = 1 / (1 + np.exp(-(-3 + 0.5 * frame["x1"] - 0.7 * frame["x2"])))
    frame["y"] = (rng.random(3000) < share).astype(int)
    fit = fit_program(CHOICE, frame, tmp_path)
    new = pd.DataFrame({"x1": [4.0, 6.0, 7.0], "x2": [0.0, 1.0, -1.0]})
    theirs = (
        sm.GLM(frame["y"], sm.add_constant(frame[["x1", "x2"]]), family=sm.families.Binomial())
        .fit()
        .get_prediction(sm.add_constant(new, has_constant="add"))
        .summary_frame(alpha=1 - LEVEL)
    )
    found = predict(fit, tables.from_frame(new))
    width = (theirs["mean_ci_upper"] - theirs["mean_ci_lower"]).to_numpy()
    assert np.all(np.abs(found["mean"] - theirs["mean"]) < 0.05 * width)
    for ours, other in (("expected_lower", "mean_ci_lower"), ("expected_upper", "mean_ci_upper")):
        assert np.all(np.abs(found[ours] - theirs[other]) < 0.08 * width)
