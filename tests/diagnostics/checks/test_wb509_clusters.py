"""WB509: are residuals alike within groups that the model leaves out?"""

from tests.diagnostics.checks.records import FAILED, NO_REPLICATES, UNREQUESTED, examine, with_outcome


def cluster(p_value, **changes):
    return {
        "column": "site",
        "levels": 15,
        "observations": 150,
        "correlation": 0.67,
        "p_value": p_value,
        "design_effect": 7.0,
        **changes,
    }


def test_it_fires_on_clusters_and_advises_an_effect_for_them():
    result = examine("WB509", with_outcome(clusters=[cluster(0.0005), cluster(0.4, column="batch")]))
    assert (result.status, result.severity, result.measured) == ("issue", "caution", 0.67)
    assert "alike within `site`, which the program leaves out" in result.message
    assert "within its 15 levels is 0.67 (p = 0.001)" in result.message
    assert "`site`" in result.advice


def test_it_is_quiet_without_clusters():
    assert examine("WB509", with_outcome(clusters=[cluster(0.3)])).status == "passed"


def test_a_p_value_is_shared_among_the_columns():
    assert examine("WB509", with_outcome(clusters=[cluster(0.004)])).status == "issue"
    three = [cluster(0.004), cluster(0.5), cluster(0.6)]
    assert examine("WB509", with_outcome(clusters=three)).status == "passed"


def test_what_is_too_small_to_matter_passes():
    result = examine("WB509", with_outcome(clusters=[cluster(0.0005, design_effect=1.05)]))
    assert result.status == "passed"
    assert "hardly more alike" in result.message


def test_it_does_not_apply_without_columns_that_are_left_out():
    assert examine("WB509", with_outcome()).status == "n/a"


def test_without_replicates_it_does_not_apply():
    assert examine("WB509", NO_REPLICATES).status == "n/a"
    assert examine("WB509", FAILED).status == "n/a"
    assert examine("WB509", UNREQUESTED).status == "skipped"
