"""Draws appended to those of an earlier run: what is joined, and which numbers follow."""

from dataclasses import replace

import numpy as np
import pytest

from tests.estimation.conftest import MEANS, MODEL, SDS
from workbench.backends.fake import FakeBackend
from workbench.errors import RunIncomplete
from workbench.estimation.append import append
from workbench.estimation.estimate import estimate
from workbench.estimation.sampling.warm_start import extract_warm_start
from workbench.methods import Map, Nuts


@pytest.fixture
def fits(request_for, program):
    """An earlier fit with 5 divergent transitions, and a continuation with 2, of 200 and 300 draws."""
    earlier = estimate(request_for((Map(), Nuts(2, 200, 100))), MODEL, FakeBackend(MEANS, SDS, divergent=5))
    start = extract_warm_start(earlier.tree, program)
    backend = FakeBackend(MEANS, SDS, divergent=2)
    return earlier, estimate(request_for((Nuts(2, 300, 0),), seed=2), MODEL, backend, start=start)


def test_the_draws_of_each_chain_follow_those_it_had(fits):
    earlier, more = fits
    both, first, second = (fit.tree["posterior"].to_dataset() for fit in (append(earlier, more), *fits))
    np.testing.assert_array_equal(both["draw"], range(500))
    for name in ("alpha", "beta", "eta"):
        np.testing.assert_array_equal(both[name][:, :200], first[name])
        np.testing.assert_array_equal(both[name][:, 200:], second[name])
        assert both[name].dims == first[name].dims


def test_groups_without_draws_are_those_of_the_earlier_run(fits):
    earlier, more = fits
    tree = append(earlier, more).tree
    assert set(tree.children) == set(earlier.tree.children)
    np.testing.assert_array_equal(tree["map"]["beta"], earlier.tree["map"]["beta"])
    np.testing.assert_array_equal(tree["adaptation"]["inv_metric"], earlier.tree["adaptation"]["inv_metric"])


def test_every_number_is_that_of_all_draws(fits):
    """Moments by NumPy over both runs, R-hat of split chains by hand (ArviZ normalises ranks first)."""
    earlier, more = fits
    record = append(earlier, more).record
    values = np.concatenate([fit.tree["posterior"]["beta"].values for fit in fits], axis=1)[..., 1]
    numbers = record["nuts"]["estimates"]["beta[2]"]
    assert numbers["label"] == "beta[dose]"
    assert numbers["mean"] == pytest.approx(values.mean())
    assert numbers["sd"] == pytest.approx(values.std(ddof=1))
    assert (numbers["lower"], numbers["upper"]) == pytest.approx(np.quantile(values, [0.025, 0.975]))
    halves = np.concatenate(np.split(values, 2, axis=1))
    between, within = halves.mean(axis=1).var(ddof=1), halves.var(axis=1, ddof=1).mean()
    assert numbers["rhat"] == pytest.approx(np.sqrt(249 / 250 + between / within), abs=0.01)
    assert numbers["ess_bulk"] > earlier.record["nuts"]["estimates"]["beta[2]"]["ess_bulk"]


def test_statistics_of_the_sampler_add_up(fits):
    earlier, more = fits
    record = append(earlier, more).record
    assert record["nuts"]["draws"] == 500
    assert record["nuts"]["divergences"] == 5 + 2
    assert record["timings"]["nuts"] == earlier.record["timings"]["nuts"] + more.record["timings"]["nuts"]
    energy = np.concatenate([fit.tree["sample_stats"]["energy"].values for fit in fits], axis=1)
    ebfmi = (np.diff(energy) ** 2).mean(axis=1) / energy.var(axis=1)
    assert record["nuts"]["ebfmi"] == pytest.approx(ebfmi, rel=0.01)


def test_gaps_are_measured_from_the_new_mean(fits):
    earlier, more = fits
    record = append(earlier, more).record
    mean = record["nuts"]["estimates"]["alpha"]["mean"]
    assert record["gaps"]["alpha"]["map_minus_mean"] == pytest.approx(MEANS["alpha"] - mean)
    assert record["gaps"] != earlier.record["gaps"]


def test_what_stan_printed_is_kept_of_both(fits):
    earlier, more = fits
    both = append(replace(earlier, console={"nuts": "first"}), replace(more, console={"nuts": "second"}))
    assert both.console == {"nuts": "first", "continued nuts": "second"}


def test_a_sampler_that_fails_while_continuing_is_an_error(request_for, fitted):
    failing = FakeBackend(MEANS, SDS, failing=frozenset({"sample"}))
    more = estimate(request_for((Nuts(4, 50, 100),)), MODEL, failing)
    with pytest.raises(RunIncomplete, match="could not be continued"):
        append(fitted, more)
