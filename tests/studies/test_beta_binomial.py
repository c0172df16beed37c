"""A study on a bounded scale, every number of it known: a probability behind counts, under a beta prior."""

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, special, stats

from tests.conftest import STAN_MODELS
from workbench.methods import Laplace, Map, Mle, Nuts
from workbench.studies import parse_axis
from workbench.workflow import sensitivity, study_options
from workbench.workflow.options import FitOptions

Y, N = np.array([6, 8, 7]), np.array([10, 10, 10])
BASE = (2.0, 2.0)
CUT = 0.6


def shape(a, b):
    """Return the parameters of the posterior, a beta distribution."""
    return a + Y.sum(), b + np.sum(N - Y)


def mode(a, b):
    p, q = shape(a, b)
    return (p - 1) / (p + q - 2)


def lpd(a, b):
    """Return the log predictive density of the rows as they were."""
    return float(np.sum(stats.betabinom.logpmf(Y, N, *shape(a, b))))


@pytest.fixture(scope="module")
def study(tools, tmp_path_factory):
    folder = tmp_path_factory.mktemp("beta")
    rows = "\n".join(f"{y},{n}" for y, n in zip(Y, N, strict=True))
    (folder / "counts.csv").write_text(f"y,n\n{rows}\n")
    options = FitOptions(
        priors={"theta.alpha": BASE[0], "theta.beta": BASE[1]},
        methods=(Mle(), Map(), Map(jacobian=True), Laplace(), Nuts()),
        seed=5,
        jobs=2,
    )
    asked = study_options.StudyOptions(
        axes=(parse_axis("theta.alpha=0.7,2,5"), parse_axis("theta.beta=0.5:16:log:4")),
        decisions=("P(theta>0.5)>0.95", "interval(theta, 0.9) excludes 0.5", "median(theta)>0.55"),
        above=CUT,
        with_prior=False,
        jobs=2,
        output=folder / "study",
    )
    model = STAN_MODELS / "conjugate" / "beta_binomial.stan"
    return sensitivity.study_files(model, folder / "counts.csv", options, asked)


def points(study, method="nuts"):
    frame = study.frame[(study.frame["method"] == method) & (study.frame["parameter"] == "theta")]
    return [(row, (row["theta_prior_a"], row["theta_prior_b"])) for row in frame.to_dict("records")]


def test_there_is_one_name_for_each_constant(study):
    assert [axis["name"] for axis in study.record["plan"]["axes"]] == ["theta_prior_a", "theta_prior_b"]
    assert study.record["priors"] == {"theta_prior_a": 2.0, "theta_prior_b": 2.0}
    assert "theta.alpha" not in study.frame
    assert len(points(study)) == 13  # the base is not on the grid


def test_means_and_probabilities_are_within_their_errors(study):
    for row, at in points(study):
        exact = stats.beta(*shape(*at))
        assert abs(row["mean"] - exact.mean()) < 4 * row["mcse_mean"], at
        assert row["sd"] == pytest.approx(exact.std(), rel=0.15)
        above = exact.sf(CUT)
        assert abs(row["p_above"] - above) < 4 * np.sqrt(above * (1 - above) / row["ess"]), at


def test_log_predictive_densities_are_those_of_the_beta_binomial(study):
    for row, at in points(study):
        mean = stats.beta(*shape(*at)).mean()
        slope = (Y - N * mean).sum() / (mean * (1 - mean))  # how the error of the mean comes through
        slack = 4 * abs(slope) * row["mcse_mean"] + 0.03
        assert slack < 0.3
        assert row["lpd"] == pytest.approx(lpd(*at), abs=slack), at


def test_modes_and_their_gap_from_the_mean(study):
    for row, at in points(study, "map"):
        assert row["mean"] == pytest.approx(mode(*at), abs=1e-6)
    for row, at in points(study):
        assert row["map_minus_mean"] == pytest.approx(mode(*at) - row["mean"], abs=1e-6)
        assert row["gap_in_sd"] == pytest.approx(row["map_minus_mean"] / row["sd"])


