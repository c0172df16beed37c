"""Chains of nutpie: where they start, what their statistics mean, how they end."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from importlib.util import find_spec

import numpy as np
import psutil
import pytest
from arviz_stats.base import array_stats

from tests.backends.test_stan import RANDOM
from tests.conformance.executables import MODELS
from tests.toolchain.fake_compilers import write_script
from workbench import process, toolchain
from workbench.backends import Job, Start
from workbench.backends.cmdstan import Chains
from workbench.backends.evaluator import Flag
from workbench.backends.evaluators import Evaluators
from workbench.backends.nutpie import NutpieChains
from workbench.backends.stan import StanBackend
from workbench.errors import ChainFailed, RunTimedOut
from workbench.methods import Nuts
from workbench.progress import SILENT

pytestmark = pytest.mark.skipif(find_spec("nutpie") is None, reason="nutpie is not installed")

ENDLESS = Nuts(4, 10_000_000, 100, sampler="nutpie")
"""Chains that would run for hours."""


@pytest.fixture(scope="module")
def compile_model(tools):
    return lambda name, source: toolchain.build(name, source, tools).exe


@pytest.fixture
def make_job(compile_model, tmp_path):
    def make(name, source=None, *, data=None, seed=7, **options):
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(data or {}))
        exe = compile_model(name, source or (MODELS / f"{name}.stan").read_text())
        return Job(exe, path, tmp_path / "calls", seed, **options)

    return make


def make_chains(job, method, start=None):
    return NutpieChains(Evaluators(), job, Chains(method, start or Start(), 2, 1, SILENT))


def is_chain(child):
    try:
        return any("nutpie_chain" in argument for argument in child.cmdline())
    except psutil.Error:
        return False


@pytest.mark.parametrize("metric", ["diag", "low_rank"])
def test_statistics_mean_what_stans_mean(make_job, metric):
    """`lp` is the log density on the unconstrained scale; `energy` adds a kinetic energy, U/2 on average;
    `n_leapfrog` counts the steps of a tree of the given depth, which may break off while it doubles."""
    job = make_job("random", RANDOM, data={"N": 3})
    method = Nuts(4, 500, 300, metric=metric, sampler="nutpie")
    run = make_chains(job, method).sample()
    stan = StanBackend().sample(job, Nuts(2, 20, 50))
    assert set(run.stats) == set(stan.stats)
    assert run.sampler.startswith("nutpie 0.16")
    points = run.draws.reshape(-1, run.draws.shape[-1])
    density, _ = StanBackend().log_density(job, points, jacobian=True)
    np.testing.assert_allclose(run.stats["lp"].ravel(), density, rtol=1e-12, atol=1e-12)
    kinetic = run.stats["energy"] + run.stats["lp"]
    assert kinetic.min() >= 0
    assert kinetic.mean() == pytest.approx(
        points.shape[1] / 2, abs=4 * array_stats.mcse(kinetic, method="mean")
    )
    assert array_stats.bfmi(run.stats["energy"]).min() > 0.5
    depth, steps = run.stats["treedepth"], run.stats["n_leapfrog"]
    assert (2**depth - 1 <= steps).all()
    assert (steps <= 2 ** (depth + 1) - 1).all()
    assert run.stats["accept_stat"].mean() == pytest.approx(method.adapt_delta, abs=0.1)
    assert run.step_size is not None
    np.testing.assert_allclose(run.stats["stepsize"] / run.step_size[:, None], 1, atol=0.11)
    assert run.stats["divergent"].sum() < 20


def test_longest_trajectories_are_those_of_stan(make_job):
    job = make_job("driver_hundred")
    run = StanBackend().sample(job, Nuts(2, 50, 30, max_treedepth=3, sampler="nutpie"), jobs=2)
    assert run.stats["treedepth"].max() == 3
    assert run.stats["n_leapfrog"].max() == 7


def test_draws_are_on_the_declared_scale_with_all_quantities(make_job):
    job = make_job("random", RANDOM, data={"N": 3})
    method = Nuts(4, 1000, 300, sampler="nutpie", save_warmup=True)
    run, stan = (
        StanBackend().sample(job, method, jobs=2),
        StanBackend().sample(job, Nuts(4, 1000, 300), jobs=2),
    )
    assert run.columns == stan.columns
    assert run.warmup is not None
    assert run.warmup.draws.shape == (4, 300, len(run.columns))
    assert run.warmup.columns == run.columns
    for position, name in enumerate(run.columns):
        mine, other = run.draws[:, :, position], stan.draws[:, :, position]
        error = np.hypot(*(array_stats.mcse(values, method="mean") for values in (mine, other)))
        assert abs(mine.mean() - other.mean()) < 4 * error, name


def test_draws_follow_from_the_seed_however_many_chains_run_at_a_time(make_job):
    method = Nuts(3, 50, 30, sampler="nutpie")
    one, two, other = (
        StanBackend().sample(make_job("random", RANDOM, data={"N": 3}, seed=seed), method, jobs=jobs)
        for seed, jobs in ((7, 1), (7, 3), (8, 3))
    )
    np.testing.assert_array_equal(one.draws, two.draws)
    for name, values in one.stats.items():
        np.testing.assert_array_equal(values, two.stats[name])
    assert not np.isin(one.draws, other.draws).any()
    assert len(np.unique(one.draws[:, -1, 0])) == 3


def test_chains_from_one_point_go_apart(make_job):
    start = Start(({"scale": 1.0, "share": [0.2, 0.3, 0.5]},))
    job = make_job("random", RANDOM, data={"N": 3})
    run = StanBackend().sample(job, Nuts(3, 10, 20, sampler="nutpie"), start=start, jobs=2)
    assert len(np.unique(run.draws[:, 0, 0])) == 3


def test_chains_start_where_stans_would(make_job):
    """At what is given, at Stan's own random values for the rest, and there exactly."""
    job = make_job("random", RANDOM, data={"N": 3})
    random = make_chains(job, Nuts(2, sampler="nutpie"))._find_initial_points()
    assert (abs(random) <= 2).all()
    assert len(np.unique(random)) == random.size
    given = Start(({"scale": 0.5}, {"scale": 3.0}))
    points = make_chains(job, Nuts(2, sampler="nutpie"), given)._find_initial_points()
    np.testing.assert_allclose(points[:, 0], np.log([0.5, 3.0]))
    still = Start(given.inits, np.full(2, 1e-14), np.ones((2, 3)))
    stan = StanBackend().sample(job, Nuts(2, 4, 0), start=still)
    scale, share = stan.columns.index("scale"), stan.columns.index("share[1]")
    np.testing.assert_allclose(np.exp(points[:, 0]), stan.draws[:, 0, scale])
    answers = make_chains(job, Nuts(2))._evaluators
    with answers.borrow(job, "a test") as evaluator:
        values = evaluator.generate(job, points, Flag.NONE).numbers.reshape(2, -1)
    np.testing.assert_allclose(values[:, 1], stan.draws[:, 0, share])


