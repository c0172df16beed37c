"""WB403: does the mode sit on the edge of what is allowed?"""

from tests.diagnostics.checks.asking import UNASKED, ask
from tests.diagnostics.fits import ABSENT, PARAMETER, record_with


def record(value, type_="real<lower=0>", sd=2.0):
    changed = record_with("map", {"status": "ok", "estimates": {"tau": {"value": value}}})
    changed["model"]["parameters"] = [{"name": "tau", "type": type_, "line": 1}]
    changed["nuts"]["estimates"] = {"tau": {**PARAMETER, "sd": sd}}
    return changed


def test_it_fires_on_the_bound():
    found = ask("WB403", record(1e-6))
    assert (found.status, found.severity) == ("tip", "none")
    assert "The MAP of `tau` lies on its bound, 0" in found.message


def test_an_upper_bound_counts_too():
    assert ask("WB403", record(0.99999, "vector<lower=0, upper=1>[K]", 0.1)).status == "tip"


def test_it_is_quiet_inside():
    assert ask("WB403", record(1.0)).status == "passed"


def test_without_a_bound_it_does_not_apply():
    assert ask("WB403", record(0.0, "real")).status == "n/a"
    assert ask("WB403", record(0.0, "real<lower=low>")).status == "n/a"


def test_without_a_posterior_there_is_no_scale_to_judge_by():
    assert ask("WB403", {**record(0.0), "nuts": ABSENT}).status == "n/a"


def test_what_was_not_asked_for_is_skipped():
    assert ask("WB403", UNASKED).status == "skipped"
