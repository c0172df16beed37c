"""WB001: is there a posterior to draw from?"""

from __future__ import annotations

import copy
from typing import Any

from tests.diagnostics.checks.records import UNREQUESTED, examine
from tests.diagnostics.fits import OK, RECORD, make_fit
from workbench.diagnostics.diagnose import diagnose

SUM = {
    "names": ["a", "b"],
    "weights": [1.0, -1.0],
    "determined": "a + b",
    "words": "any number can be added to `a` and taken from `b`",
}


def make_record(base: dict[str, Any] = RECORD, *, kind: str = "flat", directions: Any = ()) -> dict[str, Any]:
    record = copy.deepcopy(base)
    record["model"]["parameter_priors"] = [{"name": "a", "kind": kind}, {"name": "b", "kind": "stated"}]
    record["model"]["flat_directions"] = None if directions is None else list(directions)
    return record


def test_it_fires_and_says_what_the_data_determine():
    result = examine("WB001", make_record(directions=[SUM]))
    assert (result.status, result.severity) == ("issue", "fail")
    assert "improper: the data determine only `a + b`, not `a` and `b`" in result.message


def test_many_directions_are_counted():
    other = {**SUM, "determined": "", "words": "the density does not depend on `c`"}
    result = examine("WB001", make_record(directions=[SUM, other, other]))
    assert result.message.endswith(
        "does not depend on `c`; and so on, in 3 directions. No proper prior makes up for it."
    )


def test_where_only_a_maximum_of_the_likelihood_was_requested_it_is_a_caution():
    record = {**make_record(UNREQUESTED, directions=[SUM]), "mle": OK}
    result = examine("WB001", record)
    assert (result.status, result.severity) == ("issue", "caution")
    assert "no single maximum" in result.message


def test_it_is_quiet_where_the_data_inform_flat_priors_and_where_no_prior_is_flat():
    assert examine("WB001", make_record()).status == "passed"
    assert examine("WB001", make_record(kind="stated", directions=None)).status == "passed"


def test_it_does_not_apply_where_nothing_is_known():
    assert examine("WB001").status == "n/a"
    assert examine("WB001", make_record(directions=None)).status == "n/a"


def test_the_advice_on_symptoms_refers_to_it():
    record = make_record(directions=[SUM])
    record["nuts"]["estimates"]["mu"] = {**record["nuts"]["estimates"]["mu"], "rhat": 3.0}
    by_code = {check.code: check for check in diagnose(make_fit(record)).result.checks}
    assert by_code["WB101"].status == "issue"
    assert by_code["WB101"].advice == "See WB001 first: no setting of the sampler helps."
    assert "WB001" not in by_code["WB604"].advice
