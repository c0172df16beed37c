"""The record of how bundled models are calibrated, how it is made, and what pages say of it."""

import importlib
import json
import sys

import pytest

from tests.conftest import ROOT
from tests.library import calibrations
from tests.library.calibrations import format_record, hash_inputs, is_known, keep, measure, read_record
from workbench import library

RECORD = read_record()


@pytest.fixture
def pages():
    sys.path.insert(0, str(ROOT / "docs"))
    yield importlib.import_module("calibration_pages")
    sys.path.remove(str(ROOT / "docs"))


def test_entries_are_of_the_models_as_they_are():
    for name, kinds in RECORD.items():
        for kind, entry in kinds.items():
            words = f"{name}: `make calibration` again, without its entry in docs/calibration.json"
            assert entry["of"] == hash_inputs(library.find(name)), words
            assert ("refused" in entry) != bool(entry["methods"])
            assert kind in {"prior", "posterior"}


def test_the_record_is_json_as_it_is_written():
    assert json.loads(format_record(RECORD)) == RECORD
    assert calibrations.RECORD.read_text(encoding="utf-8") == format_record(RECORD)


def test_an_entry_joins_those_of_other_models_and_kinds(tmp_path, monkeypatch):
    monkeypatch.setattr(calibrations, "RECORD", tmp_path / "calibration.json")
    model = library.find("linear")
    entry = {"refused": "no.", "of": hash_inputs(model), "methods": []}
    keep("linear", "posterior", entry)
    keep("linear", "prior", entry | {"of": "an older program"})
    keep("ridge", "prior", entry)
    record = read_record()
    assert list(record) == ["linear", "ridge"]
    assert list(record["linear"]) == ["prior", "posterior"]
    assert is_known(record, model, "posterior")
    assert not is_known(record, model, "prior")
    assert not is_known(record, library.find("lasso"), "prior")


@pytest.mark.stan
def test_a_model_is_measured_and_one_without_time_is_not(tmp_path):
    model = library.find("normal_known_variance")
    assert measure(model, "prior", 20, 0.2, tmp_path / "none") == {}
    entry = measure(model, "prior", 20, 300.0, tmp_path / "run")
    assert entry["simulations"] == 20
    found = {item["method"]: item for item in entry["methods"]}
    assert set(found) == set(calibrations.METHODS)
    assert found["nuts"]["judgement"] == "calibrated"
    assert found["nuts"]["quantities"] == 2


def test_pages_show_a_fault_a_refusal_and_what_was_not_run(pages, monkeypatch):
    method = {"method": "laplace", "judgement": "not calibrated", "fits": 39, "failed": 1, "quantities": 3}
    off = [{"quantity": "tau", "sentence": "Laplace's intervals for `tau` are too narrow."}]
    method |= {
        "off_count": 1,
        "off": off,
        "coverage": [0.5, 0.9],
        "seconds": 0.123,
        "fired": {"WB301": [2, 39]},
    }
    entry = {"sentence": "Laplace cannot be relied on.", "simulations": 40, "left_out": 3, "workbench": "1"}
    nuts = method | {
        "method": "nuts",
        "judgement": "undecided",
        "failed": 0,
        "off_count": 0,
        "off": [],
        "failures": [],
    }
    nuts["sentence"] = "NUTS shows no fault, but WB201 fired in 9 of 39 fits."
    entry["methods"] = [nuts, method | {"failures": [["no *mode*.", 1]]}]
    refusal = "error: it is a series_only. hint: leave --posterior out"
    record = {"linear": {"prior": entry}, "ridge": {"posterior": {"refused": refusal, "methods": []}}}
    monkeypatch.setattr(pages, "RECORD", record)
    table = "\n".join(pages.format_overview(["linear", "ridge", "lasso"]))
    assert "| [linear](linear.md#calibration) | 40 | undecided: alarms | **off**: 1 of 3 | – | – |" in table
    assert "| [ridge](ridge.md#calibration) | – | refused | – | – | – |" in table
    assert "Not run: [ridge](ridge.md), [lasso](lasso.md)." in table
    section = "\n".join(pages.format_section("linear"))
    assert (
        "| Laplace | not calibrated | 39 | 1 | 50%, 90% | 0.12\N{NO-BREAK SPACE}s "
        "| [WB301](../checks.md#wb301) in 2 of 39 |" in section
    )
    assert "- NUTS shows no fault, but WB201 fired in 9 of 39 fits." in section
    assert "- Laplace's intervals for `tau` are too narrow." in section
    assert "- Laplace has no fit in 1: no \\*mode\\*." in section
    assert "- 3 more data sets are left out" in section
    refused = "\n".join(pages.format_section("ridge"))
    assert "Refused: it is a series\\_only." in refused
    assert "hint" not in refused
    assert "".join(pages.format_section("lasso")) == ""
