"""WB507: do counts vary as much as the model says?"""

from tests.diagnostics.checks.records import FAILED, NO_REPLICATES, UNREQUESTED, examine, with_outcome


def record(ratio, p_value):
    return with_outcome(kind="count", dispersion={"ratio": ratio, "p_value": p_value})


def test_too_much_is_an_issue():
    result = examine("WB507", record(3.0, 0.0))
    assert (result.status, result.severity) == ("issue", "caution")
    assert "overdispersed: their variance is 3.00 times that of replicates (p < 0.001)" in result.message


def test_too_little_is_a_tip():
    assert examine("WB507", record(0.3, 1.0)).status == "tip"


def test_it_is_quiet_in_between():
    assert examine("WB507", record(1.1, 0.3)).status == "passed"


def test_other_outcomes_have_no_dispersion():
    assert examine("WB507", with_outcome()).status == "n/a"


def test_without_replicates_it_does_not_apply():
    assert "`y` is a mixture" in examine("WB507", NO_REPLICATES).message
    assert examine("WB507", NO_REPLICATES).status == "n/a"
    assert examine("WB507", FAILED).status == "n/a"
    assert examine("WB507", UNREQUESTED).status == "skipped"
