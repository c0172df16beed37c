"""WB402: were the point estimates found?"""

from tests.diagnostics.checks.records import UNREQUESTED, examine
from tests.diagnostics.fits import ABSENT, SKIPPED, change_record


def test_it_fires_when_one_is_missing():
    result = examine("WB402", change_record("map", ABSENT))
    assert (result.status, result.severity) == ("tip", "none")
    assert "No MAP was found: a chain stopped." in result.message


def test_without_a_posterior_nothing_stands_in_for_it():
    record = {**change_record("map", ABSENT), "nuts": SKIPPED}
    result = examine("WB402", record)
    assert (result.status, result.severity) == ("issue", "caution")
    assert "--method nuts" in result.advice


def test_one_reason_is_told_once():
    result = examine("WB402", {**change_record("map", ABSENT), "map_unconstrained": ABSENT})
    assert result.message == "No MAP or unconstrained mode was found: a chain stopped."
    assert result.measured == 2


def test_it_is_quiet_when_all_are_there():
    assert examine("WB402").status == "passed"


def test_what_was_not_requested_is_skipped():
    assert examine("WB402", UNREQUESTED).status == "skipped"
