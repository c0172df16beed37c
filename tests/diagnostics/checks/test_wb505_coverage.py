"""WB505: do predictive intervals hold as many observations as they say?"""

import pytest

from tests.diagnostics.checks.asking import FAILED, UNASKED, UNPREDICTED, ask, predicted


@pytest.mark.parametrize(("observed", "side"), [(0.7, "too narrow"), (1.0, "too wide")])
def test_it_fires_on_either_side(observed, side):
    row = {"level": 0.9, "observed": observed, "p_value": 1e-4}
    found = ask("WB505", predicted(coverage=[row]))
    assert (found.status, found.severity) == ("issue", "caution")
    assert side in found.message


def test_it_is_quiet_within_the_binomial_band():
    assert ask("WB505", predicted()).status == "passed"


def test_without_leave_one_out_there_is_no_coverage():
    assert ask("WB505", predicted(coverage=[])).status == "n/a"


def test_without_replicates_it_does_not_apply():
    assert "`y` is a mixture" in ask("WB505", UNPREDICTED).message
    assert ask("WB505", UNPREDICTED).status == "n/a"
    assert ask("WB505", FAILED).status == "n/a"
    assert ask("WB505", UNASKED).status == "skipped"
