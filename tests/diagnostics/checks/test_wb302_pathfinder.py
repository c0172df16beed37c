"""WB302: is the Pathfinder approximation close to the posterior?"""

import pytest

from tests.diagnostics.checks.records import examine
from tests.diagnostics.fits import ABSENT, RECORD


def record(**changes):
    return {**RECORD, "pathfinder": {"status": "ok", "draws": 1000, "khat": 0.3, **changes}}


@pytest.mark.parametrize("khat", [0.71, None])
def test_it_fires_above_the_limit_or_without_a_number(khat):
    assert examine("WB302", record(khat=khat)).status == "tip"


def test_it_fires_when_there_is_none():
    assert "a chain stopped" in examine("WB302", {**RECORD, "pathfinder": ABSENT}).message


def test_it_is_quiet_below():
    assert examine("WB302", record()).status == "passed"


def test_what_was_not_requested_is_skipped():
    assert examine("WB302").status == "skipped"
