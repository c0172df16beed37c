"""A study on the workers of a Dask scheduler has the numbers of the same study on this machine."""

import os
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import workbench
from tests.execution.clusters import DaskProcesses, needs_dask
from tests.studies import normal_mean
from tests.studies.conftest import STUDY_OPTIONS
from tests.studies.test_standardized import study as standardized  # noqa: F401 - a fixture
from workbench import toolchain
from workbench.execution import Executor
from workbench.execution.dask_worker import MARK
from workbench.execution.executables import pack_executable
from workbench.execution.scheduler import open_executor, parse_scheduler
from workbench.studies import parse_axis, store

pytestmark = [needs_dask, pytest.mark.usefixtures("tools")]

SMALL = replace(
    STUDY_OPTIONS,
    axes=(parse_axis("mu.sigma=0.2,1,2"),),
    methods=("map", "nuts"),
    refit="all",
    with_prior=False,
)
"""Three points, two of which are fitted."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Two workers; the second has a build cache of its own."""
    folder = tmp_path_factory.mktemp("cluster")
    processes = DaskProcesses(folder)
    processes.start_worker("first")
    processes.start_worker("second", WORKBENCH_CACHE=str(folder / "cache"))
    yield processes
    processes.close()


class Unfailing:
    """An executor of whose tasks none may fail."""

    def __init__(self, executor: Executor) -> None:
        self.executor = executor

    def map(self, tasks, folder):
        for outcome in self.executor.map(tasks, folder):
            assert outcome.failure is None, (outcome, getattr(outcome.failure, "console", ""))
            yield outcome


@pytest.fixture(scope="module")
def executor(cluster):
    with open_executor(parse_scheduler(cluster.address), 2) as opened:
        yield Unfailing(opened)


def assert_same(study, other):
    pd.testing.assert_frame_equal(study.frame, other.frame, check_exact=True)
    for name in ("derivatives", "tipping", "power_scaling", "conclusion", "densities", "reweighting"):
        assert getattr(study.results, name) == getattr(other.results, name), name


def test_the_numbers_are_the_same_to_the_last_digit(
    study, normal_files, fit_options, cluster, executor, tmp_path
):
    options = replace(STUDY_OPTIONS, output=tmp_path / "study", executor=executor)
    assert_same(study, normal_mean.run_study(normal_files, fit_options, options))
    assert [path.name for path in (tmp_path / "study" / store.CACHE).glob(".*")] == [MARK]
    assert not (cluster.folder / "cache" / "models").exists()  # executables were sent, not built


def test_the_numbers_are_the_same_without_a_shared_folder_and_with_standardized_predictors(
    standardized,  # noqa: F811 - the fixture
    executor,
    tmp_path,
    monkeypatch,
):
    monkeypatch.setattr("workbench.execution.dask.name_folder", lambda folder: "of another machine")
    values = {"beta.sigma": (0.05, 1.0, 2.0)}
    elsewhere = workbench.sensitivity(
        standardized.folder.parent, vary=values, parameters=("beta", "a", "alpha"), progress=False,
        executor=executor, output=tmp_path / "study",
    )  # fmt: skip
    assert_same(standardized, elsewhere)


@pytest.mark.truth
def test_a_worker_builds_what_does_not_run_there(normal_files, fit_options, tmp_path, monkeypatch):
    """Its cache has Stan and the driver, but no models; what is sent is not for its processor."""
    cache = tmp_path / "cache"
    for kind in ("stan", "zig", "headers", "drivers"):
        if (toolchain.find_cache_folder() / kind).exists():
            shutil.copytree(toolchain.find_cache_folder() / kind, cache / kind, copy_function=os.link)

    def pack_foreign(model, source):
        return replace(pack_executable(model, source), content=b"\x7fELF for another processor")

    here = normal_mean.run_study(normal_files, fit_options, replace(SMALL, output=tmp_path / "here"))
    monkeypatch.setattr("workbench.studies.fits.shared.pack_executable", pack_foreign)
    processes = DaskProcesses(tmp_path, WORKBENCH_CACHE=str(cache))
    try:
        processes.start_worker("first")
        processes.start_worker("second")
        with open_executor(parse_scheduler(processes.address), 2) as opened:
            options = replace(SMALL, output=tmp_path / "there", executor=opened)
            assert_same(here, normal_mean.run_study(normal_files, fit_options, options))
    finally:
        processes.close()
    assert len(list((cache / "models").iterdir())) == 1  # both workers needed it, and one built it


@pytest.mark.truth
def test_kills_during_a_study_change_no_number(normal_files, fit_options, cluster, executor, tmp_path):
    here = normal_mean.run_study(normal_files, fit_options, replace(SMALL, output=tmp_path / "here"))
    options = replace(SMALL, output=tmp_path / "there", executor=_KillingExecutor(cluster, executor))
    assert_same(here, normal_mean.run_study(normal_files, fit_options, options))


class _KillingExecutor:
    """An executor that loses a worker a moment after it was handed tasks."""

    def __init__(self, cluster: DaskProcesses, executor) -> None:
        self.cluster = cluster
        self.executor = executor
        self.calls = 0

    def map(self, tasks, folder: Path):
        self.calls += 1
        killer = threading.Timer(0.3, self.cluster.kill_worker, [("first", "second")[self.calls % 2]])
        killer.start()
        yield from self.executor.map(tasks, folder)
        killer.join()
