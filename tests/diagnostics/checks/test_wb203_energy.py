"""WB203: does the sampler explore all energies?"""

from tests.diagnostics.checks.records import FAILED, NO_PARAMETERS, UNREQUESTED, examine
from tests.diagnostics.fits import change_record


def test_it_fires_if_one_chain_is_below_the_limit():
    result = examine("WB203", change_record("nuts", "ebfmi", [1.0, 0.29]))
    assert (result.status, result.severity) == ("issue", "caution")


def test_a_value_that_rounds_to_the_limit_is_printed_with_more_decimals():
    assert "(smallest 0.299)" in examine("WB203", change_record("nuts", "ebfmi", [0.299])).message


def test_it_counts_the_chains_below_the_limit():
    message = examine("WB203", change_record("nuts", "ebfmi", [0.28, 0.24, 0.5, 0.29])).message
    assert "below 0.3 in 3 of 4 chains (smallest 0.24)" in message


def test_it_is_quiet_above():
    assert examine("WB203", change_record("nuts", "ebfmi", [1.0, 0.31])).status == "passed"


def test_without_draws_it_does_not_apply():
    assert examine("WB203", FAILED).status == "n/a"
    assert examine("WB203", UNREQUESTED).status == "skipped"


def test_it_does_not_apply_to_a_program_without_parameters():
    assert examine("WB203", NO_PARAMETERS).status == "n/a"
