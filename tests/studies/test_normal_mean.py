"""A whole study compared with closed forms: every point, slope, tipping point and prior."""

from dataclasses import replace

import numpy as np
import pytest

from tests.studies import normal_mean as exact
from tests.studies.conftest import STUDY_OPTIONS
from workbench.workflow.study_options import StudyOptions


def list_rows(study, method):
    frame = study.frame[(study.frame["method"] == method) & (study.frame["parameter"] == "mu")]
    return list(frame.to_dict("records"))


def test_every_point_is_exact_within_its_error(study):
    rows = list_rows(study, "nuts")
    assert len(rows) == 9
    for row in rows:
        mean, sd = exact.posterior(row["mu.mu"], row["mu.sigma"])
        assert abs(row["mean"] - mean) < 4 * row["mcse_mean"], row
        assert row["sd"] == pytest.approx(sd, rel=0.15)
        assert row["lower"] == pytest.approx(mean - 1.96 * sd, abs=0.25 * sd)
        assert row["upper"] == pytest.approx(mean + 1.96 * sd, abs=0.25 * sd)


def test_most_points_are_reached_by_weights_and_each_says_so(study):
    hows = [row["how"] for row in list_rows(study, "nuts")]
    assert hows[0] == "base"
    assert set(hows) == {"base", "refit", "weights"}
    assert hows.count("weights") > hows.count("refit")
    assert study.results.fits.weights == hows.count("weights")


def test_modes_are_the_posterior_means_of_a_normal(study):
    for row in [*list_rows(study, "map"), *list_rows(study, "laplace")]:
        mean, sd = exact.posterior(row["mu.mu"], row["mu.sigma"])
        tolerance = 1e-5 if row["method"] == "map" else 5 * sd / np.sqrt(4000)
        assert row["mean"] == pytest.approx(mean, abs=tolerance)


def test_the_gap_and_the_probability_above_a_constant(study):
    from scipy import stats

    for row in list_rows(study, "nuts"):
        mean, sd = exact.posterior(row["mu.mu"], row["mu.sigma"])
        assert row["map_minus_mean"] == pytest.approx(mean - row["mean"], abs=1e-5)
        above = stats.norm.sf(0.25, mean, sd)
        assert abs(row["p_above"] - above) < 4 * np.sqrt(above * (1 - above) / row["ess"]) + 1e-9


def test_the_log_predictive_density_is_that_of_the_closed_form(study):
    from scipy import stats

    for row in list_rows(study, "nuts"):
        mean, sd = exact.posterior(row["mu.mu"], row["mu.sigma"])
        total = stats.norm.logpdf(exact.Y, mean, np.hypot(1, sd)).sum()
        slope = abs((exact.Y - mean).sum())  # how the error of the mean comes through
        assert row["lpd"] == pytest.approx(total, abs=4 * slope * row["mcse_mean"] + 0.05)


def test_leave_one_out_is_that_of_the_closed_form(study):
    from scipy import stats

    y = exact.Y
    for row in list_rows(study, "nuts"):
        if row["mu.sigma"] < 1:
            continue
        total = 0.0
        for left in range(len(y)):
            others = np.delete(y, left)
            precision = row["mu.sigma"] ** -2 + len(others)
            mean = (row["mu.mu"] * row["mu.sigma"] ** -2 + others.sum()) / precision
            total += stats.norm.logpdf(y[left], mean, np.sqrt(1 + 1 / precision))
        assert row["elpd_loo"] == pytest.approx(total, abs=0.1)


def test_slopes_are_those_of_the_closed_form(study):
    for name, slope in (("mu.mu", exact.slope_in_mean()), ("mu.sigma", exact.slope_in_sd())):
        estimate = study.results.derivatives[name].estimates["mu"]
        assert abs(estimate.mean - slope) < 4 * estimate.mcse
        assert estimate.mcse < 0.2 * abs(slope)
        assert estimate.mode == pytest.approx(slope, rel=1e-4)


def find_tip(study, decision, hyperparameter):
    (tip,) = (
        tip
        for tip in study.results.tipping
        if (tip.decision, tip.hyperparameter) == (decision, hyperparameter)
    )
    return tip


def test_the_tipping_point_is_exact_within_its_error(study):
    tip = find_tip(study, "P(mu>0)>0.95", "mu.sigma")
    assert tip.holds
    assert tip.nearest == "below"
    truth = exact.tipping_sd(0.95)
    assert abs(np.log(tip.below.value / truth)) < 4 * tip.below.se / tip.below.value
    assert tip.below.se < 0.3 * truth
    assert tip.below.is_confirmed
    assert tip.above.status == "none"


def test_margins_are_exact_within_their_errors(study):
    from scipy import stats

    for point in study.results.points:
        margin = point.margins["P(mu>0)>0.95"]
        mean, sd = exact.posterior(point.values.get("mu.mu", 0.0), point.values.get("mu.sigma", 1.0))
        assert abs(margin.value - (stats.norm.cdf(mean / sd) - 0.95)) < 4 * margin.mcse + 1e-9
        assert point.find_answer("mean(mu)<5") == "yes"
        assert point.decisions["P(mu>0)>0.95"] == (margin.value > 0)


