"""All checks together: the verdict they add up to; each is documented and tested."""

import copy
from pathlib import Path

import pytest

from tests.diagnostics.checks.records import UNREQUESTED
from tests.diagnostics.fits import ABSENT, RECORD, change_record, make_fit
from workbench.diagnostics.catalogue import CATALOGUE
from workbench.diagnostics.diagnose import diagnose

CODES = [check.code for check in CATALOGUE]


def test_a_good_run_has_the_verdict_ok():
    diagnosis = diagnose(make_fit()).result
    assert diagnosis.verdict == "ok"
    assert diagnosis.reasons == ()
    assert {check.status for check in diagnosis.checks} == {"passed", "n/a", "skipped"}


def test_the_gravest_reason_comes_first():
    record = change_record("nuts", "ebfmi", [0.1])
    record["nuts"]["estimates"]["mu"]["rhat"] = 1.5
    record["nuts"]["max_treedepth_hits"] = 3
    diagnosis = diagnose(make_fit(record)).result
    assert diagnosis.verdict == "fail"
    assert diagnosis.reasons[0].startswith("The chains disagree")
    assert len(diagnosis.reasons) == 3


def test_an_issue_without_failure_is_a_caution():
    assert diagnose(make_fit(change_record("nuts", "divergences", 1))).result.verdict == "caution"


def test_a_tip_does_not_move_the_verdict():
    assert diagnose(make_fit(change_record("laplace", ABSENT))).result.verdict == "ok"


def test_without_a_posterior_the_verdict_is_fail_and_says_why():
    diagnosis = diagnose(make_fit(change_record("nuts", ABSENT))).result
    assert diagnosis.verdict == "fail"
    assert diagnosis.reasons[0] == "There is no posterior: a chain stopped."


def run_only(*methods, result=None):
    """Return a run that other methods were not requested of; those that were may have another result."""
    record = {**copy.deepcopy(UNREQUESTED), **{name: result or RECORD[name] for name in methods}}
    return make_fit(record)


def test_a_run_without_any_result_is_a_failure():
    """Every requested method failed: the checks that remain are about the program and its data."""
    diagnosis = diagnose(run_only("mle", "map", "laplace", result=ABSENT)).result
    assert diagnosis.verdict == "fail"
    assert diagnosis.reasons[0] == (
        "None of the requested results exists: no maximum-likelihood estimate, no MAP, no Laplace "
        "approximation. The posterior can exist all the same: sample it (--method nuts)."
    )


def test_where_nothing_was_checked_the_verdict_is_not_ok():
    diagnosis = diagnose(make_fit(UNREQUESTED)).result
    assert diagnosis.verdict == "caution"
    assert diagnosis.reasons == ("No check could be made of these results.",)


def test_without_draws_the_verdict_names_what_was_not_checked():
    diagnosis = diagnose(run_only("map", "map_unconstrained")).result
    assert diagnosis.verdict == "ok"
    assert diagnosis.not_checked == (
        "the distance of the mode from the posterior mean",
        "the equality of the instrumented program with the original",
        "the predictions",
        "the influence of single rows",
        "the sensitivity to the priors",
    )


def test_a_whole_run_leaves_nothing_unchecked():
    assert diagnose(make_fit()).result.not_checked == ()


TWO_MODES = [{"log_density": -3.0}, {"log_density": -3.5}]


@pytest.mark.parametrize(
    "result",
    [
        ABSENT,
        {"status": "ok", "estimates": {}, "khat": 3.0, "draws": 1000},
        {"status": "ok", "estimates": {}, "khat": 0.1, "draws": 1000, "modes": TWO_MODES},
    ],
)
@pytest.mark.parametrize("methods", [("mle",), ("map",), ("laplace",), ("mle", "map", "laplace")])
def test_advice_sends_nobody_to_draws_that_are_not_there(methods, result):
    for check in diagnose(run_only(*methods, result=result)).result.checks:
        if check.status in ("issue", "tip"):
            assert "--method nuts" in check.advice or "NUTS" not in check.advice
            assert "posterior mean" not in check.advice
            assert "traces" not in check.advice
            assert "chains" not in check.message


def test_the_record_holds_words_and_numbers_of_every_check():
    entries = diagnose(make_fit()).entries
    assert entries.keys() == {"diagnosis", "loo", "predictive", "power_scaling"}
    for check in entries["diagnosis"]["checks"]:
        assert check.keys() == {
            "code", "title", "status", "severity", "message", "measured", "threshold", "reference", "meaning",
            "advice", "cause",
        }  # fmt: skip


def test_codes_are_unique_in_order_and_never_change_their_meaning():
    assert sorted(set(CODES)) == CODES
    assert {"WB101", "WB102", "WB201", "WB202", "WB203", "WB301", "WB401", "WB402", "WB501"} <= set(CODES)


@pytest.mark.parametrize("check", CATALOGUE, ids=CODES)
def test_each_has_its_own_file_its_own_tests_and_a_page(check):
    module = check.assess.__module__.rpartition(".")[2]
    assert module.startswith(check.code.lower())
    assert (Path(__file__).parent / "checks" / f"test_{module}.py").is_file()
    assert check.meaning.endswith(".")
    assert check.advice.endswith(".")
    assert check.page
    for paragraph in check.page:
        assert paragraph[0].isupper()
        assert paragraph.endswith(".")
        assert not set("`*_#") & set(paragraph)
