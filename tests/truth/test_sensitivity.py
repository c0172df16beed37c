"""Sensitivity on real data: a prior in conflict with children's test scores, and a ridge path."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.conftest import DATA, STAN_MODELS
from tests.truth import oracles, tables
from tests.truth.test_linear import PRIOR
from workbench.diagnostics.power_scaling import CONFLICT
from workbench.methods import Map, Nuts
from workbench.studies import parse_axis
from workbench.workflow.options import FitOptions
from workbench.workflow.sensitivity import study_files
from workbench.workflow.study_options import StudyOptions

pytestmark = [pytest.mark.usefixtures("tools"), pytest.mark.truth]

LINEAR = STAN_MODELS / "regression" / "linear.stan"
KIDIQ = DATA / "kidiq.csv"

RIDGE = """
data { int<lower=0> N; int<lower=0> K; matrix[N, K] X; vector[N] y; }
parameters { vector[K] beta; }
model { beta ~ normal(0, 1); y ~ normal(X * beta, 1); }
"""


def test_a_unit_prior_on_a_raw_scale_is_in_conflict_and_a_scaled_one_is_not(tmp_path):
    """The published example of body fat, on scores: `normal(0, 1)` for a predictor whose unit is large.

    Whether the mother finished high school (0 or 1) is worth about 6 points. A prior scaled to the data,
    2.5 sd(y) / sd(x), lets it be so; `normal(0, 1)` does not.
    """
    rows = pd.read_csv(KIDIQ)
    scaled = 2.5 * rows["kid_score"].std() / rows["mom_hs"].std()
    found = {}
    for sd in (1.0, float(scaled)):
        fit_options = FitOptions(priors={"beta_prior_sd": sd}, methods=(Nuts(),), seed=2, jobs=2)
        options = StudyOptions(
            axes=(parse_axis(f"beta_prior_sd=1,{scaled}"),), methods=("nuts",), with_prior=False, jobs=2,
            output=tmp_path / f"study-{sd:g}",
        )  # fmt: skip
        found[sd] = study_files(LINEAR, KIDIQ, fit_options, options)
    tight, wide = (found[sd].results.power_scaling.parameters["beta[1]"] for sd in (1.0, scaled))
    assert tight.diagnosis == CONFLICT
    assert wide.diagnosis == ""
    means = {}
    for sd, study in found.items():
        frame = study.frame[study.frame["parameter"] == "beta[1]"]
        means[sd] = {row["beta_prior_sd"]: row for row in frame.to_dict("records")}
    for sd, study in found.items():
        known = {name: study.results.priors[name] for name in vars(PRIOR)}
        for at, row in means[sd].items():
            exact = oracles.linear_posterior(
                *tables.kidiq(), replace(PRIOR, **{**known, "beta_prior_sd": at})
            )
            assert abs(row["mean"] - exact.mean["beta[1]"]) < 4 * row["mcse_mean"]
    for at in (1.0, float(scaled)):  # each study sees the other's prior as the other does
        one, other = means[1.0][at], means[float(scaled)][at]
        assert abs(one["mean"] - other["mean"]) < 4 * np.hypot(one["mcse_mean"], other["mcse_mean"])
    assert means[1.0][1.0]["mean"] < 2 < means[1.0][float(scaled)]["mean"]


def test_modes_along_a_normal_prior_are_the_ridge_path_of_scikit_learn(tmp_path):
    from sklearn.datasets import load_diabetes
    from sklearn.linear_model import Ridge

    data = load_diabetes()
    columns = ["x1", "x2", "x3", "x4"]
    table = pd.DataFrame(10 * data.data[:, 2:6], columns=columns)
    table["y"] = (data.target - data.target.mean()) / data.target.std()
    table.to_csv(tmp_path / "diabetes.csv", index=False)
    (tmp_path / "ridge.stan").write_text(RIDGE)
    fit_options = FitOptions(
        columns={"X": tuple(columns)}, methods=(Map(), Nuts(4, 200, 200)), seed=1, jobs=2
    )
    options = StudyOptions(
        axes=(parse_axis("beta.sigma=0.05:5:log:9"),), methods=("map", "nuts"), with_prior=False, jobs=2,
        output=tmp_path / "study",
    )  # fmt: skip
    study = study_files(tmp_path / "ridge.stan", tmp_path / "diabetes.csv", fit_options, options)
    frame = study.frame[study.frame["method"] == "map"]
    assert len(frame["beta.sigma"].unique()) == 10
    for sigma, rows in frame.groupby("beta.sigma"):
        ridge = Ridge(alpha=float(str(sigma)) ** -2, fit_intercept=False).fit(table[columns], table["y"])
        ours = rows.set_index("parameter")["mean"].loc[[f"beta[{k}]" for k in range(1, 5)]]
        assert np.allclose(ours, ridge.coef_, rtol=1e-5, atol=1e-7)
    slopes = study.results.derivatives["beta.sigma"].estimates
    step = 1e-4
    ends = [
        Ridge(alpha=(1 + sign * step) ** -2, fit_intercept=False).fit(table[columns], table["y"]).coef_
        for sign in (-1, 1)
    ]
    exact = (ends[1] - ends[0]) / (2 * step)
    for k in range(4):
        slope = slopes[f"beta[{k + 1}]"]
        assert slope.mode == pytest.approx(exact[k], rel=1e-4, abs=1e-6)
        assert slope.mean is not None
        assert slope.mcse is not None
        assert abs(slope.mean - exact[k]) < 4 * slope.mcse
