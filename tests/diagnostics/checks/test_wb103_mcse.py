"""WB103: is the Monte Carlo error small compared with the posterior SD?"""

from tests.diagnostics.checks.records import FAILED, NO_PARAMETERS, UNREQUESTED, examine
from tests.diagnostics.fits import PARAMETER, change_record


def record(**numbers):
    return change_record("nuts", "estimates", "mu", {**PARAMETER, **numbers})


def test_it_fires_above_a_tenth_of_a_standard_deviation():
    result = examine("WB103", record(sd=2.0, mcse_mean=0.3))
    assert (result.status, result.severity) == ("issue", "caution")
    assert result.message == "The Monte Carlo error of the mean of `mu` is 15% of its posterior SD."


def test_it_is_quiet_below():
    result = examine("WB103", record(sd=2.0, mcse_mean=0.1))
    assert (result.status, result.measured) == ("passed", 0.05)


def test_a_parameter_that_does_not_vary_has_no_error():
    assert (
        examine("WB103", change_record("nuts", "estimates", "mu", {"mean": 1.0, "sd": 0.0})).status == "n/a"
    )


def test_without_draws_it_does_not_apply():
    assert examine("WB103", FAILED).status == "n/a"
    assert examine("WB103", UNREQUESTED).status == "skipped"


def test_it_does_not_apply_to_a_program_without_parameters():
    assert examine("WB103", NO_PARAMETERS).status == "n/a"
