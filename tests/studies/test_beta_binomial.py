"""A study of a probability under a beta prior, compared with closed forms: a parameter with two bounds."""

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, special, stats

from tests.conftest import STAN_MODELS
from workbench.methods import Laplace, Map, Mle, Nuts
from workbench.studies import parse_axis
from workbench.workflow.options import FitOptions
from workbench.workflow.sensitivity import study_files
from workbench.workflow.study_options import StudyOptions

Y, N = np.array([6, 8, 7]), np.array([10, 10, 10])
BASE = (2.0, 2.0)
CUT = 0.6


def compute_shape(a, b):
    """Return the parameters of the posterior, a beta distribution."""
    return a + Y.sum(), b + np.sum(N - Y)


def compute_mode(a, b):
    p, q = compute_shape(a, b)
    return (p - 1) / (p + q - 2)


def compute_lpd(a, b):
    """Return the log predictive density of the data as observed."""
    return float(np.sum(stats.betabinom.logpmf(Y, N, *compute_shape(a, b))))


@pytest.fixture(scope="module")
def study(tools, tmp_path_factory):
    folder = tmp_path_factory.mktemp("beta")
    rows = "\n".join(f"{y},{n}" for y, n in zip(Y, N, strict=True))
    (folder / "counts.csv").write_text(f"y,n\n{rows}\n")
    fit_options = FitOptions(
        priors={"theta.alpha": BASE[0], "theta.beta": BASE[1]},
        methods=(Mle(), Map(), Map(jacobian=True), Laplace(), Nuts()),
        seed=5,
        jobs=2,
    )
    options = StudyOptions(
        axes=(parse_axis("theta.alpha=0.7,2,5"), parse_axis("theta.beta=0.5:16:log:4")),
        decisions=("P(theta>0.5)>0.95", "interval(theta, 0.9) excludes 0.5", "median(theta)>0.55"),
        above=CUT,
        with_prior=False,
        jobs=2,
        output=folder / "study",
    )
    model = STAN_MODELS / "conjugate" / "beta_binomial.stan"
    return study_files(model, folder / "counts.csv", fit_options, options)


def list_points(study, method="nuts"):
    frame = study.frame[(study.frame["method"] == method) & (study.frame["parameter"] == "theta")]
    return [(row, (row["theta_prior_a"], row["theta_prior_b"])) for row in frame.to_dict("records")]


def test_each_constant_has_one_name(study):
    assert [axis.name for axis in study.results.plan.axes] == ["theta_prior_a", "theta_prior_b"]
    assert study.results.priors == {"theta_prior_a": 2.0, "theta_prior_b": 2.0}
    assert "theta.alpha" not in study.frame
    assert len(list_points(study)) == 13  # the base is not on the grid


def test_means_and_probabilities_are_within_their_errors(study):
    for row, at in list_points(study):
        exact = stats.beta(*compute_shape(*at))
        assert abs(row["mean"] - exact.mean()) < 4 * row["mcse_mean"], at
        assert row["sd"] == pytest.approx(exact.std(), rel=0.15)
        above = exact.sf(CUT)
        assert abs(row["p_above"] - above) < 4 * np.sqrt(above * (1 - above) / row["ess"]), at


def test_log_predictive_densities_are_those_of_the_beta_binomial(study):
    for row, at in list_points(study):
        mean = stats.beta(*compute_shape(*at)).mean()
        slope = (Y - N * mean).sum() / (mean * (1 - mean))  # how the error of the mean is passed on
        tolerance = 4 * abs(slope) * row["mcse_mean"] + 0.03
        assert tolerance < 0.3
        assert row["lpd"] == pytest.approx(compute_lpd(*at), abs=tolerance), at


def test_modes_and_their_gap_from_the_mean(study):
    for row, at in list_points(study, "map"):
        assert row["mean"] == pytest.approx(compute_mode(*at), abs=1e-6)
    for row, at in list_points(study):
        assert row["map_minus_mean"] == pytest.approx(compute_mode(*at) - row["mean"], abs=1e-6)
        assert row["gap_in_sd"] == pytest.approx(row["map_minus_mean"] / row["sd"])


