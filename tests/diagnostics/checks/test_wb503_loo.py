"""WB503: can leave-one-out be read off the draws?"""

from tests.diagnostics.checks.asking import FAILED, UNASKED, ask, left_out


def test_it_fires_on_one_bad_row():
    found = ask("WB503", left_out(bad=1, khat_max=0.8))
    assert (found.status, found.severity) == ("tip", "none")
    assert "unreliable for 1 of 8 observations: the largest k-hat is 0.80, above 0.70" in found.message


def test_a_khat_that_rounds_to_the_limit_is_told_apart_from_it():
    assert "k-hat is 0.703, above 0.700" in ask("WB503", left_out(bad=1, khat_max=0.703)).message


def test_it_is_quiet_without():
    assert ask("WB503", left_out()).status == "passed"


def test_a_joint_density_cannot_be_left_out():
    record = {**left_out(), "loo": {"status": "not available", "reason": "one joint density."}}
    assert ask("WB503", record).status == "n/a"


def test_without_draws_it_does_not_apply():
    assert ask("WB503", FAILED).status == "n/a"
    assert ask("WB503", UNASKED).status == "skipped"
