"""Stan's fits of the conjugate models against their closed forms."""

import pytest

from tests.truth.agreement import assert_close, assert_interval, assert_moments, values
from workbench import library
from workbench.library.conjugate import FAMILIES, Marginal, to_scipy

_IN_EVERY_RUN = ("gamma_exponential", "normal_inverse_gamma")
_NAMES = [
    pytest.param(name, marks=() if name in _IN_EVERY_RUN else pytest.mark.truth)
    for name in FAMILIES
    if name != "beta_binomial"  # has a file of its own
]
_MODE_PRECISION = 1e-6


@pytest.fixture(scope="module", params=_NAMES)
def fit(request, fit_bundled):
    model = library.find(request.param)
    return fit_bundled(f"conjugate/{model.name}", model.table.stem)


def test_modes_are_those_of_the_closed_form(fit):
    exact = fit.record["exact"]["estimates"]
    found = values(fit, "map")
    assert set(found) <= set(exact)
    assert_close(found, {name: exact[name]["mode"] for name in found}, rel=_MODE_PRECISION)


def test_posterior_is_the_closed_form(fit):
    for name, numbers in fit.record["exact"]["estimates"].items():
        assert_moments(fit, name, numbers["mean"], numbers["sd"])
        if "distribution" in numbers:
            marginal = Marginal(numbers["distribution"], numbers["parameters"])
            assert_interval(fit, name, to_scipy(marginal).cdf)
