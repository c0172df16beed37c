"""WB102: are there enough effective draws?"""

from tests.diagnostics.checks.asking import FAILED, UNASKED, ask
from tests.diagnostics.fits import PARAMETER, record_with


def record(**numbers):
    return record_with("nuts", "estimates", "mu", {**PARAMETER, **numbers})


def test_it_fires_below_a_hundred_for_each_chain():
    found = ask("WB102", record(ess_tail=399.0))
    assert (found.status, found.severity) == ("issue", "caution")
    assert "tail ESS is 399 for `mu`, below 400" in found.message


def test_a_size_that_rounds_to_the_limit_is_told_apart_from_it():
    assert "bulk ESS is 399.7 for `mu`, below 400" in ask("WB102", record(ess_bulk=399.7)).message


def test_it_is_quiet_above():
    assert ask("WB102", record(ess_tail=401.0)).status == "passed"


def test_without_draws_it_does_not_apply():
    assert ask("WB102", FAILED).status == "n/a"
    assert ask("WB102", UNASKED).status == "skipped"


def test_a_program_without_parameters_has_nothing_to_ask():
    none = {"status": "ok", "chains": 4, "draws": 1000, "warmup": 0, "estimates": {}}
    assert ask("WB102", record_with("nuts", none)).status == "n/a"
