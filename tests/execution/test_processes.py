"""Tasks in helper processes of this machine: as elsewhere, and a helper that is lost is replaced."""

import os
import threading
import time

import psutil
import pytest

from tests.conftest import ROOT
from tests.execution import work
from workbench.errors import ChainFailed, WorkerLost
from workbench.execution import Shared, Task, name_function
from workbench.execution.processes import ProcessExecutor


@pytest.fixture(autouse=True)
def _path(monkeypatch):
    """Let helpers import the tests."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))


def test_every_task_leaves_its_piece_in_another_process_and_is_not_run_again(tmp_path):
    counter, executor = tmp_path / "counter", ProcessExecutor(2)
    tasks = work.make_tasks(6, counter=counter)
    first = list(executor.map(tasks[:4], tmp_path))
    pids = {outcome.record["pid"] for outcome in first}
    assert os.getpid() not in pids
    assert 1 <= len(pids) <= 2
    second = {outcome.key: outcome.was_kept for outcome in executor.map(tasks, tmp_path)}
    assert [second[task.key] for task in tasks] == [True] * 4 + [False] * 2
    assert sorted(counter.read_text().split()) == ["0", "1", "2", "3", "4", "5"]
    work.read_all(tmp_path, 6)
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_a_refusal_is_an_outcome_and_a_mistake_of_ours_is_an_error(tmp_path):
    refused = Task("a", name_function(work.refuse), (7,))
    (outcome,) = ProcessExecutor(2).map([refused], tmp_path)
    assert isinstance(outcome.failure, ChainFailed)
    assert outcome.failure.message == "sampling stopped: seed 7 is refused."
    with pytest.raises(ZeroDivisionError):
        list(ProcessExecutor(2).map([Task("b", name_function(work.break_))], tmp_path))


def tell(place, scales, seed):
    """Return what is shared, with its place in memory: it is the same as long as it was not sent again."""
    del place
    return scales, id(scales), seed


def test_what_is_shared_is_sent_once_to_each_helper(tmp_path):
    shared = Shared("scales", {"a": 2.0})
    tasks = [Task(str(seed), name_function(tell), (seed,), (shared,)) for seed in range(4)]
    (first, *others) = [outcome.record for outcome in ProcessExecutor(1).map(tasks, tmp_path)]
    assert others == [(*first[:2], seed) for seed in range(1, 4)]


def test_a_task_that_kills_three_helpers_has_failed_and_the_others_go_on(tmp_path):
    log = tmp_path / "log"
    tasks = [Task("deadly", name_function(work.die), (str(log),)), *work.make_tasks(3)]
    outcomes = {outcome.key: outcome for outcome in ProcessExecutor(2).map(tasks, tmp_path)}
    assert isinstance(outcomes["deadly"].failure, WorkerLost)
    assert log.read_text() == "xxx"
    assert [outcomes[task.key].failure for task in tasks[1:]] == [None] * 3


def test_a_helper_that_is_killed_is_replaced(tmp_path):
    tasks = work.make_tasks(4, seconds=0.5)

    def kill():
        while not any("processes" in " ".join(child.cmdline()) for child in psutil.Process().children()):
            time.sleep(0.02)
        time.sleep(0.6)
        for child in psutil.Process().children():
            if "workbench.execution.processes" in " ".join(child.cmdline()):
                child.kill()

    thread = threading.Thread(target=kill)
    thread.start()
    outcomes = list(ProcessExecutor(2).map(tasks, tmp_path))
    thread.join()
    assert [outcome.failure for outcome in outcomes] == [None] * 4
    work.read_all(tmp_path, 4)
