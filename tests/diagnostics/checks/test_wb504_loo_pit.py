"""WB504: are predictions calibrated as a whole?"""

from tests.diagnostics.checks.asking import FAILED, UNASKED, UNPREDICTED, ask, predicted


def test_it_fires_when_transforms_are_not_uniform():
    found = ask("WB504", predicted(pit={"source": "loo", "uniform_p": 1e-5}))
    assert (found.status, found.severity) == ("issue", "caution")
    assert "given all other observations, is not uniform (p < 0.001)" in found.message


def test_it_is_quiet_when_they_are():
    assert ask("WB504", predicted()).status == "passed"


def test_categories_and_binary_outcomes_have_no_order():
    assert ask("WB504", predicted(pit={"source": "loo", "uniform_p": None})).status == "n/a"
    assert ask("WB504", predicted(kind="binary")).status == "n/a"


def test_without_replicates_it_does_not_apply():
    assert "`y` is a mixture" in ask("WB504", UNPREDICTED).message
    assert ask("WB504", UNPREDICTED).status == "n/a"
    assert ask("WB504", FAILED).status == "n/a"
    assert ask("WB504", UNASKED).status == "skipped"
