"""What a report says, and that it says so when something is missing."""

from __future__ import annotations

import copy
import functools
import importlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
import xarray as xr

from tests.report.page import read_page
from tests.report.simulated import simulated_fit
from workbench.report.document import Figures, Notice, Paragraph, Quote, Section, Table, Tone
from workbench.report.fit import checks, convergence, estimates, gaps, methods, verdict
from workbench.report.fit.report import fit_report
from workbench.report.fit.selection import ALL_UP_TO
from workbench.report.html import render
from workbench.report.reading import METHOD_TITLES
from workbench.results import Fit

METHODS = tuple(key for key in METHOD_TITLES if key != "pathfinder")


def _section(fit: Fit, key: str) -> Section:
    if key == "gaps":
        return gaps.section(fit.record, fit.tree)
    if key == "convergence":
        return convergence.section(fit.record, fit.tree)
    rooms = {"estimates": estimates.section, "checks": checks.section, "methods": methods.section}
    return rooms[key](fit.record)


def _words(section: Section) -> str:
    """Return the running text of a section."""
    return " ".join(one.text for one in section.blocks if isinstance(one, Paragraph | Quote))


def _table(fit: Fit, section: str, key: str) -> Table:
    return next(one for one in _section(fit, section).blocks if isinstance(one, Table) and one.key == key)


def _without(fit: Fit, *keys: str, status: str = "failed") -> Fit:
    gone: dict[str, Any] = {key: {"status": status, "reason": f"the reason of {key}."} for key in keys}
    return Fit({**fit.record, **gone}, fit.tree)


def test_opens_with_the_verdict_of_the_record():
    fit = simulated_fit()
    found = verdict.read(fit.record)
    assert found.tone is Tone.CAUTION
    assert [one.text for one in found.reasons] == fit.record["diagnosis"]["reasons"]


def test_a_verdict_without_reasons_counts_what_passed():
    fit = simulated_fit()
    diagnosis = {**fit.record["diagnosis"], "verdict": "ok", "reasons": []}
    found = verdict.read({**fit.record, "diagnosis": diagnosis})
    assert found.tone is Tone.OK
    assert [one.text for one in found.reasons] == [
        "1 of the 3 checks that apply to this run passed.",
        "The mode of `tau` is far below its mean.",
    ]


def test_a_run_without_diagnosis_says_so():
    assert "not been examined" in verdict.read({}).sentence


@pytest.mark.parametrize("status", ["failed", "not available", "skipped"])
@pytest.mark.parametrize("key", METHODS)
def test_a_missing_method_is_explained_in_words(key, status):
    fit = _without(simulated_fit(draws=40), key, status=status)
    words = [one.text for one in _section(fit, "estimates").blocks if isinstance(one, Notice)]
    assert words == [f"{METHOD_TITLES[key]}: {status}. The reason of {key}."]


def test_a_run_of_which_nothing_succeeded_still_has_a_report():
    empty = Fit({**_without(simulated_fit(draws=40), *METHODS).record, "gaps": {}}, xr.DataTree())
    document = fit_report(empty)
    assert [one for section in document.sections for one in section.blocks if isinstance(one, Figures)] == []
    assert read_page(render(document)).text.count("The reason of") >= len(METHODS)


def test_a_record_with_the_bare_minimum_has_a_report():
    record = {"model": {"name": "bare"}, "data": {"path": "bare.csv", "rows": 3}}
    text = read_page(render(fit_report(Fit(record, xr.DataTree())))).text
    assert "no verdict" in text


def test_stored_and_fresh_runs_make_the_same_report():
    fit = simulated_fit(draws=40)
    stored = Fit(json.loads(json.dumps(fit.record)), fit.tree)
    assert render(fit_report(fit)) == render(fit_report(stored))


