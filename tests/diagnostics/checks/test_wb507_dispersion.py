"""WB507: do counts vary as much as the model says?"""

import pytest

from tests.diagnostics.checks.records import FAILED, NO_REPLICATES, UNREQUESTED, examine, with_outcome


def record(ratio, p_value, **left_out):
    return with_outcome(kind="count", dispersion={"ratio": ratio, "p_value": p_value, **left_out})


def left_out(ratio, p_value, unreliable=0):
    """Return the dispersion given all other rows."""
    return {"loo_ratio": ratio, "loo_p_value": p_value, "unreliable": unreliable}


def test_too_much_is_an_issue():
    result = examine("WB507", record(2.0, 0.01, **left_out(3.0, 0.0)))
    assert (result.status, result.severity, result.measured) == ("issue", "caution", 3.0)
    assert "overdispersed: they vary 3.00 times as much around predictions" in result.message
    assert "neg_binomial" in result.advice


def test_too_little_is_a_tip_with_its_own_advice():
    result = examine("WB507", record(0.3, 1.0, **left_out(0.4, 1.0)))
    assert result.status == "tip"
    assert "underdispersed" in result.message
    assert "neg_binomial" not in result.advice
    assert "vary less than its mean" in result.advice


def test_it_is_quiet_in_between():
    assert examine("WB507", record(0.8, 0.999, **left_out(1.1, 0.3))).status == "passed"
    assert examine("WB507", record(1.1, 0.3)).status == "passed"


@pytest.mark.parametrize("others", [{}, left_out(0.2, 1.0, unreliable=17)])
def test_predictions_that_adapt_to_their_rows_show_too_much_but_not_too_little(others):
    """An effect for each row takes up the variation: what is left is less than the likelihood says."""
    assert examine("WB507", record(3.0, 0.0, **others)).status == "issue"
    result = examine("WB507", record(0.3, 1.0, **others))
    assert result.status == "n/a"
    assert ("unreliable for 17 of them" if others else "not available") in result.message


def test_a_few_counts_show_nothing():
    single = record(14.7, 0.0)
    single["predictive"]["outcomes"][0]["observations"] = 1
    result = examine("WB507", single)
    assert (result.status, result.message) == ("n/a", "Fewer than 10 counts do not show how much they vary.")


def test_of_several_outcomes_the_issue_counts():
    both = record(0.3, 1.0)
    both["predictive"]["outcomes"] += record(3.0, 0.0)["predictive"]["outcomes"]
    assert examine("WB507", both).status == "issue"


def test_other_outcomes_have_no_dispersion():
    assert examine("WB507", with_outcome()).status == "n/a"


def test_without_replicates_it_does_not_apply():
    assert "`y` is a mixture" in examine("WB507", NO_REPLICATES).message
    assert examine("WB507", NO_REPLICATES).status == "n/a"
    assert examine("WB507", FAILED).status == "n/a"
    assert examine("WB507", UNREQUESTED).status == "skipped"
