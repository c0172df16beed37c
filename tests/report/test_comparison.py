"""Runs side by side: what differs is shown, what cannot be compared is said."""

from __future__ import annotations

from pathlib import Path

import pytest
import xarray as xr

from tests.report.page import read_page
from tests.report.simulated import simulated_fit
from workbench.errors import RequestError
from workbench.report.comparison import comparison_report, differences, estimates
from workbench.report.document import Disclosure, Notice, Table, Tone
from workbench.report.html import render
from workbench.results import Fit, store
from workbench.workflow import report


def _other(**changes) -> Fit:
    fit = simulated_fit(schools=40)
    record = {**fit.record, "seed": 21, "priors": {**fit.record["priors"], "mu.sigma": 1.0}, **changes}
    nuts = {name: dict(numbers) for name, numbers in record["nuts"]["estimates"].items()}
    nuts["tau"]["mean"] += 2 * nuts["tau"]["sd"]
    return Fit({**record, "nuts": {**record["nuts"], "estimates": nuts}}, fit.tree)


def _fits() -> dict[str, Fit]:
    return {"first": simulated_fit(schools=40), "second": _other()}


def test_the_quantity_that_moves_most_comes_first_in_sds_of_the_first_run():
    fits = _fits()
    table = next(one for one in estimates.section(fits).blocks if isinstance(one, Table))
    assert table.rows[0][0].text == "tau"
    assert table.rows[0][-1].text == "2.00"
    assert table.rows[0][-1].tone is Tone.CAUTION
    assert all(row[-1].tone is None for row in table.rows[1:])
    assert "1 quantity moves by 0.5 posterior SDs or more" in estimates.sentence(fits)


def test_equal_posteriors_are_said_to_agree():
    same = {"first": simulated_fit(), "second": simulated_fit()}
    assert estimates.sentence(same).startswith("The posteriors agree")


def test_only_what_differs_is_listed():
    records = {name: fit.record for name, fit in _fits().items()}
    (table,) = differences.section(records).blocks
    assert isinstance(table, Table)
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["seed", "20", "21"],
        ["prior mu.sigma", "5", "1"],
    ]


def test_programs_that_differ_are_shown_line_by_line():
    one, other = simulated_fit().record, _other().record
    source = one["model"]["source"].replace("normal(0, 5)", "normal(0, 1)")
    changed = {**other, "model": {**other["model"], "source": source, "sha256": "9" * 64}}
    blocks = differences.section({"a": one, "b": changed}).blocks
    code = next(one for one in blocks if isinstance(one, Disclosure)).blocks[1]
    assert "-  mu ~ normal(0, 5);" in code.text  # type: ignore[union-attr]
    assert "+  mu ~ normal(0, 1);" in code.text  # type: ignore[union-attr]


def test_the_same_run_twice_differs_in_nothing():
    record = simulated_fit().record
    (notice,) = differences.section({"a": record, "b": record}).blocks
    assert isinstance(notice, Notice)


def test_the_page_is_complete_and_names_are_escaped():
    hostile = '<script>alert(1)</script>"\u202e'
    page = read_page(render(comparison_report({"plain": simulated_fit(schools=40), hostile: _other()})))
    assert len(page.all("script")) == 1
    assert "alert(1)" in page.text
    for key in ("runs-table", "estimates-table", "differences-table", "loo-table"):
        assert any(one.attributes.get("id") == key for one in page.elements)


def test_runs_with_nothing_in_common_still_make_a_page():
    record = {"model": {"name": "bare"}, "data": {"path": "bare.csv", "rows": 3}}
    bare = Fit(record, xr.DataTree())
    text = read_page(render(comparison_report({"a": bare, "b": simulated_fit()}))).text
    assert "no quantity in common" in text
    assert "No comparison by leave-one-out" in text


@pytest.mark.parametrize("count", [1, 9])
def test_too_few_or_too_many_are_refused(count):
    with pytest.raises(RequestError, match=f"2 to 8 runs can be compared, found {count}"):
        comparison_report({str(one): simulated_fit() for one in range(count)})


def test_names_tell_folders_apart():
    paths = [Path("/x/a/run"), Path("/x/b/run"), Path("/x/c"), Path("/x/c")]
    assert report.name_runs(paths) == ["a/run", "b/run", "c (3)", "c (4)"]


def test_folders_become_one_file(tmp_path):
    for name, fit in _fits().items():
        store.write(fit, "", tmp_path / name)
    folders = [tmp_path / "first", tmp_path / "second"]
    target = report.write_comparison(
        report.read_runs(folders), tmp_path / "out" / "both.html", tmp_path / "pictures"
    )
    assert "first" in target.read_text(encoding="utf-8")
    assert len(list((tmp_path / "pictures").glob("densities-*.svg"))) == 6
