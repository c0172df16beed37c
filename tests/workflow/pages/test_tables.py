"""Tables for documents and programs: every row, and what a run without chains has."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import pytest

from tests.report.simulated import simulate_fit
from workbench.methods import RESULTS
from workbench.prediction.outcome_summaries import COLUMNS
from workbench.report.table_formats import FORMATS
from workbench.results import Fit
from workbench.workflow.pages.predict import FirstRows, build_predictions_page
from workbench.workflow.pages.tables import format_estimates, format_page


def test_all_predictions_are_printed():
    numbers = dict.fromkeys(COLUMNS, math.nan) | {"label": "a_b", "prediction": "y_rep", "mean": 1 / 3}
    first = FirstRows()
    first.add([numbers | {"row": row} for row in range(1, 101)])
    page = build_predictions_page(first, Path("run"), "new.csv")
    texts = {form: format_page(page, first.rows, form) for form in FORMATS}
    assert texts["md"].count("a_b") == 100
    assert texts["latex"].count("a\\_b") == 100
    rows = list(csv.DictReader(texts["csv"].splitlines()))
    assert [row["row"] for row in rows] == [str(row) for row in range(1, 101)]
    assert float(rows[99]["mean"]) == json.loads(texts["json"])[99]["mean"] == 1 / 3


@pytest.mark.parametrize("form", ["md", "latex"])
def test_without_chains_there_is_a_row_for_each_method(form):
    fit = simulate_fit()
    failed = Fit({**fit.record, "nuts": {"status": "failed", "reason": "it was not run."}}, fit.tree)
    lines = format_estimates(failed, ["tau"], form).splitlines()
    found = (fit.record.get(key, {}).get("estimates", {}) for key in RESULTS if key != "nuts")
    assert len([line for line in lines if "tau" in line]) == sum("tau" in one for one in found) > 1
