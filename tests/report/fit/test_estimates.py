"""The estimates table: every number of every method, rounded and labelled; what is missing is explained."""

from __future__ import annotations

import pytest

from tests.report.documents import changed_fit, find_table, list_notices, without
from tests.report.page import read_page
from tests.report.simulated import simulate_fit
from workbench.report.document import Disclosure, Notice, TableBlock, Tone
from workbench.report.fit.estimates import build_section, build_summary_table
from workbench.report.fit.missing import explain_missing
from workbench.report.fit.report import build_fit_report
from workbench.report.html import render
from workbench.results import Fit

METHODS = ("mle", "map", "map_unconstrained", "laplace", "nuts")

NOUNS = {
    "mle": "maximum-likelihood estimate",
    "map": "joint mode",
    "map_unconstrained": "mode on the unconstrained scale",
    "laplace": "Laplace approximation",
}


def _table(fit: Fit, key: str = "estimates-table") -> TableBlock:
    return find_table(build_section(fit.results), key)


@pytest.mark.parametrize("status", ["failed", "not available", "skipped"])
def test_a_missing_posterior_is_explained(status):
    fit = without(simulate_fit(draws=40), "nuts", status=status)
    (text,) = list_notices(build_section(fit.results))
    assert text.endswith(f": {status}. The reason of nuts.")


@pytest.mark.parametrize("status", ["failed", "not available"])
@pytest.mark.parametrize("key", NOUNS)
def test_a_missing_mode_is_explained_in_a_sentence(key, status):
    fit = without(simulate_fit(draws=40), key, status=status)
    (text,) = list_notices(build_section(fit.results))
    assert text == f"No {NOUNS[key]}: the reason of {key}; use the posterior."


def test_the_reason_that_methods_share_is_said_once():
    fit = without(simulate_fit(draws=40), "map", "map_unconstrained", "laplace")
    fit.record["map"]["reason"] = fit.record["map_unconstrained"]["reason"] = "the density is unbounded."
    (text,) = list_notices(build_section(fit.results))
    expected = "No joint mode, no mode on the unconstrained scale, no Laplace approximation: "
    assert text == f"{expected}the density is unbounded; use the posterior."


@pytest.mark.parametrize("key", NOUNS)
def test_a_mode_that_was_not_requested_needs_no_explanation(key):
    fit = without(simulate_fit(draws=40), key, status="skipped")
    assert list_notices(build_section(fit.results)) == []


def test_pathfinder_needs_no_explanation_unless_it_failed():
    fit = simulate_fit(draws=40)
    assert explain_missing(fit.results, "pathfinder") is None
    assert explain_missing(without(fit, "pathfinder").results, "pathfinder") is not None


def test_every_number_of_every_method_is_in_the_table():
    fit = simulate_fit()
    row: dict[tuple[str, str], str] = {}
    for table in (_table(fit), _table(fit, "modes-table")):
        keys = [(column.group, column.title) for column in table.columns]
        row |= dict(zip(keys, (cell.text for cell in table.rows[0]), strict=True))
    mle, map_, unconstrained, laplace, nuts = (fit.record[key]["estimates"]["mu"] for key in METHODS)
    expected = {
        ("", "Quantity"): "mu",
        ("Maximum likelihood", "Estimate"): f"{mle['value']:.2f}",
        ("Maximum likelihood", "SE"): f"{mle['se']:.2f}",
        ("Modes", "MAP"): f"{map_['value']:.2f}",
        ("Modes", "Unc."): f"{unconstrained['value']:.2f}",
        ("Laplace", "Mean"): f"{laplace['mean']:.2f}",
        ("Laplace", "SD"): f"{laplace['sd']:.2f}",
        ("Posterior", "Mean"): f"{nuts['mean']:.2f}",
        ("Posterior", "Median"): f"{nuts['median']:.2f}",
        ("Posterior", "SD"): f"{nuts['sd']:.2f}",
        ("Posterior", "95% interval"): f"{nuts['lower']:.2f} to {nuts['upper']:.2f}",
        ("Modes", "Gap/SD"): f"{fit.record['gaps']['mu']['in_sd']:.2f}",
        ("Convergence", "R\u2011hat"): f"{nuts['rhat']:.3f}",
        ("Convergence", "ESS bulk"): f"{nuts['ess_bulk']:.0f}",
        ("Convergence", "ESS tail"): f"{nuts['ess_tail']:.0f}",
    }
    assert row == {key: text.replace("-", "−") for key, text in expected.items()}


