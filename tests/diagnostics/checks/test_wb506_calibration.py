"""WB506: do probabilities of a binary outcome come true?"""

import pytest

from tests.diagnostics.checks.asking import FAILED, UNASKED, UNPREDICTED, ask, predicted


def record(z, source="loo"):
    scores = {"spiegelhalter_z": z, "calibration_error": 0.1, "source": source}
    return predicted(kind="binary", scores=scores)


@pytest.mark.parametrize(("z", "side"), [(3.5, "too extreme"), (-3.5, "too cautious")])
def test_it_fires_on_either_side(z, side):
    found = ask("WB506", record(z))
    assert (found.status, found.severity) == ("issue", "caution")
    assert side in found.message


def test_it_is_quiet_in_between():
    assert ask("WB506", record(-1.0)).status == "passed"


def test_a_few_observations_do_not_tell():
    few = record(3.5)
    few["predictive"]["outcomes"][0]["observations"] = 29
    assert ask("WB506", few).status == "n/a"


def test_probabilities_that_have_seen_their_outcomes_do_not_tell():
    found = ask("WB506", record(-7.8, source="posterior"))
    assert found.status == "n/a"
    assert found.message == "Calibration needs binary outcomes that can be left out one by one."


def test_other_outcomes_have_no_probabilities():
    assert ask("WB506", predicted()).status == "n/a"
    assert ask("WB506", record(None)).status == "n/a"


def test_without_replicates_it_does_not_apply():
    assert "`y` is a mixture" in ask("WB506", UNPREDICTED).message
    assert ask("WB506", UNPREDICTED).status == "n/a"
    assert ask("WB506", FAILED).status == "n/a"
    assert ask("WB506", UNASKED).status == "skipped"
