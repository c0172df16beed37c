"""Runs read back in part: the record and the draws of one element, checked as the whole is."""

from __future__ import annotations

import numpy as np
import pytest

from tests.report.simulated import simulate_fit
from workbench.errors import RunIncomplete
from workbench.results import run_directory, store
from workbench.results.quantities import draws_of


@pytest.fixture
def run(tmp_path):
    return store.write(simulate_fit(), None, tmp_path / "run")


@pytest.mark.parametrize("name", ["mu", "theta_raw[1]", "theta_raw[3]"])
def test_the_draws_of_an_element_are_those_of_the_whole(run, name):
    fit, draws = run_directory.read_with_element(run, lambda _: name)
    np.testing.assert_array_equal(draws, draws_of(run_directory.read(run).tree, "posterior", name))
    assert fit.results.nuts.is_ok


@pytest.mark.parametrize("name", [None, "other", "theta_raw[4]", "theta_raw"])
def test_what_is_not_there_has_none(run, name):
    assert run_directory.read_with_element(run, lambda _: name)[1] is None


def test_draws_that_are_not_those_of_the_record_are_refused(run):
    other = store.write(simulate_fit(draws=50), None, run.parent / "other")
    (run / "fit.nc").write_bytes((other / "fit.nc").read_bytes())
    with pytest.raises(RunIncomplete, match="4 chains of 100 draws"):
        run_directory.read_with_element(run, lambda _: "mu")