def test_slopes_are_those_of_the_closed_form_and_of_differences(study):
    slopes = study.record["derivatives"]
    for place, name in enumerate(("theta_prior_a", "theta_prior_b")):
        step = 1e-4 * np.eye(2)[place]
        ends = [shape(*(np.array(BASE) + sign * step)) for sign in (-1, 1)]
        mean = np.diff([p / (p + q) for p, q in ends])[0] / 2e-4
        top = np.diff([mode(*(np.array(BASE) + sign * step)) for sign in (-1, 1)])[0] / 2e-4
        found = slopes[name]["estimates"]["theta"]
        assert abs(found["mean"] - mean) < 4 * found["mcse"]
        assert found["mcse"] < 0.2 * abs(mean)
        assert found["mode"] == pytest.approx(top, rel=1e-4)
        sd = stats.beta(*shape(*BASE)).std()
        assert found["per_doubling"] == pytest.approx(2 * np.log(2) * mean / sd, rel=0.25)


MARGINS = {
    "P(theta>0.5)>0.95": lambda one: one.sf(0.5) - 0.95,
    "interval(theta, 0.9) excludes 0.5": lambda one: one.ppf(0.05) - 0.5,
    "median(theta)>0.55": lambda one: one.median() - 0.55,
}


def test_decisions_hold_where_they_do(study):
    for row, at in points(study):
        for text, margin in MARGINS.items():
            exact = margin(stats.beta(*shape(*at)))
            if abs(exact) > 0.02:  # beyond the reach of chance
                assert row[text] == (exact > 0), (text, at)


def test_a_mode_predicts_and_decides_as_the_single_point_it_is(study):
    text = "median(theta)>0.55"
    for row, at in points(study, "map"):
        assert row["lpd"] == pytest.approx(float(np.sum(stats.binom.logpmf(Y, N, mode(*at)))), abs=1e-5)
        assert row[text] == (mode(*at) > 0.55)
        assert row[f"margin: {text}"] == pytest.approx(mode(*at) - 0.55, abs=1e-6)
        assert np.isnan(row["p_above"])
        assert pd.isna(row["P(theta>0.5)>0.95"])  # a point has no probability


def test_the_approximation_has_probabilities_and_decides(study):
    for row, at in points(study, "laplace"):
        p, q = shape(*at)
        normal = stats.norm(np.log(p / q), np.sqrt((p + q) / (p * q)))  # of the log odds
        above = normal.sf(special.logit(CUT))
        assert abs(row["p_above"] - above) < 4 * np.sqrt(above * (1 - above) / 1000), at
        odds = special.expit(normal.ppf((np.arange(2000) + 0.5) / 2000))
        seen = special.logsumexp(stats.binom.logpmf(Y[:, None], N[:, None], odds), axis=1) - np.log(2000)
        assert row["lpd"] == pytest.approx(seen.sum(), abs=0.15)
        margin = normal.sf(0) - 0.95
        if abs(margin) > 0.03:
            assert row["P(theta>0.5)>0.95"] == (margin > 0), at


@pytest.mark.parametrize("text", MARGINS)
def test_tipping_points_are_those_of_the_closed_form(study, text):
    (tip,) = (
        one
        for one in study.record["tipping"]
        if one["decision"] == text and one["hyperparameter"] == "theta_prior_b"
    )
    assert tip["holds"]
    assert tip["nearest"] == "above"
    truth = optimize.brentq(lambda b: MARGINS[text](stats.beta(*shape(BASE[0], b))), BASE[1], 16)
    found = tip["above"]
    assert abs(np.log(found["value"] / truth)) < 4 * found["se"] / found["value"]
    assert found["se"] < 0.25 * truth
    assert found["lower"] < found["value"] < found["upper"]
    assert tip["below"]["status"] == "none"
