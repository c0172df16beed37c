"""WB508: are residuals independent in the order of the rows, and in time?"""

from tests.diagnostics.checks.records import FAILED, NO_REPLICATES, UNREQUESTED, examine, with_outcome


def order(p_value, **changes):
    return {
        "along": "day",
        "observations": 150,
        "neighbours": 0.84,
        "average": 0.5,
        "lags": 10,
        "p_value": p_value,
        "design_effect": 4.0,
        **changes,
    }


def test_it_fires_on_dependence():
    result = examine("WB508", with_outcome(serial=[order(0.0005)]))
    assert (result.status, result.severity, result.measured) == ("issue", "caution", 0.84)
    assert "depend on each other along `day`: the correlation of neighbours is 0.84" in result.message
    assert "autoregressive" in result.advice


def test_the_order_of_the_rows_is_named_as_such():
    result = examine("WB508", with_outcome(serial=[order(0.0005, along="the order of the rows")]))
    assert "along the order of the rows:" in result.message


def test_it_is_quiet_without_dependence():
    assert examine("WB508", with_outcome(serial=[order(0.3)])).status == "passed"


def test_a_p_value_is_shared_among_the_orders_that_were_tried():
    assert examine("WB508", with_outcome(serial=[order(0.004)])).status == "issue"
    three = [order(0.004), order(0.5), order(0.6)]
    assert examine("WB508", with_outcome(serial=three)).status == "passed"


def test_what_is_too_small_to_matter_passes():
    result = examine("WB508", with_outcome(serial=[order(0.0005, design_effect=1.05)]))
    assert result.status == "passed"
    assert "hardly depend" in result.message


def test_outcomes_that_are_no_rows_have_no_order():
    assert examine("WB508", with_outcome()).status == "n/a"


def test_without_replicates_it_does_not_apply():
    assert examine("WB508", NO_REPLICATES).status == "n/a"
    assert examine("WB508", FAILED).status == "n/a"
    assert examine("WB508", UNREQUESTED).status == "skipped"
