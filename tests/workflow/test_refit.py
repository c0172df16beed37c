"""A model of a registry fitted again: the numbers of a fit, no work twice, the champion never touched."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from typing import Any

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock

import workbench
from tests.execution.clusters import DaskProcesses, needs_dask
from workbench.errors import BindingError, JobRunning, RequestError
from workbench.execution.scheduler import open_executor, parse_scheduler
from workbench.provenance import hash_text
from workbench.tables import from_frame
from workbench.workflow.refit import RefitOptions, parse_prior_from
from workbench.workflow.refit_segments import refit_segments
from workbench.workflow.update import UpdateOptions

PROGRAM = """
data {
  int<lower=1> N;
  vector[N] y;
}
parameters {
  real mu;
}
model {
  mu ~ normal(0, 10);
  y ~ normal(mu, 1);
}
"""

RNG = np.random.default_rng(21)
FIRST, SECOND, HELD_OUT = (pd.DataFrame({"y": RNG.normal(2, 1, size)}) for size in (50, 40, 60))
"""Rows of the champion, new rows, and rows that neither sees."""


def posterior(*batches, mean=0.0, sd=10.0):
    """Return mean and SD of mu in closed form."""
    rows = np.concatenate([batch["y"] for batch in batches])
    precision = sd**-2 + len(rows)
    return (mean / sd**2 + rows.sum()) / precision, precision**-0.5


def agrees(version, registry, expected):
    estimate = registry.load(version.reference).results.posterior("mu")
    assert abs(estimate.mean - expected[0]) < 5 * estimate.mcse_mean
    assert abs(estimate.sd - expected[1]) < 5 * estimate.mcse_sd


@pytest.fixture(scope="module")
def first_run(tmp_path_factory, tools):
    folder = tmp_path_factory.mktemp("refit")
    program = folder / "mean.stan"
    program.write_text(PROGRAM)
    fit = workbench.fit(program, FIRST, output=folder / "run", report=False, progress=False)
    return fit.folder


@pytest.fixture
def registry(tmp_path, first_run):
    registry = workbench.Registry(tmp_path / "registry", author="me")
    registry.add("mean", first_run, alias="champion")
    return registry


OPTIONS = {"progress": False, "report": False}
"""What all jobs of these tests have in common."""


@pytest.mark.stan
def test_each_way_of_using_rows_gives_its_posterior(registry):
    full = registry.refit("mean", SECOND, **OPTIONS)
    assert full.is_new
    agrees(full.version, registry, posterior(SECOND))
    update = registry.refit("mean", SECOND, way="update", **OPTIONS)
    agrees(update.version, registry, posterior(FIRST, SECOND))
    mean, sd = posterior(FIRST)
    prior = registry.refit("mean", SECOND, way="prior", widen=2.0, **OPTIONS)
    agrees(prior.version, registry, posterior(SECOND, mean=mean, sd=2 * sd))
    versions = registry.versions("mean")
    assert versions["aliases"].tolist() == ["champion", "", "", "challenger"]
    assert [version.added.parent for version in registry.read_state().models["mean"].versions] == [
        None,
        1,
        1,
        1,
    ]
    assert registry.verify().is_clean


@pytest.mark.stan
def test_the_same_rows_are_no_work_and_a_failure_is_an_event(registry):
    done = registry.refit("mean", SECOND, **OPTIONS)
    again = registry.refit("mean", SECOND.copy(), **OPTIONS)
    assert (again.is_new, again.version.number) == (False, done.version.number)
    assert registry.refit("mean", SECOND, again=True, **OPTIONS).version.number == 3
    with pytest.raises(BindingError, match="no column `y`"):
        registry.refit("mean", SECOND.rename(columns={"y": "z"}), **OPTIONS)
    failed = registry.read_events()[-1].content
    assert (failed.cause, failed.job.way, failed.job.base) == ("BindingError", "full", 1)
    assert registry.read_state().models["mean"].failures == 1
    assert registry.find("mean").number == 1


@pytest.mark.stan
def test_a_challenger_is_promoted_only_through_its_gate(registry):
    carried = registry.refit("mean", SECOND, way="prior", widen=2.0, promote=True, **OPTIONS)
    priors = {each.name: each.status for each in carried.gate.criteria}
    assert priors["priors"] == priors["program"] == "passed"
    assert priors["data"] == "not applicable"
    if carried.is_champion:
        assert registry.roll_back("mean")[1].number == 1
    passed = registry.refit("mean", SECOND, promote=True, held_out=HELD_OUT, **OPTIONS)
    assert passed.is_champion
    assert registry.find("mean").number == 3
    assert {each.status for each in passed.gate.criteria} == {"passed"}
    shifted = SECOND + 5
    refused = registry.refit("mean", shifted, promote=True, held_out=HELD_OUT, **OPTIONS)
    assert not refused.is_champion
    assert {"parameters", "held-out score", "calibration", "predictions"} <= set(refused.gate.failed)
    assert registry.find("mean").number == 3
    with pytest.raises(RequestError, match="is the table that mean@"):
        registry.promote("mean@4", shifted, progress=False)
    assert registry.roll_back("mean", "complaints")[1].number == 1


@pytest.mark.stan
def test_a_job_that_was_ended_before_its_gate_asks_it_the_next_time(registry):
    added = registry.refit("mean", SECOND, **OPTIONS).version
    asked = registry.refit("mean", SECOND, promote=True, held_out=HELD_OUT, **OPTIONS)
    assert (asked.is_new, asked.version, asked.is_champion) == (False, added, True)
    registry.roll_back("mean", "complaints")
    taken_back = registry.refit("mean", SECOND, promote=True, held_out=HELD_OUT, **OPTIONS)
    assert not taken_back.is_champion, "it is not promoted again behind the back of who took it back"
    refused = [registry.refit("mean", SECOND + 5, promote=True, **OPTIONS) for _ in range(2)]
    assert [one.gate.is_passed for one in refused] == [False, False]
    assert [one.is_new for one in refused] == [True, False]


@pytest.mark.stan
def test_rows_that_a_version_holds_do_not_count_twice(registry):
    with pytest.raises(RequestError, match="are in mean@1 already"):
        registry.refit("mean", FIRST, way="update", **OPTIONS)
    registry.refit("mean", SECOND, way="update", **OPTIONS)
    with pytest.raises(RequestError, match="are in mean@2 already"):
        registry.refit("mean", SECOND, way="prior", base="latest", **OPTIONS)
    assert not registry.refit("mean", FIRST, **OPTIONS).is_new, "the champion is that fit"


@pytest.mark.stan
def test_two_jobs_for_one_model_do_not_run_at_once(registry):
    lock = FileLock(registry.folder / f".job-{hash_text('mean')[:16]}.lock")
    with lock, pytest.raises(JobRunning, match="another job for `mean` is running"):
        registry.refit("mean", SECOND, **OPTIONS)
    assert registry.read_state().count == 1


@pytest.fixture(scope="module")
def workers(tmp_path_factory):
    """A Dask scheduler and a worker that shares no folder with the registry."""
    processes = DaskProcesses(tmp_path_factory.mktemp("cluster"))
    processes.start_worker("first")
    yield processes
    processes.close()


@pytest.mark.stan
@pytest.mark.parametrize("place", ["local:2", pytest.param("dask", marks=needs_dask)])
def test_each_segment_is_a_model_of_its_own(registry, place, request):
    address = request.getfixturevalue("workers").address if place == "dask" else place
    north, south = FIRST.assign(area="north"), SECOND.assign(area="the south")
    lost = pd.DataFrame({"y": [None], "area": "lost"})
    table = from_frame(pd.concat([north, lost, south]))
    options = RefitOptions(is_promoted=True, fit=UpdateOptions(has_report=False))

    def run():
        with open_executor(parse_scheduler(address), 2) as executor:
            found = list(refit_segments(registry, "mean", table, ["area"], executor, options))
        by_segment: dict[str, Any] = {each.segment[0]: each for each in found}
        return by_segment

    found = run()
    agrees(found["north"].outcome.version, registry, posterior(FIRST))
    agrees(found["the south"].outcome.version, registry, posterior(SECOND))
    assert isinstance(found["lost"].failure, BindingError)
    assert registry.find("mean.north").number == 1
    assert found["the south"].model.startswith("mean.the_south-")
    assert [each.outcome is not None and each.outcome.is_new for each in run().values()] == [False] * 3
    grown = from_frame(pd.concat([north, south, SECOND.assign(area="north")]))
    with open_executor(parse_scheduler(address), 2) as executor:
        again: dict[str, Any] = {
            one.model: one for one in refit_segments(registry, "mean", grown, ["area"], executor, options)
        }
    agrees(again["mean.north"].outcome.version, registry, posterior(FIRST, SECOND))
    assert again["mean.north"].outcome.base.reference == "mean.north@1"
    assert not again[found["the south"].model].outcome.is_new
    assert registry.verify().is_clean
    assert not list(registry.folder.glob(".job-*/*"))


def start_job(registry, data, *more):
    command = [sys.executable, "-m", "workbench", "refit", "mean", str(data), "--no-report", *more]
    environment = {**os.environ, "WORKBENCH_REGISTRY": str(registry.folder), "WORKBENCH_AUTHOR": "job"}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )


@pytest.mark.stan
def test_the_command_writes_a_log_and_says_how_it_ended(registry, tmp_path):
    data = tmp_path / "june.csv"
    SECOND.to_csv(data, index=False)
    for expected in ("done", "nothing to do"):
        job = start_job(registry, data, "--json")
        output, log = job.communicate(timeout=300)
        lines = [json.loads(line) for line in log.splitlines()]
        assert (job.returncode, lines[0]["event"], lines[-1]["event"]) == (0, "started", expected)
        assert json.loads(output)["version"] == "mean@2"
    data.write_text("z\n1\n")
    job = start_job(registry, data)
    last = json.loads(job.communicate(timeout=300)[1].splitlines()[-1])
    assert (job.returncode, last["cause"], last["exit_code"]) == (2, "BindingError", 2)


def kill_jobs(registry, folder, times):
    rng = random.Random(5)
    for number in range(times):
        data = folder / f"batch-{number}.csv"
        SECOND.add(number / 1000).to_csv(data, index=False)
        job = start_job(registry, data, "--update", "--promote")
        time.sleep(rng.uniform(0.3, 6.0))
        job.send_signal(signal.SIGKILL)
        job.communicate()
        found = registry.verify()
        assert found.problems == []
        assert registry.open_run("mean@champion")
    job = start_job(registry, folder / "batch-0.csv", "--update", "--again")
    job.communicate(timeout=300)
    assert job.returncode == 0, "the lock of a killed job is free"


@pytest.mark.stan
def test_a_killed_job_leaves_the_champion_and_a_clean_registry(registry, tmp_path):
    kill_jobs(registry, tmp_path, 3)


@pytest.mark.truth
@pytest.mark.stan
def test_fifty_killed_jobs_leave_a_clean_registry(registry, tmp_path):
    kill_jobs(registry, tmp_path, 50)


@pytest.mark.parametrize(
    "text", ["", "champion:SD", "champion:SD*0", "champion:SD*-2", "latest", "champion:SD*1e9"]
)
def test_a_prior_that_cannot_be_is_told(text):
    with pytest.raises(RequestError):
        parse_prior_from(text)
