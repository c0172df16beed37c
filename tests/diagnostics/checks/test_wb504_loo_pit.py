"""WB504: are the predictive distributions calibrated?"""

from tests.diagnostics.checks.records import FAILED, NO_REPLICATES, UNREQUESTED, examine, with_outcome


def test_it_fires_when_transforms_are_not_uniform():
    result = examine("WB504", with_outcome(pit={"source": "loo", "uniform_p": 1e-5}))
    assert (result.status, result.severity) == ("issue", "caution")
    assert "given all other observations, are not uniform (p < 0.001)" in result.message


def test_it_is_quiet_when_they_are():
    assert examine("WB504", with_outcome()).status == "passed"


def test_categories_and_binary_outcomes_have_no_order():
    assert examine("WB504", with_outcome(pit={"source": "loo", "uniform_p": None})).status == "n/a"
    assert examine("WB504", with_outcome(kind="binary")).status == "n/a"


def test_without_replicates_it_does_not_apply():
    assert "`y` is a mixture" in examine("WB504", NO_REPLICATES).message
    assert examine("WB504", NO_REPLICATES).status == "n/a"
    assert examine("WB504", FAILED).status == "n/a"
    assert examine("WB504", UNREQUESTED).status == "skipped"