def test_estimates_table_shows_every_number_of_every_method():
    fit = simulated_fit()
    table = _table(fit, "estimates", "estimates-table")
    keys = [(column.group, column.title) for column in table.columns]
    row = dict(zip(keys, (cell.text for cell in table.rows[0]), strict=True))
    part = {key: fit.record[key]["estimates"]["mu"] for key in METHODS}
    nuts = part["nuts"]
    expected = {
        ("", "Quantity"): "mu",
        ("Maximum likelihood", "Estimate"): f"{part['mle']['value']:.2f}",
        ("Maximum likelihood", "SE"): f"{part['mle']['se']:.2f}",
        ("Modes", "MAP"): f"{part['map']['value']:.2f}",
        ("Modes", "Unc."): f"{part['map_unconstrained']['value']:.2f}",
        ("Laplace", "Mean"): f"{part['laplace']['mean']:.2f}",
        ("Laplace", "SD"): f"{part['laplace']['sd']:.2f}",
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


def test_a_standard_error_that_is_not_there_is_a_dash():
    table = _table(simulated_fit(), "estimates", "estimates-table")
    row = dict(zip(((one.group, one.title) for one in table.columns), table.rows[1], strict=True))
    assert row["", "Quantity"].text == "tau"
    assert row["Maximum likelihood", "Estimate"].text == "84.00"
    assert row["Maximum likelihood", "SE"].text == "–"


def test_estimates_use_labels_for_people():
    names = [row[0].text for row in _table(simulated_fit(), "estimates", "estimates-table").rows]
    assert "theta_raw[school A]" in names
    assert "theta_raw[1]" not in names


def test_interval_level_is_that_of_the_run():
    table = _table(simulated_fit(interval={"level": 0.9}), "estimates", "estimates-table")
    assert "90% interval" in [column.title for column in table.columns]
    assert "95%" not in table.caption


def test_many_quantities_come_worst_first():
    fit = simulated_fit(schools=ALL_UP_TO, draws=40)
    fit.record["nuts"]["estimates"]["theta_raw[17]"] |= {"rhat": 1.9, "ess_bulk": 7.0}
    table = _table(fit, "estimates", "estimates-table")
    assert table.rows[0][0].text == "theta_raw[17]"
    assert "worst convergence first" in table.caption
    tones = {cell.text: cell.tone for cell in table.rows[0]}
    assert tones["1.900"] is tones["7"] is Tone.FAIL


def test_gap_section_names_the_largest_gap():
    fit = simulated_fit()
    gaps = fit.record["gaps"]
    largest = max(gaps, key=lambda name: abs(gaps[name]["in_sd"]))
    text = _words(_section(fit, "gaps"))
    assert f"`{largest}`" in text
    assert f"{abs(gaps[largest]['in_sd']):.2f} posterior standard deviations" in text


def test_without_a_map_the_unconstrained_mode_is_compared():
    fit = simulated_fit()
    further = {name: {"unconstrained_in_sd": 0.1} for name in fit.record["gaps"]} | {
        "tau": {"unconstrained_in_sd": 8.3}
    }
    without = Fit({**_without(fit, "map").record, "gaps": further}, fit.tree)
    words = _words(_section(without, "gaps"))
    assert "between the joint mode on the unconstrained scale and the posterior mean" in words
    assert "is 8.30 posterior standard deviations, for `tau`" in words
    table = _table(without, "estimates", "estimates-table")
    assert "MAP" not in [column.title for column in table.columns]
    assert "8.30" in [cell.text for cell in table.rows[1]]


def test_pictures_are_bounded_in_number():
    section = _section(simulated_fit(schools=60, draws=40), "gaps")
    pictures = next(one for one in section.blocks if isinstance(one, Figures))
    assert len(pictures.figures) == 12
    assert "12 quantities" in pictures.reading


def test_convergence_sentence_takes_its_numbers_from_the_record():
    fit = simulated_fit()
    fit.record["nuts"]["estimates"]["mu"] |= {"rhat": 1.234, "ess_bulk": 17.0}
    text = _words(_section(fit, "convergence"))
    assert "The largest R-hat is 1.234 (`mu`)." in text
    assert "effective sample size is 17 (`mu`)." in text
    assert "2 draws diverged." in text
    assert "No draw reached the largest treedepth." in text


def test_divergences_are_drawn_only_where_there_are_some():
    fit = simulated_fit(draws=40)
    quiet = fit.tree.copy(deep=True)
    quiet["sample_stats"]["diverging"].values[:] = False  # type: ignore[index]
    drawn = [
        [one.key for one in _section(each, "convergence").blocks if isinstance(one, Figures)]
        for each in (fit, Fit(fit.record, quiet))
    ]
    assert "divergences" in drawn[0]
    assert "divergences" not in drawn[1]


def test_checks_come_the_most_urgent_first_with_advice_where_it_is_due():
    table = _table(simulated_fit(), "checks", "checks-table")
    assert [row[1].text for row in table.rows] == ["Issue", "Tip", "Passed", "Does not apply"]
    assert [row[5].text == "–" for row in table.rows] == [False, False, True, True]
    assert table.rows[0][2].text == "2"


def test_terms_link_to_their_lines():
    fit = simulated_fit()
    page = read_page(render(fit_report(fit)))
    linked = {one.attributes["href"] for one in page.all("a")}
    assert {f"#source-{term['line']}" for term in fit.record["model"]["terms"]} <= linked


def test_a_program_run_as_written_says_why():
    fit = simulated_fit()
    model = {**fit.record["model"], "instrumented": False, "obstacles": ["line 3 uses `target()`"]}
    text = read_page(render(fit_report(Fit({**fit.record, "model": model}, fit.tree)))).text
    assert "could not be taken apart" in text
    assert "line 3 uses target()" in text


def test_methods_paragraph_claims_only_what_was_done():
    whole = _words(_section(simulated_fit(), "methods"))
    assert "4 chains of 1,000 warm-up and 100 kept iterations each (seed 20)" in whole
    assert "2 transitions diverged" in whole
    assert "expected log predictive density was −30.7 (standard error 1.4)" in whole
    assert "power-scaling" in whole
    gone = _without(simulated_fit(), "nuts", "laplace", "loo", "power_scaling", "predictive")
    less = _words(_section(gone, "methods"))
    assert "leave-one-out" not in less
    assert "power-scaling" not in less
    assert "No-U-Turn" not in less
    assert "Laplace" not in less
    assert "maximum-likelihood" in less


def test_nothing_is_left_out_of_provenance():
    fit = simulated_fit()
    text = read_page(render(fit_report(fit))).text
    for needed in (fit.record["command"], "1" * 64, "2" * 64, "2.39.0", "2 min 5 s", "none: simulated"):
        assert needed in text


def test_notices_never_hide_estimates():
    section = _section(_without(simulated_fit(), "mle"), "estimates")
    assert [type(one) for one in section.blocks] == [Notice, Table]


def _paths(value: Any, depth: int = 4) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every entry of a record, a few levels deep."""
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, one in entries:
        yield (key,)
        if depth > 1:
            yield from ((key, *rest) for rest in _paths(one, depth - 1))


@pytest.mark.parametrize("change", ["removed", "empty"])
def test_any_entry_may_be_missing(change, monkeypatch):
    room = importlib.import_module("workbench.report.html")
    monkeypatch.setattr(room, "to_svg", lambda drawing: "<svg></svg>")
    fit = simulated_fit(schools=1, draws=20)
    needed = {("model",), ("model", "name"), ("data",), ("data", "path"), ("data", "rows")}
    paths = [path for path in _paths(fit.record) if path not in needed]
    assert len(paths) > 200
    for path in paths:
        record = copy.deepcopy(dict(fit.record))
        place = functools.reduce(lambda value, key: value[key], path[:-1], record)
        if change == "removed":
            del place[path[-1]]
        else:
            place[path[-1]] = None
        try:
            render(fit_report(Fit(record, fit.tree)))
        except Exception as reason:
            raise AssertionError(f"no report without {path}") from reason
