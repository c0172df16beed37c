"""A run checked again: today's diagnosis, nothing written; and checks by their codes."""

import pytest

from tests.report.simulated import simulate_fit
from workbench.errors import RequestError, RunNotFound
from workbench.provenance import hash_file
from workbench.results import store
from workbench.workflow.check import examine_run, find_check


def test_a_run_is_examined_and_stays_as_it_is(tmp_path):
    folder = store.write(simulate_fit(draws=40), "", tmp_path / "run")
    before = hash_file(folder / "run.json")
    fit, entries = examine_run(folder)
    assert fit.results.diagnosis is not None
    assert len(fit.results.diagnosis.checks) > 20
    assert entries["diagnosis"] == fit.record["diagnosis"]
    assert hash_file(folder / "run.json") == before


def test_there_is_no_run(tmp_path):
    with pytest.raises(RunNotFound, match=f"`{tmp_path}`"):
        examine_run(tmp_path)


def test_a_check_is_found_by_its_code_in_any_case():
    assert find_check("wb201") is find_check("WB201")
    with pytest.raises(RequestError, match=r"`WB999`.*WB101"):
        find_check("WB999")
