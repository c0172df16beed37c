"""WB402: do the point estimates exist?"""

from tests.diagnostics.checks.asking import UNASKED, ask
from tests.diagnostics.fits import ABSENT, record_with


def test_it_fires_when_one_is_missing():
    found = ask("WB402", record_with("map", ABSENT))
    assert (found.status, found.severity) == ("tip", "none")
    assert "There is no MAP: a chain stopped." in found.message


def test_it_is_quiet_when_all_are_there():
    assert ask("WB402").status == "passed"


def test_what_was_not_asked_for_is_skipped():
    assert ask("WB402", UNASKED).status == "skipped"
