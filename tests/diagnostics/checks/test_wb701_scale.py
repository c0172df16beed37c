"""WB701: are predictors on sensible scales?"""

import numpy as np

from tests.diagnostics.checks.asking import ask

RNG = np.random.default_rng(7)


def asked(**data):
    return ask("WB701", constant_data=data)


def test_it_fires_on_very_different_scales():
    found = asked(X=RNG.normal(size=(50, 2)) * [1, 5000])
    assert (found.status, found.severity) == ("tip", "none")
    assert "the SD of `X[2]` is" in found.message
    assert "times that of `X[1]`" in found.message


def test_it_fires_far_from_zero():
    assert "`year` lies far from zero" in asked(year=RNG.normal(1990, 10, 50)).message


def test_it_is_quiet_on_similar_scales():
    assert asked(X=RNG.normal(size=(50, 2)), z=RNG.normal(3, 2, 50)).status == "passed"


def test_indicators_counts_and_constants_are_no_predictors_of_a_scale():
    assert asked(a=np.repeat([0.0, 1.0], 10), n=np.arange(20), c=np.full(20, 1e6)).status == "n/a"
    assert ask("WB701").status == "n/a"
