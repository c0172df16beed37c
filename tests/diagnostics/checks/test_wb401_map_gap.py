"""WB401: would the MAP alone have misled?"""

from tests.diagnostics.checks.asking import FAILED, UNASKED, ask
from tests.diagnostics.fits import record_with


def test_it_fires_on_half_a_standard_deviation():
    found = ask("WB401", record_with("gaps", "mu", {"map_minus_mean": -0.6, "in_sd": -0.6}))
    assert (found.status, found.severity) == ("tip", "none")
    assert "0.60 posterior SDs below" in found.message


def test_it_is_quiet_on_less():
    assert ask("WB401").status == "passed"


def test_without_draws_it_does_not_apply():
    assert ask("WB401", FAILED).status == "n/a"
    assert ask("WB401", UNASKED).status == "skipped"


def test_a_program_without_parameters_has_nothing_to_ask():
    none = {"status": "ok", "chains": 4, "draws": 1000, "warmup": 0, "estimates": {}}
    assert ask("WB401", {**record_with("nuts", none), "gaps": {}}).status == "n/a"
