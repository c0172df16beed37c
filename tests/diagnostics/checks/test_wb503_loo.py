"""WB503: is leave-one-out by importance sampling reliable?"""

from tests.diagnostics.checks.records import FAILED, UNREQUESTED, examine, with_loo


def test_it_fires_on_one_bad_row():
    result = examine("WB503", with_loo(bad=1, khat_max=0.8))
    assert (result.status, result.severity) == ("tip", "none")
    assert "unreliable for 1 of 8 observations: the largest k-hat is 0.80, above 0.70" in result.message


def test_a_khat_that_rounds_to_the_limit_is_printed_with_more_decimals():
    assert "k-hat is 0.703, above 0.700" in examine("WB503", with_loo(bad=1, khat_max=0.703)).message


def test_it_is_quiet_without():
    assert examine("WB503", with_loo()).status == "passed"


def test_it_does_not_apply_to_a_joint_density():
    record = {**with_loo(), "loo": {"status": "not available", "reason": "one joint density."}}
    assert examine("WB503", record).status == "n/a"


def test_without_draws_it_does_not_apply():
    assert examine("WB503", FAILED).status == "n/a"
    assert examine("WB503", UNREQUESTED).status == "skipped"