def test_a_missing_standard_error_is_a_dash():
    table = _table(simulate_fit(), "modes-table")
    keys = [(column.group, column.title) for column in table.columns]
    row = dict(zip(keys, table.rows[1], strict=True))
    assert row["", "Quantity"].text == "tau"
    assert row["Maximum likelihood", "Estimate"].text == "84.00"
    assert row["Maximum likelihood", "SE"].text == "–"


def test_quantities_have_their_labels():
    names = [row[0].text for row in _table(simulate_fit()).rows]
    assert "theta_raw[school A]" in names
    assert "theta_raw[1]" not in names


def test_the_level_of_intervals_is_that_of_the_run():
    table = _table(simulate_fit(interval={"level": 0.9}))
    assert "90% interval" in [column.title for column in table.columns]
    assert "95%" not in table.caption


def test_of_many_quantities_those_with_bad_convergence_are_marked_in_their_place():
    fit = simulate_fit(schools=50, draws=40)
    fit.record["nuts"]["estimates"]["theta_raw[17]"] |= {"rhat": 1.9, "ess_bulk": 7.0}
    table = _table(fit)
    assert [row[0].text for row in table.rows[:3]] == ["mu", "tau", "theta_raw[school A]"]
    row = next(row for row in table.rows if row[0].text == "theta_raw[17]")
    tones = {cell.text: cell.tone for cell in row}
    assert tones["1.900"] is tones["7"] is Tone.FAIL


def test_the_short_table_has_the_main_columns_and_counts_the_other_quantities():
    table = build_summary_table(simulate_fit(schools=20, draws=40).results, 5)
    names = [row[0].text for row in table.rows]
    assert names[:2] == ["mu", "tau"]
    assert len(names) == 5
    assert "17 more quantities" in table.note
    assert {column.group for column in table.columns} == {"", "Posterior", "Convergence", "Modes"}


def test_columns_without_any_number_are_left_out():
    fit = changed_fit()
    for estimate in fit.record["nuts"]["estimates"].values():
        estimate["median"] = None
    assert "Median" not in [column.title for column in _table(fit).columns]


def test_notices_leave_the_estimates_in_place():
    section = build_section(without(simulate_fit(), "mle").results)
    assert [type(block) for block in section.blocks] == [TableBlock, Notice, TableBlock]
    section = build_section(without(simulate_fit(), "nuts").results)
    assert [type(block) for block in section.blocks] == [Notice, TableBlock]


def test_elements_of_a_generated_array_share_a_row_and_are_listed():
    fit = simulate_fit(schools=7, draws=40)
    estimates = fit.record["nuts"]["estimates"]
    fit.record["model"]["parameters"].pop()
    estimates["theta_raw[3]"] |= {"rhat": 1.7}
    estimates["theta_raw[6]"] |= {"mean": -40.0}
    section = build_section(fit.results)
    table = find_table(section, "estimates-table")
    assert [row[0].text for row in table.rows] == [
        "mu", "tau", "theta_raw[1..7]", "theta_raw[3]", "theta_raw[6]",
    ]  # fmt: skip
    assert "1.700" in [cell.text for cell in table.rows[2]]
    listing = next(block for block in section.blocks if isinstance(block, Disclosure))
    (all_elements,) = listing.blocks
    assert isinstance(all_elements, TableBlock)
    assert all_elements.is_listing
    assert len(all_elements.rows) == 7


def test_the_exact_posterior_has_columns_and_curves():
    fit = changed_fit()
    exact = {"distribution": "norm", "parameters": {"loc": 4.4, "scale": 3.3}, "mean": 4.4, "sd": 3.3}
    fit.record["exact"] = {"family": "normal", "log_evidence": -12.25, "estimates": {"mu": exact}}  # type: ignore[index]
    table = _table(fit)
    places = [place for place, column in enumerate(table.columns) if column.group == "Exact"]
    assert [table.rows[0][place].text for place in places] == ["4.40", "3.30"]
    page = read_page(render(build_fit_report(fit)))
    assert "The log evidence is −12.25 nats, all constants included." in page.text
    assert sum("exact" in drawing.text for drawing in page.all("svg")) == 2  # forest plot and density


def test_the_choice_of_a_method_is_explained_step_by_step():
    fit = changed_fit()
    fit.record["ladder"] = [  # type: ignore[index]
        {"method": "laplace", "accepted": False, "why": "k-hat 0.9 is above 0.7", "seconds": 0.2},
        {"method": "nuts", "accepted": True, "why": "R-hat is below 1.01", "seconds": 3.0},
    ]
    table = find_table(build_section(fit.results), "ladder")
    assert [row[1].text for row in table.rows] == ["rejected", "accepted"]
