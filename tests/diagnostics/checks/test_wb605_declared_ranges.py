"""WB605: do declarations exclude the values that densities refuse?"""

from __future__ import annotations

import pytest

from tests.diagnostics.checks.records import examine
from tests.diagnostics.fits import RECORD, change_record

SCALE = {
    "parameter": "sigma",
    "declaration": "real",
    "argument": "sigma",
    "statement": "y ~ normal(mu, sigma);",
    "line": 4,
    "missing": "<lower=0>",
}
TERMS = [{"statement": "y ~ normal(mu, sigma);", "line": 4, "role": "likelihood"}]


def make_record(*undeclared):
    record = change_record("model", "terms", TERMS)
    return {**record, "model": {**record["model"], "undeclared_ranges": list(undeclared)}}


def test_it_fires_with_the_declaration_to_write():
    result = examine("WB605", make_record(SCALE))
    assert (result.status, result.severity) == ("tip", "none")
    assert "`sigma` is the sigma of line 4" in result.message
    assert "must be positive, but it is declared `real`" in result.message
    assert result.advice == "Declare `real<lower=0> sigma`."


@pytest.mark.parametrize(
    ("declaration", "missing", "advice"),
    [
        ("vector[K]", "<lower=0>", "Declare `vector<lower=0>[K] sigma`."),
        ("array[J] vector[K]", "<lower=0>", "Declare `array[J] vector<lower=0>[K] sigma`."),
        ("real<lower=0>", "<lower=0, upper=1>", "Declare `real<lower=0, upper=1> sigma`."),
        ("real<lower=-1>", "<lower=0>", "Declare `real<lower=0> sigma`."),
    ],
)
def test_the_declaration_keeps_its_sizes(declaration, missing, advice):
    changed = {**SCALE, "declaration": declaration, "missing": missing}
    assert examine("WB605", make_record(changed)).advice == advice


def test_many_are_counted():
    assert examine("WB605", make_record(*[SCALE] * 5)).message.endswith("And 2 more.")


def test_it_is_quiet_where_ranges_are_declared():
    assert examine("WB605", make_record()).status == "passed"


def test_it_does_not_apply_where_statements_are_not_known():
    assert examine("WB605", RECORD).status == "n/a"
