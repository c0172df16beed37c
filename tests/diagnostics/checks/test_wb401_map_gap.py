"""WB401: would the MAP alone mislead?"""

from tests.diagnostics.checks.records import FAILED, NO_PARAMETERS, UNREQUESTED, examine
from tests.diagnostics.fits import change_record


def test_it_fires_on_half_a_standard_deviation():
    result = examine("WB401", change_record("gaps", "mu", {"map_minus_mean": -0.6, "in_sd": -0.6}))
    assert (result.status, result.severity) == ("tip", "none")
    assert "0.60 posterior SDs below" in result.message


def test_several_modes_are_the_reason_where_there_are_several():
    record = change_record("gaps", "mu", {"map_minus_mean": 4.0, "in_sd": 40.0})
    rows = [{"log_density": -9.0, "estimates": {"mu": value}} for value in (2.0, -2.0)]
    record["map"] = {**record["map"], "modes": rows}
    result = examine("WB401", record)
    assert "because the posterior has 2 modes" in result.message
    assert "Describe each mode" in result.advice


def test_it_is_quiet_on_less():
    assert examine("WB401").status == "passed"


def test_without_draws_it_does_not_apply():
    assert examine("WB401", FAILED).status == "n/a"
    assert examine("WB401", UNREQUESTED).status == "skipped"


def test_it_does_not_apply_to_a_program_without_parameters():
    assert examine("WB401", NO_PARAMETERS).status == "n/a"
