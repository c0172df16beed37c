"""Tables for documents and programs: every row, and what a run without chains has."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pandas as pd
import pytest

from tests.report.simulated import simulate_fit
from workbench.methods import RESULTS
from workbench.prediction.outcome_summaries import COLUMNS
from workbench.results import Fit
from workbench.workflow.pages.predict import build_predictions_page
from workbench.workflow.pages.tables import format_estimates, format_page


def test_all_predictions_are_printed():
    frame = pd.DataFrame(
        {"row": range(1, 101), "label": ["a_b"] * 100, "prediction": "y_rep", "mean": [1 / 3] * 100}
    )
    frame = frame.reindex(columns=list(COLUMNS))
    frame.attrs["remark"] = ""
    texts = {
        form: format_page(build_predictions_page(frame, Path("run"), "new.csv", len(frame)), frame, form)
        for form in ("md", "latex", "csv", "json")
    }
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
