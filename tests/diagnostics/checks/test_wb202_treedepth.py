"""WB202: were trajectories cut short?"""

from tests.diagnostics.checks.asking import FAILED, UNASKED, ask
from tests.diagnostics.fits import record_with


def test_it_fires_on_the_first():
    found = ask("WB202", record_with("nuts", "max_treedepth_hits", 1))
    assert (found.status, found.severity) == ("issue", "caution")


def test_none_is_well():
    assert ask("WB202").status == "passed"


def test_without_draws_it_does_not_apply():
    assert ask("WB202", FAILED).status == "n/a"
    assert ask("WB202", UNASKED).status == "skipped"


def test_a_program_without_parameters_has_nothing_to_ask():
    none = {"status": "ok", "chains": 4, "draws": 1000, "warmup": 0, "estimates": {}}
    assert ask("WB202", record_with("nuts", none)).status == "n/a"
