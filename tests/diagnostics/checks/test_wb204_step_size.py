"""WB204: did the chains adapt to similar step sizes?"""

import pytest

from tests.diagnostics.checks.records import FAILED, NO_PARAMETERS, UNREQUESTED, examine
from tests.diagnostics.fits import change_record


def test_it_fires_when_one_chain_steps_much_shorter():
    result = examine("WB204", change_record("nuts", "step_size", [0.8, 0.2, 0.7, 0.75]))
    assert (result.status, result.severity) == ("tip", "none")
    assert "step sizes range from 0.2 to 0.8, a ratio of 4.0" in result.message


@pytest.mark.parametrize(("warmup", "longer"), [(0, 1000), (1000, 2000), (5000, 10000)])
def test_its_advice_is_a_longer_warmup_than_that_of_the_run(warmup, longer):
    record = change_record("nuts", "step_size", [0.8, 0.2])
    record["nuts"]["warmup"] = warmup
    assert f"(--warmup {longer})" in examine("WB204", record).advice


def test_it_is_quiet_when_they_are_alike():
    assert examine("WB204", change_record("nuts", "step_size", [0.8, 0.5])).status == "passed"


def test_one_chain_has_none_to_compare_with():
    assert examine("WB204", change_record("nuts", "step_size", [0.8])).status == "n/a"


def test_without_draws_it_does_not_apply():
    assert examine("WB204", FAILED).status == "n/a"
    assert examine("WB204", UNREQUESTED).status == "skipped"


def test_it_does_not_apply_to_a_program_without_parameters():
    assert examine("WB204", NO_PARAMETERS).status == "n/a"
