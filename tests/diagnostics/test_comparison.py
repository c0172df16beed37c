"""Runs compared by leave-one-out: ArviZ's numbers, and doubts where there should be some."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import xarray as xr
from arviz_stats import compare

from workbench.diagnostics import comparison
from workbench.diagnostics.comparison import Standing
from workbench.results import Fit

RNG = np.random.default_rng(12)
Y = RNG.normal(1.0, 1.0, 120)


def make_fit(shift: float, outcome: np.ndarray = Y, name: str = "y") -> Fit:
    """Return a normal model of known scale whose mean is off by `shift`."""
    shape = (2, 200)
    mu = outcome.mean() + shift + RNG.normal(0, 0.1, shape)
    log_lik = -0.5 * (outcome - mu[..., None]) ** 2 - 0.5 * np.log(2 * np.pi)
    chains = {"chain": np.arange(2), "draw": np.arange(200)}
    tree = xr.DataTree.from_dict(
        {
            "/posterior": xr.Dataset({"mu": (("chain", "draw"), mu)}, coords=chains),
            "/log_likelihood": xr.Dataset({"log_lik": (("chain", "draw", "N"), log_lik)}, coords=chains),
            "/observed_data": xr.Dataset({name: (("N",), outcome)}),
        }
    )
    return Fit({"nuts": {"status": "ok"}, "model": {}, "data": {"sha256": "0"}}, tree)


def test_numbers_are_those_of_arviz():
    fits = {"good": make_fit(0.0), "off": make_fit(0.8)}
    standings = comparison.compare_predictions(fits)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ArviZ's own use of pandas
        expected = compare({name: fit.tree for name, fit in fits.items()}, **comparison._UNROUNDED)
    assert list(standings) == list(expected.index) == ["good", "off"]
    for name, standing in standings.items():
        row = expected.loc[name]
        assert standing.elpd == pytest.approx(row["elpd"])
        assert standing.difference == pytest.approx(abs(row["elpd_diff"]))
        assert standing.difference_se == pytest.approx(row["dse"])
        assert standing.weight == pytest.approx(row["weight"], abs=1e-6)


def test_a_clear_difference_raises_no_doubt_and_a_small_one_does():
    clear = comparison.compare_predictions({"good": make_fit(0.0), "off": make_fit(1.5)})["off"]
    assert comparison.find_doubts(clear, 120) == ()
    small = comparison.compare_predictions({"first": make_fit(0.0), "other": make_fit(0.01)})
    worse = list(small.values())[1]
    assert "a difference below 4 nats" in comparison.find_doubts(worse, 120)


def test_few_rows_wide_errors_and_bad_khats_are_doubts():
    noisy = Standing(-10.0, 1.0, 1.0, 10.0, 8.0, 0.0, True)
    assert comparison.find_doubts(noisy, 99) == (
        "fewer than 100 rows",
        "a difference within two standard errors",
        "a k-hat above its limit",
    )


def test_runs_on_other_outcomes_are_not_compared():
    assert comparison.explain_incomparable({"a": make_fit(0.0), "b": make_fit(0.0)}) == ""
    words = comparison.explain_incomparable({"a": make_fit(0.0), "b": make_fit(0.0, Y + 1)})
    assert words == "`b` and `a` were not fitted to the same outcome."
    assert "same outcome" in comparison.explain_incomparable({"a": make_fit(0.0), "b": make_fit(0.0, Y[:50])})


def test_a_run_without_log_likelihood_says_which():
    bare = make_fit(0.0)
    del bare.tree["log_likelihood"]
    assert comparison.explain_incomparable({"a": make_fit(0.0), "b": bare}).startswith(
        "`b` has no leave-one-out: "
    )
