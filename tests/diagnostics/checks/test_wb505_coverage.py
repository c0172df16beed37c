"""WB505: do predictive intervals hold as many observations as they say?"""

import pytest

from tests.diagnostics.checks.records import FAILED, NO_REPLICATES, UNREQUESTED, examine, with_outcome


@pytest.mark.parametrize(("observed", "side"), [(0.7, "too narrow"), (1.0, "too wide")])
def test_it_fires_on_either_side(observed, side):
    row = {"level": 0.9, "observed": observed, "p_value": 1e-4}
    result = examine("WB505", with_outcome(coverage=[row]))
    assert (result.status, result.severity) == ("issue", "caution")
    assert side in result.message


def test_it_is_quiet_within_the_binomial_band():
    assert examine("WB505", with_outcome()).status == "passed"


def test_without_leave_one_out_there_is_no_coverage():
    assert examine("WB505", with_outcome(coverage=[])).status == "n/a"


def test_without_replicates_it_does_not_apply():
    assert "`y` is a mixture" in examine("WB505", NO_REPLICATES).message
    assert examine("WB505", NO_REPLICATES).status == "n/a"
    assert examine("WB505", FAILED).status == "n/a"
    assert examine("WB505", UNREQUESTED).status == "skipped"
