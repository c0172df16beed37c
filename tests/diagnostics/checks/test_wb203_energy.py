"""WB203: does the sampler move freely between energy levels?"""

from tests.diagnostics.checks.asking import FAILED, UNASKED, ask
from tests.diagnostics.fits import record_with


def test_it_fires_if_one_chain_is_below_the_limit():
    found = ask("WB203", record_with("nuts", "ebfmi", [1.0, 0.29]))
    assert (found.status, found.severity) == ("issue", "caution")


def test_a_value_that_rounds_to_the_limit_is_told_apart_from_it():
    assert "E-BFMI is 0.299 in" in ask("WB203", record_with("nuts", "ebfmi", [0.299])).message


def test_it_is_quiet_above():
    assert ask("WB203", record_with("nuts", "ebfmi", [1.0, 0.31])).status == "passed"


def test_without_draws_it_does_not_apply():
    assert ask("WB203", FAILED).status == "n/a"
    assert ask("WB203", UNASKED).status == "skipped"


def test_a_program_without_parameters_has_nothing_to_ask():
    none = {"status": "ok", "chains": 4, "draws": 1000, "warmup": 0, "estimates": {}}
    assert ask("WB203", record_with("nuts", none)).status == "n/a"
