"""Gaps: the largest in words, the quantities drawn, and intervals that differ from the posterior's."""

from __future__ import annotations

from tests.report.documents import changed_fit, find_table, join_text, list_figures, list_text, without
from tests.report.simulated import simulate_fit
from workbench.report.fit import estimates, gaps
from workbench.results import Fit


def test_the_largest_gap_is_named():
    fit = simulate_fit()
    largest = max(fit.record["gaps"], key=lambda name: abs(fit.record["gaps"][name]["in_sd"]))
    text = join_text(gaps.build_section(fit.results, fit.tree))
    assert f"`{largest}`" in text
    assert f"{abs(fit.record['gaps'][largest]['in_sd']):.2f} posterior standard deviations" in text


def test_without_a_map_the_unconstrained_mode_is_compared():
    fit = simulate_fit()
    other = {name: {"unconstrained_in_sd": 0.1} for name in fit.record["gaps"]} | {
        "tau": {"unconstrained_in_sd": 8.3}
    }
    changed = Fit({**without(fit, "map").record, "gaps": other}, fit.tree)
    text = join_text(gaps.build_section(changed.results, changed.tree))
    assert "between the joint mode on the unconstrained scale and the posterior mean" in text
    assert "is 8.30 posterior standard deviations, for `tau`" in text
    table = find_table(estimates.build_section(changed.results), "modes-table")
    assert "MAP" not in [column.title for column in table.columns]
    assert "8.30" in list_text(table.rows[1])


def test_the_number_of_drawings_is_limited():
    fit = simulate_fit(schools=60, draws=40)
    (drawings,) = list_figures(gaps.build_section(fit.results, fit.tree))
    assert len(drawings.figures) == 12
    assert "12 quantities of 62" in drawings.explanation


def test_steps_are_shown_where_all_are_known():
    fit = changed_fit()
    del fit.record["gaps"]["mu"]["curvature"]
    table = find_table(gaps.build_section(fit.results, fit.tree), "gap-table")
    assert len(table.rows) == len(fit.record["gaps"]) - 1
    assert "mu" not in [row[0].text for row in table.rows]


def test_intervals_that_differ_most_come_first():
    fit = changed_fit()
    fit.record["gaps"]["mu"]["missed"] = {"laplace": {"lower": -0.1, "upper": 0.2}}
    fit.record["gaps"]["tau"]["missed"] = {"laplace": {"lower": 1.5, "upper": -2.5}}
    table = find_table(gaps.build_section(fit.results, fit.tree), "missed-table")
    assert list_text(table.rows[0]) == ["tau", "1.50", "−2.50"]


def test_steps_have_errors_and_those_within_them_are_named():
    fit = changed_fit()
    fit.record["gaps"]["mu"] |= {
        "jacobian": 0.0, "curvature": 1.93, "curvature_error": 2.2, "non_gaussian": 5.0,
        "non_gaussian_error": 2.2, "map_minus_mean": 6.93, "map_minus_mean_error": 0.04, "in_sd": 9.0,
    }  # fmt: skip
    table = find_table(gaps.build_section(fit.results, fit.tree), "gap-table")
    row = next(row for row in table.rows if row[0].text == "mu")
    assert [column.title for column in table.columns].count("± MC error") == 3
    assert row[-1].text == "transform"
    assert "2.2" in row[6].text


def test_a_gap_within_its_error_is_said_to_be():
    fit = changed_fit()
    for numbers in fit.record["nuts"]["estimates"].values():
        numbers["mcse_mean"] = 30 * numbers["sd"]
    text = join_text(gaps.build_section(fit.results, fit.tree))
    assert "(Monte Carlo error 30.00, so it is within Monte Carlo error)" in text
