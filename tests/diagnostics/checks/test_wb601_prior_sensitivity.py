"""WB601: does a prior outweigh the data?"""

from tests.diagnostics.checks.asking import FAILED, UNASKED, ask, scaled
from workbench.diagnostics.power_scaling import STRONG_PRIOR


def test_it_fires_when_only_the_prior_moves_the_posterior():
    found = ask("WB601", scaled(prior=0.3, likelihood=0.01, diagnosis=STRONG_PRIOR))
    assert (found.status, found.severity) == ("tip", "none")
    assert "for 1 of 1 parameters; the most sensitive is `mu` (0.30)" in found.message


def test_it_is_quiet_when_the_data_decide():
    assert ask("WB601", scaled()).status == "passed"


def test_without_power_scaling_it_does_not_apply():
    record = {**scaled(), "power_scaling": {"status": "not available", "reason": "no prior is stated."}}
    assert "no prior is stated" in ask("WB601", record).message
    assert ask("WB601", record).status == "n/a"


def test_without_draws_it_does_not_apply():
    assert ask("WB601", FAILED).status == "n/a"
    assert ask("WB601", UNASKED).status == "skipped"
