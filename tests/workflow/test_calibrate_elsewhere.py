"""Simulated data sets fitted on the workers of a Dask scheduler: the numbers of this machine."""

import numpy as np
import pytest

import workbench
from tests.execution.clusters import DaskProcesses, needs_dask

pytestmark = [needs_dask, pytest.mark.usefixtures("tools")]


def test_ranks_are_the_same_on_a_cluster(tmp_path):
    model = workbench.Model("normal_known_variance")

    def calibrate(name, executor=None):
        return model.calibrate(
            simulations=12,
            method=["nuts", "laplace", "mle"],
            warmup=200,
            draws=200,
            chains=2,
            output=tmp_path / name,
            executor=executor,
            progress=False,
        )

    here = calibrate("here")
    (tmp_path / "cluster").mkdir()
    cluster = DaskProcesses(tmp_path / "cluster")
    try:
        cluster.start_worker("first")
        there = calibrate("there", cluster.address)
    finally:
        cluster.close()
    assert here.frame.drop(columns="place").equals(there.frame.drop(columns="place"))
    assert np.array_equal(here.frame["place"], there.frame["place"], equal_nan=True)
