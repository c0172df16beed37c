"""WB302: is the Pathfinder approximation close to the posterior?"""

import pytest

from tests.diagnostics.checks.asking import ask
from tests.diagnostics.fits import ABSENT, RECORD


def record(**part):
    return {**RECORD, "pathfinder": {"status": "ok", "draws": 1000, "khat": 0.3, **part}}


@pytest.mark.parametrize("khat", [0.71, None])
def test_it_fires_above_the_limit_or_without_a_number(khat):
    assert ask("WB302", record(khat=khat)).status == "tip"


def test_it_fires_when_there_is_none():
    assert "a chain stopped" in ask("WB302", {**RECORD, "pathfinder": ABSENT}).message


def test_it_is_quiet_below():
    assert ask("WB302", record()).status == "passed"


def test_what_was_not_asked_for_is_skipped():
    assert ask("WB302").status == "skipped"
