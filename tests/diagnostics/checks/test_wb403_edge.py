"""WB403: does a mode lie on a declared bound?"""

import numpy as np
import pytest

from tests.diagnostics.checks.records import UNREQUESTED, examine
from tests.diagnostics.fits import ABSENT, PARAMETER, change_record


def record(value, type_="real<lower=0>", sd=2.0):
    changed = change_record("map", {"status": "ok", "estimates": {"tau": {"value": value}}})
    changed["model"]["parameters"] = [{"name": "tau", "type": type_, "line": 1}]
    changed["nuts"]["estimates"] = {"tau": {**PARAMETER, "sd": sd}}
    return changed


def test_it_fires_on_the_bound():
    result = examine("WB403", record(1e-6))
    assert (result.status, result.severity) == ("tip", "none")
    assert "The MAP of `tau` lies on its bound, 0" in result.message


def test_an_upper_bound_counts_too():
    assert examine("WB403", record(0.99999, "vector<lower=0, upper=1>[K]", 0.1)).status == "tip"


def test_it_is_quiet_inside():
    assert examine("WB403", record(1.0)).status == "passed"


@pytest.mark.parametrize("type_", ["positive_ordered[K]", "simplex[K]", "array[N] simplex[K]"])
def test_a_type_implies_bounds(type_):
    assert examine("WB403", record(1e-6, type_)).status == "tip"
    assert examine("WB403", record(0.3, type_)).status == "passed"


def test_a_bound_can_be_a_number_among_the_data():
    changed = record(2.0, "real<lower=low>", sd=0.5)
    assert examine("WB403", changed, constant_data={"low": np.array(2.0)}).status == "tip"
    assert examine("WB403", changed, constant_data={"low": np.array(1.0)}).status == "passed"


def test_without_a_bound_it_does_not_apply():
    result = examine("WB403", record(0.0, "real"))
    assert (result.status, result.message) == ("n/a", "No parameter has a bound.")
    for type_ in ("real<lower=low>", "real<upper=2 * low>"):
        result = examine("WB403", record(0.0, type_))
        assert (result.status, result.message) == ("n/a", "No parameter has a bound that is a known number.")


def test_without_a_posterior_distances_have_no_scale():
    assert examine("WB403", {**record(0.0), "nuts": ABSENT}).status == "n/a"


def test_what_was_not_requested_is_skipped():
    assert examine("WB403", UNREQUESTED).status == "skipped"
