"""WB507: do counts vary as much as the model says?"""

from tests.diagnostics.checks.asking import FAILED, UNASKED, UNPREDICTED, ask, predicted


def record(ratio, p_value):
    return predicted(kind="count", dispersion={"ratio": ratio, "p_value": p_value})


def test_too_much_is_an_issue():
    found = ask("WB507", record(3.0, 0.0))
    assert (found.status, found.severity) == ("issue", "caution")
    assert "overdispersed: their variance is 3.00 times that of replicates (p < 0.001)" in found.message


def test_too_little_is_a_remark():
    assert ask("WB507", record(0.3, 1.0)).status == "tip"


def test_it_is_quiet_in_between():
    assert ask("WB507", record(1.1, 0.3)).status == "passed"


def test_other_outcomes_have_no_dispersion():
    assert ask("WB507", predicted()).status == "n/a"


def test_without_replicates_it_does_not_apply():
    assert "`y` is a mixture" in ask("WB507", UNPREDICTED).message
    assert ask("WB507", UNPREDICTED).status == "n/a"
    assert ask("WB507", FAILED).status == "n/a"
    assert ask("WB507", UNASKED).status == "skipped"