def test_nutpie_evaluates_the_given_point_first():
    code = """
import os
from workbench.backends import nutpie_chain
import numpy as np
nutpie, points = nutpie_chain._import_nutpie(), []
def evaluate(point):
    points.append(point.tolist())
    return -0.5 * point @ point, -point
model = nutpie_chain._make_model(np.array([0.1, -3.0, 7.5]), evaluate)
nutpie.sample(model, chains=1, cores=1, draws=5, tune=20, seed=1, progress_bar=False, return_raw_trace=True)
print(points[0], flush=True)
os._exit(0)  # as `nutpie_chain.main` does: nutpie's threads can crash while Python cleans up
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[0.1, -3.0, 7.5]"


def test_points_that_a_program_rejects_are_divergences_and_its_messages_are_kept(make_job):
    job = make_job("driver_throws", data={"where": 5})
    run = StanBackend().sample(job, Nuts(2, 500, 200, sampler="nutpie"), jobs=2)
    assert run.stats["divergent"].sum() > 0
    assert run.draws[:, :, 0].max() <= 1
    assert np.isfinite(run.stats["lp"]).all()
    assert "thrown in the model with x = 1." in run.console
    assert "more messages" in run.console
    assert len(run.console.splitlines()) < 500


def test_without_a_usable_start_the_message_is_stans(make_job):
    job = make_job("driver_throws", data={"where": 3})
    messages = []
    for sampler in ("stan", "nutpie"):
        with pytest.raises(ChainFailed) as caught:
            StanBackend().sample(job, Nuts(2, 100, 100, sampler=sampler), jobs=2)
        messages.append(caught.value.message)
        assert "thrown in the model with x = " in caught.value.console
        assert "Initialization failed" in caught.value.console
    for message in messages:
        assert message.startswith("sampling stopped: ")
        assert message.endswith("Error: Initialization failed.")


def test_a_start_without_a_derivative_is_refused_by_name(make_job):
    job = make_job("driver_throws", data={"where": 0})
    with pytest.raises(ChainFailed, match=r"derivative of the log density is 0, as along `x` at .* chain 2"):
        make_chains(job, Nuts(2, sampler="nutpie"), Start(({"x": 0.5}, {"x": 0.0}))).sample()


def test_a_program_without_parameters_is_left_to_stan(make_job):
    run = StanBackend().sample(make_job("driver_empty"), Nuts(2, 10, 20, sampler="nutpie"))
    assert run.sampler == ""
    assert "treedepth" not in run.stats


def test_chains_end_at_the_time_limit(make_job):
    job = make_job("driver_throws", data={"where": 0}, timeout=3.0)
    started = time.monotonic()
    with pytest.raises(RunTimedOut, match=r"^sampling took longer than the 3 s allowed\."):
        StanBackend().sample(job, ENDLESS, jobs=2)
    assert time.monotonic() - started < 20
    assert not any(map(is_chain, psutil.Process().children(recursive=True)))


def test_a_program_that_crashes_ends_all_chains_and_is_named(make_job):
    job = make_job("driver_throws", data={"where": 0}, timeout=60)
    us = psutil.Process()

    def crash():
        while not any(map(is_chain, us.children())):
            time.sleep(0.1)
        time.sleep(1)
        evaluators = [child for child in us.children() if "evaluate" in child.cmdline()]
        max(evaluators, key=psutil.Process.create_time).kill()  # those of other tests are older

    killer = threading.Thread(target=crash)
    killer.start()
    try:
        with pytest.raises(ChainFailed, match=r"^sampling stopped: its process was ended by SIGKILL"):
            StanBackend().sample(job, ENDLESS, jobs=2)
    finally:
        killer.join()
    assert not any(map(is_chain, us.children(recursive=True)))


def test_an_interrupt_ends_all_chains(make_job):
    job = make_job("driver_throws", data={"where": 0}, timeout=60)
    us = psutil.Process()

    def interrupt():
        while not any(map(is_chain, us.children())):
            time.sleep(0.1)
        time.sleep(1)
        os.kill(os.getpid(), signal.SIGINT)

    sender = threading.Thread(target=interrupt)
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    sender.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            StanBackend().sample(job, ENDLESS, jobs=2)
    finally:
        signal.signal(signal.SIGINT, previous)
        sender.join()
    assert not any(map(is_chain, us.children(recursive=True)))


def test_work_that_is_ended_ends_all_chains(make_job):
    job = make_job("driver_throws", data={"where": 0}, timeout=60)
    us, work = psutil.Process(), process.Work()

    def end():
        while not any(map(is_chain, us.children())):
            time.sleep(0.1)
        work.end()

    ending = threading.Thread(target=end)
    ending.start()
    with pytest.raises(process.WorkEnded), work.begin():
        StanBackend().sample(job, ENDLESS, jobs=2)
    ending.join()
    assert not any(map(is_chain, us.children(recursive=True)))


def test_an_executable_of_a_cmdstan_is_refused(tmp_path):
    exe = write_script(tmp_path / "other", '[ "$1" = info ] && exit 0', "exit 1")
    (tmp_path / "data.json").write_text("{}")
    job = Job(exe, tmp_path / "data.json", tmp_path / "calls", 1)
    with pytest.raises(ChainFailed, match="needs an executable built with our driver") as caught:
        StanBackend().sample(job, Nuts(sampler="nutpie"))
    assert "--toolchain embedded" in str(caught.value.hint)
