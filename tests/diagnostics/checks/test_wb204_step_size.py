"""WB204: did the chains adapt alike?"""

from tests.diagnostics.checks.asking import FAILED, UNASKED, ask
from tests.diagnostics.fits import record_with


def test_it_fires_when_one_chain_steps_much_shorter():
    found = ask("WB204", record_with("nuts", "step_size", [0.8, 0.2, 0.7, 0.75]))
    assert (found.status, found.severity) == ("tip", "none")
    assert "step sizes go from 0.2 to 0.8, a ratio of 4.0" in found.message


def test_it_is_quiet_when_they_are_alike():
    assert ask("WB204", record_with("nuts", "step_size", [0.8, 0.5])).status == "passed"


def test_one_chain_has_none_to_compare_with():
    assert ask("WB204", record_with("nuts", "step_size", [0.8])).status == "n/a"


def test_without_draws_it_does_not_apply():
    assert ask("WB204", FAILED).status == "n/a"
    assert ask("WB204", UNASKED).status == "skipped"


def test_a_program_without_parameters_has_nothing_to_ask():
    none = {"status": "ok", "chains": 4, "draws": 1000, "warmup": 0, "estimates": {}}
    assert ask("WB204", record_with("nuts", none)).status == "n/a"
