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


@pytest.mark.parametrize(
    ("name", "p_value", "words"),
    [
        ("sd", 0.999, "vary less"),
        ("max", 0.999, "vary less"),
        ("min", 0.001, "vary less"),
        ("sd", 0.001, "vary more"),
        ("max", 0.001, "vary more"),
        ("zeros", 0.001, "Look at the statistic"),
    ],
)
def test_its_advice_goes_the_way_of_the_data(name, p_value, words):
    """The p-value is the share of replicates with a larger statistic than the data."""
    assert words in examine("WB502", with_outcome(statistics=[make_statistic(name, p_value)])).advice


def test_it_is_quiet_between():
    assert examine("WB502", with_outcome(statistics=[make_statistic("sd", 0.01)])).status == "passed"


def test_without_replicates_it_does_not_apply():
    assert "`y` is a mixture" in examine("WB502", NO_REPLICATES).message
    assert examine("WB502", NO_REPLICATES).status == "n/a"
    assert examine("WB502", FAILED).status == "n/a"
    assert examine("WB502", UNREQUESTED).status == "skipped"
