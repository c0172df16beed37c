"""Power-scaling inside a study: refits take over where k-hat is too high, and say so."""

from dataclasses import replace

import numpy as np
import pytest

from tests.diagnostics.test_powerscale import Y, conjugate
from workbench.studies import powerscale
from workbench.studies.plan import BASE
from workbench.studies.posterior import posterior
from workbench.studies.sweep import Fits

RNG = np.random.default_rng(6)


def test_weights_of_a_refit_give_its_distribution():
    draws, others = RNG.normal(size=(4, 1000)), RNG.normal(0.5, 1.2, (4, 1000))
    weights = powerscale.refit_weights(draws, others)
    for at in (-1.0, 0.0, 1.0, 2.0):
        assert weights[draws <= at].sum() == pytest.approx((others <= at).mean(), abs=5e-3)
    assert weights.min() >= 0


def test_the_same_draws_are_at_no_distance():
    draws = RNG.normal(size=(4, 1000))
    weights = powerscale.refit_weights(draws, draws)
    assert np.allclose(weights, 1 / 4000)


@pytest.fixture
def refits(monkeypatch):
    """Full fits at powers of the conjugate prior, drawn exactly; the list of powers asked for."""
    asked = []

    def add_fit(shop, fits, point):
        del shop
        ((name, alpha),) = point.values.items()
        asked.append((name, alpha))
        prior_power = alpha if name in ("power(prior)", "power(line 7)") else 1.0
        likelihood_power = alpha if name == "power(likelihood)" else 1.0
        precision = prior_power * 0.5**-2 + likelihood_power * len(Y)
        mean = (prior_power * -5 * 0.5**-2 + likelihood_power * Y.sum()) / precision
        # the same random numbers at every power: what differs is the posterior, not chance
        theta = np.random.default_rng(1).normal(mean, precision**-0.5, (4, 1000))
        base = fits.found[0]
        fits.found.append(replace(base, point=point, how="refit", draws={**base.draws, "theta": theta}))

    monkeypatch.setattr(powerscale, "add_fit", add_fit)
    return asked


def scaled(monkeypatch, limit):
    fit = conjugate(-5.0, 0.5)
    monkeypatch.setattr(powerscale, "khat_threshold", lambda draws: limit)
    fits = Fits([posterior(BASE, "base", "base", fit.tree, ["theta", "other"], {})])
    return powerscale.scaled(None, fits, fit)  # type: ignore[arg-type]


def test_where_khat_is_low_nothing_is_refitted(monkeypatch, refits):
    found = scaled(monkeypatch, 0.7)
    assert set(found["how"].values()) == {"weights"}
    assert refits == []


def test_where_khat_is_high_refits_say_the_same(monkeypatch, refits):
    by_weights, by_refits = scaled(monkeypatch, 0.7), scaled(monkeypatch, -10.0)
    assert set(by_refits["how"].values()) == {"refit"}
    assert ("power(prior)", 0.99) in refits
    assert ("power(line 7)", 1.01) in refits
    one, other = (found["parameters"]["theta"] for found in (by_weights, by_refits))
    for component in ("prior", "likelihood"):
        assert other[component] == pytest.approx(one[component], rel=0.1)
    assert other["statements"][0] == pytest.approx(one["statements"][0], rel=0.1)
    assert other["diagnosis"] == one["diagnosis"] == "prior-data conflict"
    assert set(by_refits["noise"]) == set(by_refits["how"])


def test_a_refit_that_fails_is_said(monkeypatch):
    monkeypatch.setattr(powerscale, "add_fit", lambda shop, fits, point: None)
    assert set(scaled(monkeypatch, -10.0)["how"].values()) == {"failed"}
