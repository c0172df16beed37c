"""WB505: do predictive intervals hold as many observations as they say?"""

import pytest

from tests.diagnostics.checks.records import (
    FAILED,
    NO_REPLICATES,
    UNREQUESTED,
    examine,
    with_loo,
    with_outcome,
)


@pytest.mark.parametrize(("observed", "side"), [(0.7, "too narrow"), (1.0, "too wide")])
def test_it_fires_on_either_side(observed, side):
    row = {"level": 0.9, "observed": observed, "p_value": 1e-4}
    result = examine("WB505", with_outcome(coverage=[row]))
    assert (result.status, result.severity) == ("issue", "caution")
    assert side in result.message


@pytest.mark.parametrize(("bad", "status"), [(0, "issue"), (7, "issue"), (8, "n/a"), (60, "n/a")])
def test_rows_whose_leave_one_out_is_unreliable_may_make_intervals_too_wide(bad, status):
    """Of 80 rows, 90 % intervals hold all: 8 more than they should."""
    row = {"level": 0.9, "observed": 1.0, "p_value": 1e-4}
    record = with_outcome(coverage=[row])
    record = {**record, "loo": with_loo(bad=bad, observations=80)["loo"]}
    result = examine("WB505", record)
    assert result.status == status
    assert ("unreliable for" in result.message) is (status == "n/a")
    narrow = {**record, "predictive": with_outcome(coverage=[{**row, "observed": 0.7}])["predictive"]}
    assert examine("WB505", narrow).status == "issue"


def test_it_is_quiet_within_the_binomial_band():
    assert examine("WB505", with_outcome()).status == "passed"


def test_without_leave_one_out_there_is_no_coverage():
    assert examine("WB505", with_outcome(coverage=[])).status == "n/a"


def test_without_replicates_it_does_not_apply():
    assert "`y` is a mixture" in examine("WB505", NO_REPLICATES).message
    assert examine("WB505", NO_REPLICATES).status == "n/a"
    assert examine("WB505", FAILED).status == "n/a"
    assert examine("WB505", UNREQUESTED).status == "skipped"
