"""`workbench check`: a stored run checked again, and a check explained."""

import json

import pytest

from tests.cli.test_bad_input import assert_refused
from tests.report.simulated import simulate_fit
from workbench.diagnostics.catalogue import CATALOGUE
from workbench.provenance import hash_file
from workbench.results import store


def converged(divergences):
    """A run whose chains agree, with so many divergent transitions."""
    fit = simulate_fit()
    fit.record["nuts"]["divergences"] = divergences
    for numbers in fit.record["nuts"]["estimates"].values():
        numbers |= {"rhat": 1.0, "ess_bulk": 400.0, "ess_tail": 400.0}
    return fit


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return store.write(converged(2), "", tmp_path_factory.mktemp("runs") / "run")


def test_a_run_is_checked_again_and_stays_as_it_is(workbench, run):
    before = hash_file(run / "run.json")
    done = workbench("check", run)
    assert done.returncode == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0] == f"simulated in {run}"
    assert any(line.startswith("passed: WB101") for line in lines)
    assert any(line.startswith("verdict: caution.") for line in lines)
    finding = next(place for place, line in enumerate(lines) if line.startswith("  issue WB201 "))
    assert "2 of 400" in lines[finding]
    assert lines[finding + 1].startswith("      -> ")
    assert hash_file(run / "run.json") == before


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
    assert done.stdout.startswith("WB602 Prior and data agree\nA finding means: ")
    for name in ("threshold ", "reference ", "what to do "):
        assert any(line.startswith(name) for line in done.stdout.splitlines())


@pytest.mark.parametrize(
    ("arguments", "code", "place"),
    [((), 2, "--explain"), (("nowhere",), 5, "`nowhere`"), (("--explain", "WB999"), 2, "`WB999`")],
)
def test_mistakes_are_refused(workbench, arguments, code, place):
    assert_refused(workbench("check", *arguments), code, place, hint="`")
