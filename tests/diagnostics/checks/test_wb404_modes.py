"""WB404: is there more than one mode?"""

from tests.diagnostics.checks.records import UNREQUESTED, examine
from tests.diagnostics.fits import change_record


def record(*log_densities):
    modes = [
        {"log_density": value, "starts": 2, "distance": 3.5 * k} for k, value in enumerate(log_densities)
    ]
    return change_record("map_unconstrained", "modes", modes)


def test_a_second_mode_as_high_is_an_issue():
    result = examine("WB404", record(-10.0, -11.0))
    assert (result.status, result.severity) == ("issue", "caution")
    assert "2 modes; the second is 1.0 nats below the first and 3.5 posterior SDs away" in result.message


def test_equal_modes_are_said_to_be_equal():
    assert "2 modes; the second is as high as the first" in examine("WB404", record(-10.0, -10.0)).message


def test_one_far_below_is_a_tip():
    assert examine("WB404", record(-10.0, -30.0)).status == "tip"


def test_it_is_quiet_on_one():
    assert examine("WB404", record(-10.0)).status == "passed"


def test_without_several_starts_it_does_not_apply():
    assert examine("WB404").status == "n/a"


def test_what_was_not_requested_is_skipped():
    assert examine("WB404", UNREQUESTED).status == "skipped"