def test_moves_have_errors(study):
    rows = {(row["mu.mu"], row["mu.sigma"]): row for row in list_rows(study, "nuts")}
    base = rows[0.0, 1.0]
    assert base["mcse_move"] == pytest.approx(0, abs=1e-12)
    for place, row in rows.items():
        move = exact.posterior(*place)[0] - exact.posterior()[0]
        assert abs(row["mean"] - base["mean"] - move) < 4 * row["mcse_move"] + 1e-9
    (move,) = study.results.conclusion.moves.values()
    assert move.is_clear
    assert 0 < move.mcse < 0.1


def test_a_search_without_a_tipping_point_says_how_far_it_went(study):
    tip = find_tip(study, "mean(mu)<5", "mu.sigma")
    assert tip.nearest is None
    assert (tip.above.status, tip.above.searched) == ("none", 10)
    assert any(
        "does not tip" in reason and "`mu.mu` between -1 and 1" in reason
        for reason in study.results.conclusion.reasons
    )


def test_the_prior_alone_is_the_prior(study):
    for row in list_rows(study, "prior"):
        assert row["mean"] == pytest.approx(row["mu.mu"], abs=0.15 * row["mu.sigma"])
        assert row["sd"] == pytest.approx(row["mu.sigma"], rel=0.15)
    predicted = study.frame[(study.frame["method"] == "prior") & (study.frame["parameter"] == "y_rep")]
    assert len(predicted) == 9
    for row in predicted.to_dict("records"):
        assert row["sd"] == pytest.approx(np.hypot(1, row["mu.sigma"]), rel=0.15)


def test_refits_everywhere_agree_with_weights(normal_files, fit_options, study, tmp_path):
    few = replace(
        STUDY_OPTIONS,
        axes=STUDY_OPTIONS.axes[1:],
        refit="all",
        methods=("nuts",),
        with_prior=False,
        decisions=(),
    )
    full = exact.run_study(normal_files, fit_options, replace(few, output=tmp_path / "all"))
    quick = exact.run_study(normal_files, fit_options, replace(few, refit="needed", output=tmp_path / "some"))
    assert {row["how"] for row in list_rows(full, "nuts")} == {"base", "refit"}
    assert {row["how"] for row in list_rows(quick, "nuts")} > {"weights"}
    for refitted, weighted in zip(list_rows(full, "nuts"), list_rows(quick, "nuts"), strict=True):
        assert refitted["mu.sigma"] == weighted["mu.sigma"]
        error = np.hypot(refitted["mcse_mean"], weighted["mcse_mean"])
        assert abs(refitted["mean"] - weighted["mean"]) < 4 * error


def test_power_scaling_is_part_of_it(study):
    scaling = study.results.power_scaling
    assert scaling.is_ok
    assert scaling.how["prior"] == "weights"
    assert scaling.parameters["mu"].likelihood > 0.05


@pytest.mark.usefixtures("tools")
def test_another_form_of_the_prior_is_fitted(normal_files, fit_options, tmp_path):
    from scipy import integrate, stats

    options = StudyOptions(
        forms=(("mu", "student_t(3, 0, 0.2)"),),
        methods=("nuts",),
        with_prior=False,
        jobs=2,
        output=tmp_path / "f",
    )
    rows = list_rows(exact.run_study(normal_files, fit_options, options), "nuts")

    def density(mu, power=0):
        return mu**power * stats.t.pdf(mu, 3, 0, 0.2) * np.exp(-0.5 * np.sum((exact.Y - mu) ** 2))

    total, first = (integrate.quad(density, -3, 3, args=(power,))[0] for power in (0, 1))
    by_form = {row["form"]: row for row in rows}
    heavy = by_form["mu ~ student_t(3, 0, 0.2)"]
    assert abs(heavy["mean"] - first / total) < 4 * heavy["mcse_mean"]


@pytest.mark.usefixtures("tools")
def test_scenarios_have_names(normal_files, fit_options, tmp_path):
    from workbench.studies.plan.scenarios import read_scenarios

    path = tmp_path / "s.toml"
    path.write_text('[sceptical]\n"mu.sigma" = 0.2\n[doubled]\n"power(prior)" = 2\n')
    options = StudyOptions(
        scenarios=read_scenarios(path), methods=("nuts",), with_prior=False, jobs=2, output=tmp_path / "s"
    )
    rows = list_rows(exact.run_study(normal_files, fit_options, options), "nuts")
    by_name = {row["scenario"]: row for row in rows}
    for name, sd in (("sceptical", 0.2), ("doubled", 0.5**0.5)):
        mean, _ = exact.posterior(0, sd)
        assert abs(by_name[name]["mean"] - mean) < 4 * by_name[name]["mcse_mean"]
