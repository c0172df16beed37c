"""Runs compared by leave-one-out: ArviZ's numbers, and doubts where there should be some."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import xarray as xr
from arviz_stats import compare

from tests.comparison.test_weights import UNROUNDED
from workbench.comparison import standings as comparison
from workbench.comparison.standings import Standing
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
        expected = compare({name: fit.tree for name, fit in fits.items()}, **UNROUNDED)
    assert list(standings) == list(expected.index) == ["good", "off"]
    for name, standing in standings.items():
        row = expected.loc[name]
        assert standing.elpd == pytest.approx(row["elpd"])
        assert standing.difference == pytest.approx(abs(row["elpd_diff"]))
        assert standing.difference_se == pytest.approx(row["dse"])
        assert standing.weight == pytest.approx(row["weight"], abs=1e-6)
    good, off = (np.array(standings[name].elpd_by_unit) for name in ("good", "off"))
    rows = good - off
    assert rows.sum() == pytest.approx(standings["off"].difference)
    assert np.sqrt(len(rows) * rows.var()) == pytest.approx(standings["off"].difference_se)


def test_runs_that_predict_the_same_share_their_weight():
    """Of two equal runs stacking prefers one by chance; a third that predicts worse keeps its own weight."""
    same = make_fit(0.0)
    standings = comparison.compare_predictions({"one": same, "two": same, "off": make_fit(0.8)})
    assert standings["one"].weight == pytest.approx(standings["two"].weight)
    weights = {name: standing.weight or 0.0 for name, standing in standings.items()}
    assert weights["off"] < weights["one"]
    assert sum(weights.values()) == pytest.approx(1, abs=1e-3)


def test_a_clear_difference_raises_no_doubt_and_a_small_one_does():
    clear = comparison.compare_predictions({"good": make_fit(0.0), "off": make_fit(1.5)})["off"]
    assert comparison.find_doubts(clear, 120) == ()
    small = comparison.compare_predictions({"first": make_fit(0.0), "other": make_fit(0.01)})
    worse = list(small.values())[1]
    assert "a difference below 4 nats" in comparison.find_doubts(worse, 120)


def test_wide_errors_and_bad_khats_are_doubts():
    noisy = Standing(-10.0, 1.0, 1.0, 10.0, 8.0, 0.0, True)
    assert comparison.find_doubts(noisy, 100) == (
        "a difference within 2 standard errors",
        "a k-hat above its limit",
    )


@pytest.mark.parametrize(
    ("difference", "se", "rows", "doubts"),
    [
        (133.6, 10.7, 80, ()),  # 12 standard errors are clear even if the true one is twice as large
        (10.0, 3.0, 80, ("a difference within 4 standard errors with fewer than 100 rows",)),
        (10.0, 3.0, 100, ()),
        (3.9, 0.1, 5000, ("a difference below 4 nats",)),
    ],
)
def test_few_rows_need_more_standard_errors(difference, se, rows, doubts):
    standing = Standing(-10.0, 1.0, 1.0, difference, se, 0.0, False)
    assert comparison.find_doubts(standing, rows) == doubts


def find_obstacle(**fits: Fit) -> str:
    return comparison.find_comparable_scale(fits).obstacle


def test_runs_on_other_outcomes_are_not_compared():
    assert find_obstacle(a=make_fit(0.0), b=make_fit(0.0)) == ""
    words = find_obstacle(a=make_fit(0.0), b=make_fit(0.0, Y + 1))
    assert words == "`b` and `a` were not fitted to the same outcome."
    assert "same outcome" in find_obstacle(a=make_fit(0.0), b=make_fit(0.0, Y[:50]))


def test_a_run_without_log_likelihood_says_which():
    bare = make_fit(0.0)
    del bare.tree["log_likelihood"]
    assert find_obstacle(a=make_fit(0.0), b=bare).startswith("`b` has no leave-one-out: ")


# --- outcomes that are functions of the data ----------------------------------------------------------------


def describe(name: str = "y", **changes: object) -> dict[str, object]:
    return {"name": name, "first_row": 0, "row_step": 1, **changes}


def make_mapped_fit(shift: float, **log_lik: object) -> Fit:
    """Return the model of `make_fit` for `log(w)` where `w = exp(y)` is the column."""
    fit = make_fit(shift, name="logw")
    outcome = describe("logw", density_of="log(w)", columns=["w"], variable="")
    scales = {"logw:w:values": (("row",), np.exp(Y)), "logw:w:log_jacobian": (("row",), -Y)}
    fit.tree["outcome_scales"] = xr.DataTree(xr.Dataset(scales))
    record = {**fit.record, "model": {"outcomes": [outcome]}, "nuts": {"status": "ok", "log_lik": log_lik}}
    return Fit(record, fit.tree)


def make_column_fit(shift: float, column: np.ndarray | None = None) -> Fit:
    """Return the same model written as a lognormal density of `w`."""
    fit = make_fit(shift)
    fit.tree["observed_data"] = xr.DataTree(
        xr.Dataset({"w": (("N",), np.exp(Y) if column is None else column)})
    )
    rows = fit.tree["log_likelihood"]["log_lik"] - xr.DataArray(Y, dims="N")
    fit.tree["log_likelihood"] = xr.DataTree(xr.Dataset({"log_lik": rows}))
    return Fit({**fit.record, "model": {"outcomes": [describe("w")]}}, fit.tree)


def test_a_density_of_a_logarithm_is_compared_on_the_scale_of_the_column():
    fits = {"log": make_mapped_fit(0.0), "column": make_column_fit(0.0)}
    scale = comparison.find_comparable_scale(fits)
    assert not scale.obstacle
    np.testing.assert_allclose(scale.offsets["log"], -Y)
    assert "as densities of `w`" in scale.remark
    standings = comparison.compare_predictions(fits, scale.offsets)
    worse = list(standings.values())[1]
    assert worse.difference < 1  # the models are the same; without the Jacobian it is |sum(y)|, over 100
    assert abs(Y.sum()) > 100
    elpd = standings["column"].elpd
    assert standings["log"].elpd == pytest.approx(elpd, abs=1)


def test_two_densities_of_the_same_logarithm_are_compared_as_they_are():
    scale = comparison.find_comparable_scale({"a": make_mapped_fit(0.0), "b": make_mapped_fit(0.5)})
    assert (scale.obstacle, scale.remark, dict(scale.offsets)) == ("", "", {})


def test_a_log_likelihood_that_includes_the_jacobian_gets_no_second_one():
    own = make_mapped_fit(0.0, name="log_lik", source="program", scale="column", column="w")
    scale = comparison.find_comparable_scale({"own": own, "column": make_column_fit(0.0)})
    assert (scale.obstacle, dict(scale.offsets)) == ("", {})
    against = comparison.find_comparable_scale({"own": own, "log": make_mapped_fit(0.0)})
    assert list(against.offsets) == ["log"]


def test_what_cannot_be_put_on_one_scale_is_refused():
    other = make_column_fit(0.0, np.exp(Y) + 1)
    assert "not the same values on any scale" in find_obstacle(log=make_mapped_fit(0.0), other=other)
    unknown = make_mapped_fit(
        0.0, name="log_lik", source="program", scale="unknown", reason="it differs from the terms."
    )
    assert "its own `log_lik` is not known: it differs" in find_obstacle(
        column=make_column_fit(0.0), own=unknown
    )
    fit = make_mapped_fit(0.0)
    outcome = describe("y", density_of="square(y)", columns=[], plain=False)
    record = {**fit.record, "model": {"outcomes": [outcome]}}
    assert "cannot undo" in find_obstacle(column=make_column_fit(0.0), square=Fit(record, fit.tree))


def test_another_outcome_is_the_first_obstacle():
    other = make_fit(0.0, Y + 1)
    bare = Fit({**other.record, "nuts": {"status": "skipped"}}, other.tree.copy())
    del bare.tree["log_likelihood"]
    assert find_obstacle(a=make_fit(0.0), b=bare) == "`b` and `a` were not fitted to the same outcome."
