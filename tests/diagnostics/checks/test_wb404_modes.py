"""WB404: is there more than one mode?"""

from tests.diagnostics.checks.asking import UNASKED, ask
from tests.diagnostics.fits import record_with


def record(*heights):
    modes = [{"log_density": height, "starts": 2, "distance": 3.5 * k} for k, height in enumerate(heights)]
    return record_with("map_unconstrained", "modes", modes)


def test_a_second_mode_as_high_is_an_issue():
    found = ask("WB404", record(-10.0, -11.0))
    assert (found.status, found.severity) == ("issue", "caution")
    assert "2 modes; the second is 1.0 nats below the first and 3.5 posterior SDs away" in found.message


def test_one_far_below_is_a_remark():
    assert ask("WB404", record(-10.0, -30.0)).status == "tip"


def test_it_is_quiet_on_one():
    assert ask("WB404", record(-10.0)).status == "passed"


def test_without_several_starts_it_does_not_apply():
    assert ask("WB404").status == "n/a"


def test_what_was_not_asked_for_is_skipped():
    assert ask("WB404", UNASKED).status == "skipped"
