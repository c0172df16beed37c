"""Pointwise arrays are stored rounded: how far off they are, and what follows from them."""

import arviz_stats
import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from workbench.results import store
from workbench.results.rounding import POINTWISE, round_fraction, round_group, to_single
from workbench.results.stored import read_tree

RNG = np.random.default_rng(3)


def make_tree(log_lik, replicates):
    dims = ("chain", "draw", "row")
    scale = xr.DataArray(RNG.normal(size=log_lik.shape[:2]), dims=dims[:2])
    return xr.DataTree.from_dict(
        {
            "/posterior": xr.Dataset({"scale": scale}),
            "/log_likelihood": xr.Dataset({"log_lik": (dims, log_lik)}),
            "/posterior_predictive": xr.Dataset({"y_rep": (dims, replicates)}),
        }
    )


def round_tree(tree):
    groups = {name: group.to_dataset() for name, group in tree.children.items()}
    rounded = {f"/{name}": round_group(groups[name], name) for name in POINTWISE}
    return xr.DataTree.from_dict({"/posterior": groups["posterior"], **rounded})


def store_and_read(tree, folder):
    store.replace_tree(tree, folder / "fit.nc")
    return read_tree(folder / "fit.nc")


@pytest.fixture
def tree():
    """Draws of a normal mean for observations far from 0, with their likelihoods."""
    y = 2000 + RNG.normal(size=60)
    mu = 2000 + RNG.normal(scale=60**-0.5, size=(4, 500, 1))
    log_lik = -0.5 * (y - mu) ** 2 - 0.5 * np.log(2 * np.pi)
    return make_tree(log_lik, mu + RNG.normal(size=(4, 500, 60)))


def test_errors_are_far_below_those_of_monte_carlo(tree):
    rounded = round_tree(tree)
    for group, name in (("log_likelihood", "log_lik"), ("posterior_predictive", "y_rep")):
        before, after = tree[group][name].to_numpy(), rounded[group][name].to_numpy()
        error = np.abs(after - before)
        if group == "log_likelihood":
            assert np.quantile(error, 0.9) < 2e-4
        else:  # the size of the values is 2000 times their standard deviation
            assert (error.max(axis=(0, 1)) < 4e-3 * before.std(axis=(0, 1))).all()
            assert abs((after - before).mean()) < 2e-5


def test_what_is_stored_is_what_everything_is_computed_from(tree, tmp_path):
    rounded = round_tree(tree)
    stored = store_and_read(rounded, tmp_path)
    for group, name in (
        ("log_likelihood", "log_lik"),
        ("posterior_predictive", "y_rep"),
        ("posterior", "scale"),
    ):
        assert stored[group][name].dtype == np.float64
        np.testing.assert_array_equal(stored[group][name], rounded[group][name])


def test_what_is_said_of_the_whole_tree_is_stored_as_well(tree):
    tree.attrs["divergences"] = 3
    tree["log_likelihood"].attrs["source"] = "program"
    single = to_single(tree)
    assert single.attrs == {"divergences": 3}
    assert single["log_likelihood"].attrs == {"source": "program"}


def test_leave_one_out_is_the_same_to_its_shown_digits(tree):
    before, after = arviz_stats.loo(tree), arviz_stats.loo(round_tree(tree))
    assert after.elpd == pytest.approx(before.elpd, abs=0.01)
    assert after.se == pytest.approx(before.se, abs=0.01)
    np.testing.assert_allclose(after.pareto_k, before.pareto_k, atol=0.02)


@pytest.mark.parametrize("values", [RNG.poisson(3, (2, 300, 9)), RNG.integers(0, 2**24, (2, 300, 9))])
def test_whole_numbers_are_exact(values, tmp_path):
    values = values.astype(float)
    stored = store_and_read(round_tree(make_tree(values, values)), tmp_path)
    np.testing.assert_array_equal(stored["posterior_predictive"]["y_rep"], values)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda values: values * 1e300,
        lambda values: np.where(np.arange(values.shape[2]) == 3, np.nan, values),
        lambda values: np.rint(values * 1e12),
        lambda values: 1e9 + values,
    ],
    ids=["beyond single precision", "an element never finite", "large whole numbers", "many digits needed"],
)
def test_what_cannot_be_rounded_is_stored_as_it_is(spoil, tmp_path):
    values = spoil(RNG.normal(size=(2, 300, 9)))
    tree = round_tree(make_tree(RNG.normal(size=(2, 300, 9)), values))
    np.testing.assert_array_equal(tree["posterior_predictive"]["y_rep"], values)
    stored = store_and_read(tree, tmp_path)
    np.testing.assert_array_equal(stored["posterior_predictive"]["y_rep"], values)


def test_some_values_that_are_not_finite_stay_so():
    values = RNG.normal(size=(2, 300, 9))
    values[0, :3, 0] = np.nan, np.inf, -np.inf
    stored = round_tree(make_tree(values, values))["log_likelihood"]["log_lik"].to_numpy()
    np.testing.assert_array_equal(stored[0, :3, 0], values[0, :3, 0])
    assert np.isfinite(stored).sum() == values.size - 3


@given(st.floats(-1e30, 1e30).filter(lambda value: abs(value) > 1e-30), st.integers(1, 22))
def test_the_relative_error_is_half_a_unit_of_the_last_kept_bit(value, bits):
    (rounded,) = round_fraction(np.array([value]), bits)
    assert abs(float(rounded) - value) <= abs(value) * (2.0 ** -(bits + 1) + 2.0**-24)


def test_a_run_takes_a_quarter_of_the_space(tree, tmp_path):
    store.replace_tree(round_tree(tree), tmp_path / "fit.nc")
    numbers = sum(tree[group].to_dataset().nbytes for group in ("log_likelihood", "posterior_predictive"))
    assert (tmp_path / "fit.nc").stat().st_size < 0.3 * numbers
