"""Chains with a given step size, metric and start, on independent normals x[n] ~ normal(0, n/10)."""

import json

import numpy as np
import pytest
from arviz_stats.base import array_stats

from tests.conformance.executables import MODELS
from workbench import toolchain
from workbench.backends import Job, Start
from workbench.methods import Nuts

SDS = np.arange(1, 101) / 10
"""Standard deviations of the parameters."""


@pytest.fixture(scope="module")
def hundred_normals(tools):
    source = MODELS / "driver_hundred.stan"
    return toolchain.build(source.stem, source.read_text(), tools).exe


@pytest.fixture
def sample(hundred_normals, tmp_path):
    from workbench.backends.stan import StanBackend

    def run(method, start):
        (tmp_path / "data.json").write_text(json.dumps({}))
        job = Job(hundred_normals, tmp_path / "data.json", tmp_path / "calls", seed=5)
        return StanBackend().sample(job, method, start=start)

    return run


@pytest.mark.parametrize("metric", ["diag", "dense"])
def test_without_warmup_the_given_step_size_and_metric_are_used(sample, metric):
    inv_metric = np.tile(SDS**2, (2, 1)) if metric == "diag" else np.tile(np.diag(SDS**2), (2, 1, 1))
    start = Start(({"x": [0.0] * 100}, {"x": SDS.tolist()}), np.array([0.4, 0.5]), inv_metric)
    run = sample(Nuts(2, 300, 0, metric=metric), start)

    assert run.stats["stepsize"][:, 0] == pytest.approx([0.4, 0.5])
    assert run.step_size == pytest.approx([0.4, 0.5])
    np.testing.assert_allclose(run.inv_metric, inv_metric)
    for n in (0, 49, 99):
        sd, mcse = run.draws[:, :, n].std(), array_stats.mcse(run.draws[:, :, n], method="sd")
        assert abs(sd - SDS[n]) < 5 * mcse


def test_one_initial_point_serves_every_chain(sample):
    """With a tiny step and the shortest trajectories, a chain stays where it starts."""
    start = Start(({"x": SDS.tolist()},), np.full(2, 1e-9), np.ones((2, 100)))
    run = sample(Nuts(2, 4, 0, max_treedepth=1), start)
    np.testing.assert_allclose(run.draws, np.tile(SDS, (2, 4, 1)), atol=1e-6)


def test_warmup_draws_are_kept_apart_if_requested(sample):
    run = sample(Nuts(1, 30, 40, save_warmup=True), Start())
    assert run.warmup.draws.shape == (1, 40, 100)
    assert run.draws.shape == (1, 30, 100)
    assert run.warmup.stats["stepsize"].std() > 0
    assert np.ptp(run.stats["stepsize"]) == 0
    assert sample(Nuts(1, 30, 40), Start()).warmup is None