def test_slopes_are_those_of_the_closed_form_and_of_differences(study):
    for place, name in enumerate(("theta_prior_a", "theta_prior_b")):
        step = 1e-4 * np.eye(2)[place]
        ends = [compute_shape(*(np.array(BASE) + sign * step)) for sign in (-1, 1)]
        mean = np.diff([p / (p + q) for p, q in ends])[0] / 2e-4
        at_mode = np.diff([compute_mode(*(np.array(BASE) + sign * step)) for sign in (-1, 1)])[0] / 2e-4
        slope = study.results.derivatives[name].estimates["theta"]
        assert abs(slope.mean - mean) < 4 * slope.mcse
        assert slope.mcse < 0.2 * abs(mean)
        assert slope.mode == pytest.approx(at_mode, rel=1e-4)
        sd = stats.beta(*compute_shape(*BASE)).std()
        assert slope.per_doubling == pytest.approx(2 * np.log(2) * mean / sd, rel=0.25)


MARGINS = {
    "P(theta>0.5)>0.95": lambda posterior: posterior.sf(0.5) - 0.95,
    "interval(theta, 0.9) excludes 0.5": lambda posterior: posterior.ppf(0.05) - 0.5,
    "median(theta)>0.55": lambda posterior: posterior.median() - 0.55,
}


def test_decisions_hold_where_the_exact_margin_is_positive(study):
    for row, at in list_points(study):
        for text, margin in MARGINS.items():
            exact = margin(stats.beta(*compute_shape(*at)))
            if abs(exact) > 0.02:  # beyond the reach of chance
                assert row[text] == (exact > 0), (text, at)


def test_a_mode_predicts_and_decides_as_a_single_point(study):
    text = "median(theta)>0.55"
    for row, at in list_points(study, "map"):
        assert row["lpd"] == pytest.approx(
            float(np.sum(stats.binom.logpmf(Y, N, compute_mode(*at)))), abs=1e-5
        )
        assert row[text] == (compute_mode(*at) > 0.55)
        assert row[f"margin: {text}"] == pytest.approx(compute_mode(*at) - 0.55, abs=1e-6)
        assert np.isnan(row["p_above"])
        assert pd.isna(row["P(theta>0.5)>0.95"])  # a point has no probability


def test_the_approximation_has_probabilities_and_decides(study):
    for row, at in list_points(study, "laplace"):
        p, q = compute_shape(*at)
        normal = stats.norm(np.log(p / q), np.sqrt((p + q) / (p * q)))  # of the log odds
        above = normal.sf(special.logit(CUT))
        assert abs(row["p_above"] - above) < 4 * np.sqrt(above * (1 - above) / 1000), at
        odds = special.expit(normal.ppf((np.arange(2000) + 0.5) / 2000))
        predictive = special.logsumexp(stats.binom.logpmf(Y[:, None], N[:, None], odds), axis=1) - np.log(
            2000
        )
        assert row["lpd"] == pytest.approx(predictive.sum(), abs=0.15)
        margin = normal.sf(0) - 0.95
        if abs(margin) > 0.03:
            assert row["P(theta>0.5)>0.95"] == (margin > 0), at


@pytest.mark.parametrize("text", MARGINS)
def test_tipping_points_are_those_of_the_closed_form(study, text):
    (tip,) = (
        tip for tip in study.results.tipping if tip.decision == text and tip.hyperparameter == "theta_prior_b"
    )
    assert tip.holds
    assert tip.nearest == "above"
    truth = optimize.brentq(lambda b: MARGINS[text](stats.beta(*compute_shape(BASE[0], b))), BASE[1], 16)
    above = tip.above
    assert abs(np.log(above.value / truth)) < 4 * above.se / above.value
    assert above.se < 0.25 * truth
    assert above.lower < above.value < above.upper
    assert tip.below.status == "none"
