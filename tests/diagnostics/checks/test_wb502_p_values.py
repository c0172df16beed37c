"""WB502: do data drawn anew look like those observed?"""

import pytest

from tests.diagnostics.checks.asking import FAILED, UNASKED, UNPREDICTED, ask, predicted, statistic


@pytest.mark.parametrize("p_value", [0.001, 0.999])
def test_it_fires_in_either_tail(p_value):
    found = ask("WB502", predicted(statistics=[statistic("mean", 0.5), statistic("max", p_value)]))
    assert (found.status, found.severity) == ("issue", "caution")
    assert "the max of `y` is 7, of replicates 1 to 5" in found.message


def test_it_is_quiet_between():
    assert ask("WB502", predicted(statistics=[statistic("sd", 0.01)])).status == "passed"


def test_without_replicates_it_does_not_apply():
    assert "`y` is a mixture" in ask("WB502", UNPREDICTED).message
    assert ask("WB502", UNPREDICTED).status == "n/a"
    assert ask("WB502", FAILED).status == "n/a"
    assert ask("WB502", UNASKED).status == "skipped"
