"""WB302: is the Pathfinder approximation close to the posterior?"""

import pytest

from tests.diagnostics.checks.records import examine
from tests.diagnostics.fits import ABSENT, RECORD, SKIPPED


def record(**changes):
    return {**RECORD, "pathfinder": {"status": "ok", "draws": 1000, "khat": 0.3, **changes}}


@pytest.mark.parametrize("khat", [0.71, None])
def test_it_fires_above_the_limit_or_without_a_number(khat):
    assert examine("WB302", record(khat=khat)).status == "tip"


def test_it_fires_when_there_is_none():
    assert "a chain stopped" in examine("WB302", {**RECORD, "pathfinder": ABSENT}).message


def test_it_is_quiet_below():
    assert examine("WB302", record()).status == "passed"


def test_it_is_an_issue_where_it_is_the_only_posterior():
    result = examine("WB302", {**record(khat=0.71), "nuts": SKIPPED})
    assert (result.status, result.severity) == ("issue", "caution")
    assert "--method nuts" in result.advice


def test_its_advice_never_names_nuts_that_failed():
    assert "kept NUTS" in examine("WB302", {**record(khat=0.71), "nuts": ABSENT}).advice


def test_what_was_not_requested_is_skipped():
    assert examine("WB302").status == "skipped"
