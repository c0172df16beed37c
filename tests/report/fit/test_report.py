"""The report of a fit as a whole: it exists whatever is missing from the run."""

from __future__ import annotations

import copy
import functools
import json
from collections.abc import Iterator
from typing import Any

import pytest
import xarray as xr

from tests.report.documents import changed_fit, list_figures, list_notices, without
from tests.report.page import read_page
from tests.report.simulated import simulate_fit
from workbench.errors import RunIncomplete
from workbench.report.fit.report import build_fit_report
from workbench.report.html import render
from workbench.results import Fit

METHODS = ("mle", "map", "map_unconstrained", "laplace", "nuts")


def test_a_run_in_which_every_method_failed_has_a_report():
    empty = Fit({**without(simulate_fit(draws=40), *METHODS).record, "gaps": {}}, xr.DataTree())
    document = build_fit_report(empty)
    assert not any(list_figures(section) for section in document.sections)
    assert read_page(render(document)).text.count("The reason of") >= len(METHODS)


def test_a_record_with_the_bare_minimum_has_a_report():
    record = {"model": {"name": "bare"}, "data": {"path": "bare.csv", "rows": 3}}
    text = read_page(render(build_fit_report(Fit(record, xr.DataTree())))).text
    assert "no verdict" in text


def test_stored_and_fresh_runs_have_the_same_report():
    fit = simulate_fit(draws=40)
    stored = Fit(json.loads(json.dumps(fit.record)), fit.tree)
    assert render(build_fit_report(fit)) == render(build_fit_report(stored))


def test_provenance_is_complete():
    fit = simulate_fit()
    text = read_page(render(build_fit_report(fit))).text
    for needed in (fit.record["command"], "1" * 64, "2" * 64, "2.39.0", "2 min 5 s", "none: simulated"):
        assert needed in text


@pytest.mark.parametrize(
    ("key", "section"), [("predictive", "prediction"), ("loo", "influence"), ("power_scaling", "sensitivity")]
)
@pytest.mark.parametrize("status", ["not available", "skipped", None])
def test_a_missing_measure_is_explained(key, section, status):
    fit = changed_fit()
    if status is None:
        del fit.record[key]  # type: ignore[attr-defined]
    else:
        fit.record[key] = {"status": status, "reason": "the reason."}  # type: ignore[index]
    sections = {section.key: section for section in build_fit_report(fit).sections}
    (text,) = list_notices(sections[section])
    assert ("the reason." in text) == (status == "not available")
    assert "not" in text or "no" in text


def _list_paths(value: Any, depth: int = 4) -> Iterator[tuple[Any, ...]]:
    """Yield the path to every entry of a record, a few levels deep."""
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, entry in entries:
        yield (key,)
        if depth > 1:
            yield from ((key, *rest) for rest in _list_paths(entry, depth - 1))


@pytest.mark.parametrize("change", ["removed", "empty"])
def test_a_run_without_any_one_entry_has_a_report_or_is_said_to_be_incomplete(change):
    fit = simulate_fit(schools=1, draws=20)
    paths = list(_list_paths(fit.record))
    assert len(paths) > 200
    refused = 0
    for path in paths:
        record = copy.deepcopy(dict(fit.record))
        parent = functools.reduce(lambda value, key: value[key], path[:-1], record)
        if change == "removed":
            del parent[path[-1]]
        else:
            parent[path[-1]] = None
        try:
            render(build_fit_report(Fit(record, fit.tree)), lambda _: "<svg></svg>")
        except RunIncomplete:
            refused += 1
        except Exception as reason:
            raise AssertionError(f"no report without {path}") from reason
    assert refused < len(paths) / 10 if change == "removed" else refused > 0
