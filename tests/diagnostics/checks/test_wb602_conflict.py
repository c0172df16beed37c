"""WB602: do prior and data disagree?"""

from tests.diagnostics.checks.asking import FAILED, UNASKED, ask, scaled
from workbench.diagnostics.power_scaling import CONFLICT


def test_it_fires_when_both_move_the_posterior():
    found = ask("WB602", scaled(prior=0.3, likelihood=0.4, diagnosis=CONFLICT))
    assert (found.status, found.severity) == ("tip", "none")
    assert "for `mu`: both move its posterior (prior 0.30, likelihood 0.40)" in found.message


def test_it_is_quiet_when_one_of_them_does():
    assert ask("WB602", scaled()).status == "passed"


def test_an_unknown_likelihood_cannot_be_scaled():
    assert ask("WB602", scaled(likelihood=None)).status == "n/a"


def test_without_power_scaling_it_does_not_apply():
    record = {**scaled(), "power_scaling": {"status": "not available", "reason": "no prior is stated."}}
    assert "no prior is stated" in ask("WB602", record).message
    assert ask("WB602", record).status == "n/a"


def test_without_draws_it_does_not_apply():
    assert ask("WB602", FAILED).status == "n/a"
    assert ask("WB602", UNASKED).status == "skipped"
