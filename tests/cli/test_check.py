"""`workbench check`: a stored run examined again, and a check explained."""

import json

import pytest

from tests.report.simulated import simulated_fit
from workbench.diagnostics.catalogue import CATALOGUE
from workbench.provenance import hash_file
from workbench.results import store


def converged(divergences):
    """A run whose chains agree, with so many divergent transitions."""
    fit = simulated_fit()
    fit.record["nuts"]["divergences"] = divergences
    for numbers in fit.record["nuts"]["estimates"].values():
        numbers |= {"rhat": 1.0, "ess_bulk": 400.0, "ess_tail": 400.0}
    return fit


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return store.write(converged(2), "", tmp_path_factory.mktemp("runs") / "run")


def test_a_run_is_examined_with_the_checks_of_today_and_stays_as_it_is(workbench, run):
    before = hash_file(run / "run.json")
    done = workbench("check", run)
    assert done.returncode == 0, done.output
    assert done.stdout.startswith("verdict: caution\n")
    assert "issue WB201  No divergent transitions" in done.stdout
    assert "2 of 400 transitions diverged" in done.stdout
    assert "-> Raise --adapt-delta" in done.stdout
    assert "passed: WB101" in done.stdout
    assert hash_file(run / "run.json") == before


def test_it_fits_eighty_columns(workbench, run):
    assert max(map(len, workbench("check", run).stdout.splitlines())) <= 80


def test_json_is_the_diagnosis_and_what_was_measured(workbench, run):
    found = json.loads(workbench("check", run, "--json").stdout)
    assert found["diagnosis"]["verdict"] == "caution"
    assert [one["code"] for one in found["diagnosis"]["checks"]] == [check.code for check in CATALOGUE]
    assert {"loo", "predictive", "power_scaling"} <= found.keys()


def test_strict_fails_on_a_verdict_of_fail_alone(workbench, run, tmp_path):
    assert workbench("check", run, "--strict").returncode == 0
    folder = store.write(converged(200), "", tmp_path / "failing")
    done = workbench("check", folder, "--strict")
    assert done.returncode == 1
    assert "verdict: fail" in done.stdout


def test_a_check_is_explained_by_its_code(workbench):
    done = workbench("check", "--explain", "wb602")
    assert done.returncode == 0
    assert done.stdout.startswith("WB602  Prior and data agree\n")
    for words in ("threshold: ", "reference: Kallioinen", "what to do: "):
        assert words in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, "either a run directory or --explain was expected"),
        (("nowhere",), 5, "a run was expected in `nowhere`"),
        (("--explain", "WB999"), 2, "`WB999` is no check"),
    ],
)
def test_mistakes_are_said_in_words(workbench, arguments, code, words):
    done = workbench("check", *arguments)
    assert done.returncode == code
    assert words in done.stderr
    assert "hint: " in done.stderr
    assert "Traceback" not in done.output
