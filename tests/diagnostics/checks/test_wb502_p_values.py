"""WB502: do replicated data look like the observed ones?"""

import pytest

from tests.diagnostics.checks.records import (
    FAILED,
    NO_REPLICATES,
    UNREQUESTED,
    examine,
    make_statistic,
    with_outcome,
)


@pytest.mark.parametrize("p_value", [0.001, 0.999])
def test_it_fires_in_either_tail(p_value):
    result = examine(
        "WB502", with_outcome(statistics=[make_statistic("mean", 0.5), make_statistic("max", p_value)])
    )
    assert (result.status, result.severity) == ("issue", "caution")
    assert "the max of `y` is 7, that of replicates 1 to 5" in result.message


def test_it_is_quiet_between():
    assert examine("WB502", with_outcome(statistics=[make_statistic("sd", 0.01)])).status == "passed"


def test_without_replicates_it_does_not_apply():
    assert "`y` is a mixture" in examine("WB502", NO_REPLICATES).message
    assert examine("WB502", NO_REPLICATES).status == "n/a"
    assert examine("WB502", FAILED).status == "n/a"
    assert examine("WB502", UNREQUESTED).status == "skipped"
