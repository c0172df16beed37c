"""WB101: do the chains agree?"""

from tests.diagnostics.checks.records import FAILED, NO_PARAMETERS, UNREQUESTED, examine
from tests.diagnostics.fits import PARAMETER, change_record


def record_with(**numbers):
    return change_record("nuts", "estimates", "mu", {**PARAMETER, **numbers})


def test_it_fires_above_the_limit_and_names_the_label():
    result = examine("WB101", record_with(rhat=1.25, label="mean effect"))
    assert (result.status, result.severity) == ("issue", "fail")
    assert result.message == "The chains disagree: R-hat is 1.250 for `mean effect`, above 1.01."


def test_a_value_that_rounds_to_the_limit_is_printed_with_more_decimals():
    assert "R-hat is 1.01004 for `mu`, above 1.01." in examine("WB101", record_with(rhat=1.01004)).message
    assert "R-hat is 1.0098 (`mu`), below 1.01." in examine("WB101", record_with(rhat=1.0098)).message


def test_what_is_not_finite_does_not_hide_the_others():
    """Part of a mixture that is impossible has minus infinity at every draw, and no R-hat."""
    estimates = {"mu": {**PARAMETER, "rhat": float("nan")}, "nu": {**PARAMETER, "rhat": 1.2}}
    both = change_record("nuts", "estimates", estimates)
    both["model"]["parameters"].append({"name": "nu", "type": "real", "line": 2})
    assert "R-hat is 1.200 for `nu`" in examine("WB101", both).message


def test_it_is_quiet_below():
    assert examine("WB101", record_with(rhat=1.009)).status == "passed"


def test_generated_quantities_do_not_decide():
    """A quantity that is constant in all but one draw has a poor R-hat and says nothing of the chains."""
    record = change_record("nuts", "estimates", "is_large", {**PARAMETER, "rhat": 1.5})
    assert examine("WB101", record).status == "passed"


def test_without_draws_it_does_not_apply():
    assert examine("WB101", FAILED).status == "n/a"
    assert examine("WB101", UNREQUESTED).status == "skipped"


def test_it_does_not_apply_to_a_program_without_parameters():
    assert examine("WB101", NO_PARAMETERS).status == "n/a"
