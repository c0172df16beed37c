"""WB202: did trajectories reach the maximum treedepth?"""

from tests.diagnostics.checks.records import FAILED, NO_PARAMETERS, UNREQUESTED, examine
from tests.diagnostics.fits import change_record


def test_it_fires_on_the_first():
    result = examine("WB202", change_record("nuts", "max_treedepth_hits", 1))
    assert (result.status, result.severity) == ("issue", "caution")


def test_none_is_fine():
    assert examine("WB202").status == "passed"


def test_without_draws_it_does_not_apply():
    assert examine("WB202", FAILED).status == "n/a"
    assert examine("WB202", UNREQUESTED).status == "skipped"


def test_it_does_not_apply_to_a_program_without_parameters():
    assert examine("WB202", NO_PARAMETERS).status == "n/a"
