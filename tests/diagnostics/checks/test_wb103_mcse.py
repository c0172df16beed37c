"""WB103: is the Monte Carlo error small beside the posterior?"""

from tests.diagnostics.checks.asking import FAILED, UNASKED, ask
from tests.diagnostics.fits import PARAMETER, record_with


def record(**numbers):
    return record_with("nuts", "estimates", "mu", {**PARAMETER, **numbers})


def test_it_fires_above_a_tenth_of_a_standard_deviation():
    found = ask("WB103", record(sd=2.0, mcse_mean=0.3))
    assert (found.status, found.severity) == ("issue", "caution")
    assert found.message == "The mean of `mu` is known only to 15% of its posterior SD."


def test_it_is_quiet_below():
    found = ask("WB103", record(sd=2.0, mcse_mean=0.1))
    assert (found.status, found.measured) == ("passed", 0.05)


def test_a_parameter_that_does_not_vary_has_no_error():
    assert ask("WB103", record_with("nuts", "estimates", "mu", {"mean": 1.0, "sd": 0.0})).status == "n/a"


def test_without_draws_it_does_not_apply():
    assert ask("WB103", FAILED).status == "n/a"
    assert ask("WB103", UNASKED).status == "skipped"


def test_a_program_without_parameters_has_nothing_to_ask():
    none = {"status": "ok", "chains": 4, "draws": 1000, "warmup": 0, "estimates": {}}
    assert ask("WB103", record_with("nuts", none)).status == "n/a"
