"""Scores of a fit equal the same sums done here from its draws; rows without an outcome are left out."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

import workbench
from tests.conftest import DATA, STAN_MODELS
from workbench import tables
from workbench.errors import RequestError
from workbench.results import run_directory
from workbench.workflow.score import describe_scores, keep_rows_with_outcomes, score

QUICK: dict[str, Any] = {"draws": 300, "warmup": 300, "chains": 2}

FRAME = pd.read_csv(DATA / "kidiq.csv")
OLD, NEW = FRAME[:300], FRAME[300:].reset_index(drop=True)
"""The rows of the fit, and others."""

PREDICTORS = ["mom_hs", "mom_iq", "mom_age"]


@pytest.fixture(scope="module")
def run(tools, tmp_path_factory):
    """The linear model, which centres its predictors at the means of the fit."""
    folder = tmp_path_factory.mktemp("scoring") / "run"
    workbench.fit(STAN_MODELS / "regression" / "linear.stan", OLD, output=folder, **QUICK)
    return run_directory.read(folder)


@pytest.fixture(scope="module")
def scores(run):
    return score(run, tables.from_frame(NEW))


def predict_by_hand(values):
    """Return location `(s, row)` and scale `(s, 1)` of each new row by draws or a point."""
    alpha, beta, sigma = (np.asarray(values[name], dtype=float) for name in ("alpha", "beta", "sigma"))
    centred = NEW[PREDICTORS].to_numpy() - OLD[PREDICTORS].to_numpy().mean(axis=0)
    return alpha.reshape(-1, 1) + beta.reshape(-1, 3) @ centred.T, sigma.reshape(-1, 1)


def find(scores, name, method, rows="new"):
    table = scores.summary.set_index(["rows", "method", "score"])
    return table.loc[(rows, method, name)]


def test_the_log_density_is_that_of_the_mixture_over_draws_and_of_each_point(run, scores):
    observed = NEW["kid_score"].to_numpy()
    by_row = {}
    for method, group in (("nuts", "posterior"), ("mle", "mle"), ("map", "map")):
        location, scale = predict_by_hand(run.tree[group])
        log_lik = stats.norm.logpdf(observed, location, scale)
        by_row[method] = special.logsumexp(log_lik, axis=0) - math.log(len(location))
        found = find(scores, "log_density", method)
        assert found["value"] == pytest.approx(by_row[method].mean(), rel=1e-4)
        assert found["se"] == pytest.approx(by_row[method].std(ddof=1) / math.sqrt(len(NEW)), rel=1e-3)
    for method in ("mle", "map"):
        gain, found = by_row["nuts"] - by_row[method], find(scores, "log_density", method)
        assert found["gain"] == pytest.approx(gain.mean(), abs=1e-4)
        assert found["gain_se"] == pytest.approx(gain.std(ddof=1) / math.sqrt(len(NEW)), abs=1e-4)


def test_errors_are_those_of_the_averaged_expectation(run, scores):
    observed = NEW["kid_score"].to_numpy()
    location, scale = predict_by_hand(run.tree["posterior"])
    expected = math.sqrt(np.mean((observed - location.mean(axis=0)) ** 2))
    assert find(scores, "rmse", "nuts")["value"] == pytest.approx(expected, rel=1e-4)
    point, sigma = predict_by_hand(run.tree["mle"])
    standard = (observed - point[0]) / sigma[0]
    crps = sigma[0] * (
        standard * (2 * stats.norm.cdf(standard) - 1) + 2 * stats.norm.pdf(standard) - 1 / math.sqrt(math.pi)
    )
    assert find(scores, "crps", "mle")["value"] == pytest.approx(crps.mean(), rel=0.02)
    width = 2 * stats.norm.ppf(0.975) * sigma[0, 0]
    assert find(scores, "width_95", "mle")["value"] == pytest.approx(width, rel=0.02)
    assert find(scores, "width_95", "nuts")["value"] == pytest.approx(
        2 * stats.norm.ppf(0.975) * scale.mean(), rel=0.05
    )


def test_the_fits_own_rows_stand_beside_new_ones(run, scores):
    own = find(scores, "log_density", "nuts", "own, left out")
    assert own["value"] == pytest.approx(run.results.loo.elpd / len(OLD))
    assert own["count"] == len(OLD)
    seen = find(scores, "rmse", "nuts", "own, seen")
    residual = (
        OLD["kid_score"].to_numpy()
        - run.tree["posterior_predictive"]["y_rep"].mean(("chain", "draw")).to_numpy()
    )
    assert seen["value"] == pytest.approx(math.sqrt(np.mean(residual**2)))


def test_the_very_rows_of_the_fit_are_told_from_new_ones(run, scores):
    assert not scores.table.is_own
    own = score(run, tables.from_frame(OLD))
    assert own.table.is_own
    assert "On the fit's own 300 rows" in repr(own)
    assert "made with these very rows" in repr(own)


def test_rows_without_an_outcome_are_left_out_and_the_others_keep_their_numbers(run, scores):
    gaps = NEW.astype({"kid_score": float})
    gaps.loc[[0, 5], "kid_score"] = np.nan
    found = score(run, tables.from_frame(gaps))
    assert found.table.left_out == 2
    assert sorted(found.rows["row"]) == [row + 1 for row in range(len(NEW)) if row not in (0, 5)]
    assert (found.rows["label"] == "row " + found.rows["row"].astype(str)).all()
    kept = scores.rows.set_index("row").drop(index=[1, 6])["log_density"]
    np.testing.assert_allclose(found.rows.set_index("row")["log_density"].sort_index(), kept.sort_index())
    assert describe_scores(found)["left_out"] == 2


def test_a_table_without_any_outcome_is_refused(run):
    with pytest.raises(RequestError, match=r"outcome in `kid_score`, found no such column") as raised:
        keep_rows_with_outcomes(run, tables.from_frame(NEW.drop(columns="kid_score")))
    assert "workbench predict" in str(raised.value.hint)
    with pytest.raises(RequestError, match="all 134 cells are empty"):
        keep_rows_with_outcomes(run, tables.from_frame(NEW.assign(kid_score=np.nan)))
    with pytest.raises(RequestError, match="has no rows"):
        keep_rows_with_outcomes(run, tables.from_frame(NEW[:0]))
    with pytest.raises(RequestError, match=r"between 0 and 1, found 1\.5"):
        score(run, tables.from_frame(NEW), threshold=1.5)


@pytest.mark.usefixtures("tools")
def test_a_yes_or_no_by_a_point_alone(tmp_path):
    """A run without draws is scored by its MLE, which is the observed share."""
    (tmp_path / "coin.stan").write_text(
        "data { int N; array[N] int<lower=0, upper=1> y; } parameters { real<lower=0, upper=1> p; } "
        "model { p ~ beta(2, 2); y ~ bernoulli(p); }"
    )
    old = pd.DataFrame({"y": [1] * 15 + [0] * 45})
    fit = workbench.fit(tmp_path / "coin.stan", old, output=tmp_path / "run", method="mle", **QUICK)
    found = fit.score(pd.DataFrame({"y": [0, 1, 1, 0]}), threshold=0.2, progress=False)
    table = found.summary.set_index("score")["value"]
    assert table["log_density"] == pytest.approx((math.log(0.25) + math.log(0.75)) / 2, abs=1e-4)
    assert table["brier"] == pytest.approx((0.25**2 + 0.75**2) / 2, abs=1e-4)
    assert table["false_positive_rate"] == table["true_positive_rate"] == 1
    assert "by the MLE alone" in repr(found)
    assert set(found.summary["method"]) == {"mle"}
