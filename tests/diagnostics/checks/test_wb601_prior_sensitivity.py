"""WB601: does a prior outweigh the data?"""

from tests.diagnostics.checks.records import FAILED, UNREQUESTED, examine, with_sensitivity
from workbench.diagnostics.power_scaling import STRONG_PRIOR


def test_it_fires_when_only_the_prior_moves_the_posterior():
    result = examine("WB601", with_sensitivity(prior=0.3, likelihood=0.01, diagnosis=STRONG_PRIOR))
    assert (result.status, result.severity) == ("tip", "none")
    assert "for 1 of 1 parameters; the most sensitive is `mu` (0.30)" in result.message


def test_it_is_quiet_when_the_data_decide():
    assert examine("WB601", with_sensitivity()).status == "passed"


def test_without_power_scaling_it_does_not_apply():
    record = {
        **with_sensitivity(),
        "power_scaling": {"status": "not available", "reason": "no prior is stated."},
    }
    assert "no prior is stated" in examine("WB601", record).message
    assert examine("WB601", record).status == "n/a"


def test_without_draws_it_does_not_apply():
    assert examine("WB601", FAILED).status == "n/a"
    assert examine("WB601", UNREQUESTED).status == "skipped"
