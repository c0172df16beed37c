"""A comparison in its folder: published whole, never over something else."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from tests.report.comparison.runs import make_unequal_pair
from workbench.errors import RequestError, StoreError
from workbench.evidence.bayes_factors import compare_evidences
from workbench.evidence.comparable import SharedData
from workbench.evidence.log_evidence import LogEvidence
from workbench.results import Fit
from workbench.workflow.compare import ComparisonOptions, _weight_by_evidence, compare_runs


def test_a_folder_holds_the_page_and_everything_as_json(tmp_path: Path) -> None:
    comparison = compare_runs(make_unequal_pair(), ComparisonOptions(weights="pseudo-bma"))
    folder = tmp_path / "compared"
    comparison.publish(folder)
    assert sorted(path.name for path in folder.iterdir()) == ["comparison.html", "comparison.json"]
    record = json.loads((folder / "comparison.json").read_text())
    assert record == json.loads(json.dumps(comparison.to_dict()))
    prediction = record["prediction"]
    assert prediction["scheme"] == "leave-one-out"
    assert prediction["weights"] == "pseudo-bma"
    first, second = prediction["runs"].values()
    assert first["p_worse"] is None
    assert second["p_worse"] == pytest.approx(1.0, abs=1e-3)
    assert sum(run["weight"] for run in prediction["runs"].values()) == pytest.approx(1)
    assert len(prediction["row_differences"]) == 10


def test_finished_work_stays_and_anything_else_is_refused(tmp_path: Path) -> None:
    comparison = compare_runs(make_unequal_pair())
    folder = tmp_path / "compared"
    (folder / "kept").mkdir(parents=True)
    (folder / "kept" / "fold").write_text("1")
    comparison.publish(folder)
    comparison.publish(folder)
    assert (folder / "kept" / "fold").read_text() == "1"
    other = tmp_path / "mine"
    other.mkdir()
    (other / "notes.txt").write_text("mine")
    with pytest.raises(StoreError, match="a comparison"):
        comparison.publish(other)
    assert [path.name for path in other.iterdir()] == ["notes.txt"]


def test_weights_by_evidence_are_those_among_the_runs_that_are_compared() -> None:
    """A run whose rows cannot be left out has all of the evidence: the others keep their ratio."""
    predictions = compare_runs(make_unequal_pair()).predictions
    assert predictions is not None
    assert predictions.standings is not None
    first, second = predictions.standings
    known = {first: LogEvidence(-3000.0), second: LogEvidence(-3001.0), "set aside": LogEvidence(-100.0)}
    found = _weight_by_evidence(predictions, compare_evidences(known, SharedData())).standings
    assert found is not None
    assert found[first].weight == pytest.approx(1 / (1 + math.exp(-1)))
    assert found[second].weight == pytest.approx(1 / (1 + math.exp(1)))


def test_unknown_weights_and_single_runs_are_refused() -> None:
    with pytest.raises(RequestError, match="stacking, pseudo-bma, evidence"):
        ComparisonOptions(weights="best")  # type: ignore[arg-type]
    pair = make_unequal_pair()
    with pytest.raises(RequestError, match="nothing to compare it with"):
        compare_runs({"first": pair["first"]})


def test_criteria_stand_beside_predictions_or_it_is_said_why_they_do_not() -> None:
    comparison = compare_runs(make_unequal_pair())
    assert comparison.criteria is not None
    record = comparison.to_dict()["criteria"]
    assert [run["name"] for run in record["runs"]] == ["first", "second"]
    page = comparison.build_page()
    texts = repr(page.sections)
    assert "criteria-table" in texts or "Information criteria: " in texts


def test_a_run_that_failed_its_checks_is_named_wherever_the_answer_is() -> None:
    pair = make_unequal_pair()
    failed = replace_diagnosis(pair["second"], "fail")
    comparison = compare_runs({"first": pair["first"], "second": failed})
    answer = "Which run predicts better is not known: `second` failed its checks."
    assert comparison.sentences[0] == answer
    assert comparison.to_dict()["sentences"][0] == answer
    assert comparison.to_dict()["verdicts"]["second"] == "fail"
    assert comparison.build_summary().opening[0] == answer
    assert repr(comparison).startswith(f"<Comparison of first, second: {answer}")


def replace_diagnosis(fit: Fit, verdict: str) -> Fit:
    diagnosis = {"verdict": verdict, "reasons": ["The chains disagree."], "checks": []}
    return Fit({**fit.record, "diagnosis": diagnosis}, fit.tree)
