"""What sections say: the opening, predictions, prior sensitivity, leave-one-out, the checks explained."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import xarray as xr

from tests.report.page import read_page
from tests.report.simulated import simulated_fit
from workbench.diagnostics.catalogue import CATALOGUE
from workbench.diagnostics.loo import compute_leave_one_out
from workbench.report.document import Block, Disclosure, Figures, Notice, Section, Table, Tone
from workbench.report.fit import (
    data,
    estimates,
    gaps,
    influence,
    model,
    modes,
    opening,
    prediction,
    sensitivity,
)
from workbench.report.fit.report import fit_report
from workbench.report.html import render
from workbench.results import Fit


def _table(section: Section, key: str) -> Table:
    return next(one for one in section.blocks if isinstance(one, Table) and one.key == key)


def _notices(blocks: tuple[Block, ...]) -> list[str]:
    return [one.text for one in blocks if isinstance(one, Notice)]


def _changed(**parts: Any) -> Fit:
    fit = simulated_fit(draws=40)
    return Fit({**copy.deepcopy(dict(fit.record)), **parts}, fit.tree)


def test_opening_speaks_of_posterior_mode_prior_and_predictions():
    fit = simulated_fit()
    first, second, third = opening.sentences(fit.record)
    nuts = fit.record["nuts"]["estimates"]["mu"]
    assert f"`mu` is {nuts['mean']:.2f}" in first
    assert "2 transitions diverged" in first
    assert "posterior SD" in second
    assert "The prior matters: the sensitivity to it is above 0.05 for `tau` (0.180)." in third
    assert "Replicated data miss the observed in the max of `y` (p = 0.004)." in third


def test_opening_speaks_in_the_units_of_the_card():
    fit = simulated_fit()
    model = {**fit.record["model"], "units": {"mu": "points"}}
    assert "points (" in opening.sentences({**fit.record, "model": model})[0]


def test_a_quantity_without_a_unit_has_none():
    fit = simulated_fit()
    model = {**fit.record["model"], "units": {"mu": "none"}}
    assert "none" not in opening.sentences({**fit.record, "model": model})[0]


def test_opening_does_not_claim_what_cannot_be_relied_on():
    fit = simulated_fit()
    failed = {**fit.record["diagnosis"], "verdict": "fail"}
    assert opening.sentences({**fit.record, "diagnosis": failed})[0].startswith(
        "As far as these draws can say"
    )


def test_opening_is_calm_where_nothing_is_wrong():
    fit = _changed()
    for one in fit.record["power_scaling"]["parameters"].values():
        one["prior"] = 0.004
    fit.record["predictive"]["outcomes"][0]["statistics"][1]["p_value"] = 0.4
    for gap in fit.record["gaps"].values():
        gap["in_sd"] = 0.1
    text = " ".join(opening.sentences(fit.record))
    assert "The joint mode (MAP) is close to the posterior mean" in text
    assert "The prior matters little" in text
    assert "match the observed in all 2 test statistics" in text


def test_opening_names_the_largest_step_of_the_gap():
    fit = _changed()
    fit.record["gaps"]["tau"] = {"in_sd": -3.0, "jacobian": -0.1, "curvature": -0.2, "non_gaussian": -5.0}
    text = " ".join(opening.sentences(fit.record))
    assert (
        "for `tau` it lies 3.00 posterior SDs below the mean, mostly because the posterior is not normal"
        in text
    )


def test_opening_of_an_empty_record_is_silent():
    assert opening.sentences({}) == ()


def test_a_missing_map_is_said_with_its_reason():
    failed = {"status": "failed", "reason": "the log density has no maximum."}
    assert "There is no MAP: the log density has no maximum." in " ".join(
        opening.sentences(_changed(map=failed).record)
    )


def test_the_most_sensitive_quantity_comes_first_and_stands_out():
    table = _table(sensitivity.section(simulated_fit().record), "sensitivity-table")
    assert [cell.text for cell in table.rows[0]][:3] == ["tau", "0.180", "0.020"]
    assert table.rows[0][1].tone is Tone.CAUTION
    assert table.rows[0][-1].text == "strong prior / weak likelihood"
    assert "`mu ~ normal(0, 5)`" in [column.title for column in table.columns]


def test_weights_that_cannot_be_relied_on_are_said():
    fit = _changed()
    fit.record["power_scaling"]["khat"]["prior"] = 0.9
    assert "not reliable for prior (0.9)" in " ".join(
        _notices(sensitivity.section(fit.record).blocks)
    ).replace("0.90", "0.9")


def test_influential_rows_are_named_with_their_labels():
    fit = simulated_fit()
    found = influence.section(fit.record, compute_leave_one_out(fit))
    table = _table(found, "rows-table")
    assert [cell.text for cell in table.rows[0]] == ["1", "school 1", "0.75", "−3.40"]
    assert table.rows[0][2].tone is Tone.FAIL
    assert table.rows[1][2].tone is None or fit.record["loo"]["rows"][1]["khat"] > 0.7
    assert [one.key for one in found.blocks if isinstance(one, Figures)] == ["khat"]


def test_predictions_show_pictures_statistics_coverage_and_scores():
    found = prediction.section(simulated_fit())
    pictures = next(one for one in found.blocks if isinstance(one, Figures))
    assert [figure.caption for figure in pictures.figures] == ["`y`: density", "`y`: PIT"]
    statistics = _table(found, "statistics-y")
    assert [row[-1].tone for row in statistics.rows] == [None, Tone.CAUTION]
    assert [row[1].tone for row in _table(found, "coverage-y").rows] == [None, Tone.CAUTION]


def test_binary_outcomes_have_scores_and_counts_their_dispersion():
    fit = _changed()
    fit.record["predictive"]["outcomes"][0] |= {
        "scores": {"brier": 0.21, "reliability": []},
        "dispersion": {"ratio": 2.5, "p_value": 0.001},
    }
    found = prediction.section(fit)
    assert [cell.text for cell in _table(found, "scores-y").rows[0]][:2] == ["Brier score", "0.21"]
    last = _table(found, "statistics-y").rows[-1]
    assert [last[0].text, last[1].text, last[-1].text] == ["dispersion", "2.5", "0.001"]
    assert last[-1].tone is Tone.CAUTION


@pytest.mark.parametrize(
    ("kind", "titles"),
    [
        ("count", ["rootogram", "PIT"]),
        ("binary", ["reliability"]),
        ("ordinal", ["frequencies", "PIT"]),
        ("categorical", ["frequencies"]),
    ],
)
def test_pictures_are_chosen_by_the_kind_of_outcome(kind, titles):
    fit = simulated_fit(schools=20, draws=40)
    data = {"binary": 2, "count": 9}.get(kind, 4)
    tree = fit.tree.copy(deep=True)
    tree["posterior_predictive"]["y_rep"].values[:] %= data  # type: ignore[index]
    tree["posterior_predictive"]["y_rep"].values[:] //= 1  # type: ignore[index]
    tree["observed_data"]["y"].values[:] = tree["posterior_predictive"]["y_rep"].values[0, 0]  # type: ignore[index]
    distribution = {"binary": "bernoulli", "ordinal": "ordered_logistic", "categorical": "categorical"}
    named = [distribution.get(kind, "poisson")]
    fit.record["model"]["outcomes"][0] |= {"integer": True, "distributions": named}
    changed = Fit(fit.record, tree)
    pictures = next(one for one in prediction.section(changed).blocks if isinstance(one, Figures))
    assert [figure.caption for figure in pictures.figures] == [f"`y`: {title}" for title in titles]
    page = read_page(render(fit_report(changed)))
    assert len(list(page.all("svg"))) > len(titles)


@pytest.mark.parametrize("key", ["predictive", "loo", "power_scaling"])
@pytest.mark.parametrize("status", ["not available", "skipped", None])
def test_what_was_not_measured_is_said(key, status):
    fit = _changed()
    if status is None:
        del fit.record[key]  # type: ignore[attr-defined]
    else:
        fit.record[key] = {"status": status, "reason": "the reason."}  # type: ignore[index]
    sections = {one.key: one for one in fit_report(fit).sections}
    found = sections[{"predictive": "prediction", "loo": "influence", "power_scaling": "sensitivity"}[key]]
    (words,) = _notices(found.blocks)
    assert "the reason." in words or "not" in words


def test_replications_missing_from_the_file_leave_the_numbers():
    fit = simulated_fit(draws=40)
    bare = Fit(fit.record, xr.DataTree.from_dict({"/posterior": fit.tree["posterior"].to_dataset()}))
    found = prediction.section(bare)
    assert not any(isinstance(one, Figures) for one in found.blocks)
    assert _table(found, "statistics-y")


def test_every_check_has_a_page_and_findings_link_to_it():
    fit = simulated_fit(draws=40)
    document = fit_report(fit)
    pages = next(one for one in document.sections if one.key == "explained")
    keys = {one.key for one in pages.blocks if isinstance(one, Disclosure)}
    assert keys == {f"check-{check.code}" for check in CATALOGUE}
    page = read_page(render(document))
    linked = {one.attributes["href"] for one in page.all("a")}
    assert {"#check-WB101", "#check-WB201", "#check-WB401", "#check-WB301"} <= linked


def test_several_modes_are_said_and_tabled():
    fit = _changed()
    fit.record["map"]["modes"] = [
        {"log_density": -3.0, "starts": 6, "distance": 0.0, "estimates": {"mu": 1.0}},
        {"log_density": -9.5, "starts": 2, "distance": 4.2, "estimates": {"mu": -7.0}},
    ]
    found = modes.section(fit.record)
    assert "the starts ended at 2 distinct modes" in " ".join(_notices(found.blocks))
    assert [cell.text for cell in _table(found, "modes-map").rows[1]] == ["2", "−9.50", "2", "4.20", "−7"]


def test_likelihood_penalties_and_starts_are_shown():
    fit = _changed()
    start = {"seed": 7, "status": "converged", "optimizer": "L-BFGS", "log_density": -1.0}
    fit.record["mle"] |= {"aic": 57.1, "bic": 57.0, "parameters": 1, "observations": 7, "starts": [start]}  # type: ignore[index]
    fit.record["map"]["regularisation"] = [{"words": "`mu ~ normal(0, 5)` is a ridge penalty."}]
    text = read_page(render(fit_report(fit))).text
    assert "AIC57.1" in text.replace("\n", "")
    assert "mu ~ normal(0, 5) is a ridge penalty." in text
    assert "Every start (1)" in text


def test_no_mode_is_said():
    assert _notices(modes.section({}).blocks) == ["No mode was looked for."]


def test_exact_posterior_stands_beside_the_others():
    fit = _changed()
    exact = {"distribution": "norm", "parameters": {"loc": 4.4, "scale": 3.3}, "mean": 4.4, "sd": 3.3}
    fit.record["exact"] = {"family": "normal", "log_evidence": -12.25, "estimates": {"mu": exact}}  # type: ignore[index]
    table = _table(estimates.section(fit.record), "estimates-table")
    places = [place for place, column in enumerate(table.columns) if column.group == "Exact"]
    assert [table.rows[0][place].text for place in places] == ["4.40", "3.30"]
    page = read_page(render(fit_report(fit)))
    assert "The log evidence is −12.25 nats." in page.text
    assert sum("exact" in one.text for one in page.all("svg")) == 1


def test_a_ladder_says_what_was_passed_over_and_why():
    fit = _changed()
    fit.record["ladder"] = [  # type: ignore[index]
        {"method": "laplace", "accepted": False, "why": "k-hat 0.9 is above 0.7", "seconds": 0.2},
        {"method": "nuts", "accepted": True, "why": "R-hat is below 1.01", "seconds": 3.0},
    ]
    table = _table(estimates.section(fit.record), "ladder")
    assert [row[1].text for row in table.rows] == ["passed over", "accepted"]


def test_columns_without_any_number_are_left_out():
    fit = _changed()
    for one in fit.record["nuts"]["estimates"].values():
        one["median"] = None
    table = _table(estimates.section(fit.record), "estimates-table")
    assert "Median" not in [column.title for column in table.columns]


def test_ends_that_approximations_miss_are_tabled_the_worst_first():
    fit = _changed()
    fit.record["gaps"]["mu"]["missed"] = {"laplace": {"lower": -0.1, "upper": 0.2}}
    fit.record["gaps"]["tau"]["missed"] = {"laplace": {"lower": 1.5, "upper": -2.5}}
    table = _table(gaps.section(fit.record, fit.tree), "missed-table")
    assert [cell.text for cell in table.rows[0]] == ["tau", "1.50", "−2.50"]


def test_data_say_what_was_left_out_numbered_and_scaled():
    fit = _changed()
    fit.record["data"] |= {  # type: ignore[index]
        "dropped": {"rows": [3, 9], "count": 2},
        "levels": {"J": ["Aomori", "<b>Berlin</b>"]},
        "tips": ["`sigma` has a very large value at row 2."],
        "standardized": {
            "status": "proved",
            "matrices": {"X": {"columns": ["age", "iq"], "mean": [1.0, 2.0], "sd": [0.5, 3.0]}},
        },
    }
    text = read_page(render(fit_report(fit))).text
    for words in (
        "2, for a missing cell (rows 3, 9)",
        "Aomori, <b>Berlin</b>",
        "sigma has a very large value at row 2.",
        "Predictors put on one scale while fitting; results are on the scale of the data",
        "iq",
    ):
        assert words in text
    assert data.section({}).blocks


def test_the_story_of_the_card_is_told():
    fit = _changed()
    story = {"title": "Eight schools", "story": "Eight high schools\neach ran a trial."}
    fit.record["model"] |= story  # type: ignore[index]
    first = model.section(fit.record).blocks[0]
    assert first.text == "Eight schools. Eight high schools each ran a trial."  # type: ignore[union-attr]
