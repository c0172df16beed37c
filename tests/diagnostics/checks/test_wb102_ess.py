"""WB102: are there enough effective draws?"""

from tests.diagnostics.checks.records import FAILED, NO_PARAMETERS, UNREQUESTED, examine
from tests.diagnostics.fits import PARAMETER, change_record


def record(**numbers):
    return change_record("nuts", "estimates", "mu", {**PARAMETER, **numbers})


def test_it_fires_below_a_hundred_for_each_chain():
    result = examine("WB102", record(ess_tail=399.0))
    assert (result.status, result.severity) == ("issue", "caution")
    assert "tail ESS is 399 for `mu`, below 400" in result.message


def test_a_size_that_rounds_to_the_limit_is_printed_with_more_decimals():
    assert "bulk ESS is 399.7 for `mu`, below 400" in examine("WB102", record(ess_bulk=399.7)).message


def test_it_is_quiet_above():
    assert examine("WB102", record(ess_tail=401.0)).status == "passed"


def test_without_draws_it_does_not_apply():
    assert examine("WB102", FAILED).status == "n/a"
    assert examine("WB102", UNREQUESTED).status == "skipped"


def test_it_does_not_apply_to_a_program_without_parameters():
    assert examine("WB102", NO_PARAMETERS).status == "n/a"
