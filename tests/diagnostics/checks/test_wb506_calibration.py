"""WB506: are predicted probabilities of a binary outcome calibrated?"""

import pytest

from tests.diagnostics.checks.records import FAILED, NO_REPLICATES, UNREQUESTED, examine, with_outcome
from tests.diagnostics.fits import RECORD


def record(z, source="loo"):
    scores = {"spiegelhalter_z": z, "calibration_error": 0.1, "source": source}
    return with_outcome(kind="binary", scores=scores)


@pytest.mark.parametrize(("z", "side"), [(3.5, "too extreme"), (-3.5, "too cautious")])
def test_it_fires_on_either_side(z, side):
    result = examine("WB506", record(z))
    assert (result.status, result.severity) == ("issue", "caution")
    assert side in result.message


def test_it_is_quiet_in_between():
    assert examine("WB506", record(-1.0)).status == "passed"


def test_it_does_not_apply_to_a_few_observations():
    few = record(3.5)
    few["predictive"]["outcomes"][0]["observations"] = 29
    assert examine("WB506", few).status == "n/a"


def test_it_does_not_apply_to_probabilities_given_their_own_outcomes():
    result = examine("WB506", record(-7.8, source="posterior"))
    assert result.status == "n/a"
    assert result.message == "Calibration needs binary outcomes for which leave-one-out is available."


def test_other_outcomes_have_no_probabilities():
    assert examine("WB506", with_outcome()).status == "n/a"
    assert examine("WB506", record(None)).status == "n/a"


def test_an_outcome_that_was_too_costly_is_skipped():
    costly = {"name": "died", "reason": "too many.", "too_costly": True}
    other = with_outcome(kind="count")
    other["predictive"]["left_out"] = [costly]
    alone = {**RECORD, "predictive": {"status": "skipped", "outcomes": [], "left_out": [costly]}}
    for record in (other, alone):
        result = examine("WB506", record)
        assert (result.status, result.message) == ("skipped", "`died` was not checked: too many.")


def test_without_replicates_it_does_not_apply():
    assert "`y` is a mixture" in examine("WB506", NO_REPLICATES).message
    assert examine("WB506", NO_REPLICATES).status == "n/a"
    assert examine("WB506", FAILED).status == "n/a"
    assert examine("WB506", UNREQUESTED).status == "skipped"
