"""WB602: do prior and data disagree?"""

from tests.diagnostics.checks.records import FAILED, UNREQUESTED, examine, with_sensitivity
from workbench.diagnostics.power_scaling import CONFLICT


def test_it_fires_when_both_move_the_posterior():
    result = examine("WB602", with_sensitivity(prior=0.3, likelihood=0.4, diagnosis=CONFLICT))
    assert (result.status, result.severity) == ("tip", "none")
    assert "about `mu`: both move its posterior (prior 0.30, likelihood 0.40)" in result.message


def test_it_is_quiet_when_one_of_them_does():
    assert examine("WB602", with_sensitivity()).status == "passed"


def test_an_unknown_likelihood_cannot_be_scaled():
    assert examine("WB602", with_sensitivity(likelihood=None)).status == "n/a"


def test_without_power_scaling_it_does_not_apply():
    record = {
        **with_sensitivity(),
        "power_scaling": {"status": "not available", "reason": "no prior is stated."},
    }
    assert "no prior is stated" in examine("WB602", record).message
    assert examine("WB602", record).status == "n/a"


def test_without_draws_it_does_not_apply():
    assert examine("WB602", FAILED).status == "n/a"
    assert examine("WB602", UNREQUESTED).status == "skipped"
