"""WB402: do the point estimates exist?"""

from tests.diagnostics.checks.records import UNREQUESTED, examine
from tests.diagnostics.fits import ABSENT, change_record


def test_it_fires_when_one_is_missing():
    result = examine("WB402", change_record("map", ABSENT))
    assert (result.status, result.severity) == ("tip", "none")
    assert "There is no MAP: a chain stopped." in result.message


def test_it_is_quiet_when_all_are_there():
    assert examine("WB402").status == "passed"


def test_what_was_not_requested_is_skipped():
    assert examine("WB402", UNREQUESTED).status == "skipped"
