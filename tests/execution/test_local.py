"""Tasks on this machine: in any order, each once, failures as values, as many cores as there are."""

import os
import signal
import threading
import time
from typing import Any, ClassVar

import pytest

from tests.execution import work
from workbench.errors import ChainFailed
from workbench.execution import LocalExecutor, Task, Workplace, map_here, name_function


def test_every_task_leaves_its_piece_and_is_not_run_again(tmp_path):
    counter, executor = tmp_path / "counter", LocalExecutor(3)
    tasks = work.make_tasks(6, counter=counter)
    first = list(executor.map(tasks[:4], tmp_path))
    assert {outcome.key for outcome in first} == {task.key for task in tasks[:4]}
    assert not any(outcome.was_kept or outcome.failure for outcome in first)
    second = {outcome.key: outcome.was_kept for outcome in executor.map(tasks, tmp_path)}
    assert [second[task.key] for task in tasks] == [True] * 4 + [False] * 2
    assert sorted(counter.read_text().split()) == ["0", "1", "2", "3", "4", "5"]
    work.read_all(tmp_path, 6)


def test_a_refusal_is_an_outcome_and_a_mistake_of_ours_is_an_error(tmp_path):
    refused = Task("a", name_function(work.refuse), (7,))
    (outcome,) = LocalExecutor(2).map([refused], tmp_path)
    assert isinstance(outcome.failure, ChainFailed)
    assert outcome.failure.message == "sampling stopped: seed 7 is refused."
    with pytest.raises(ZeroDivisionError):
        list(LocalExecutor(2).map([Task("b", name_function(work.break_))], tmp_path))


class Busy:
    """How many processes tasks use at a time."""

    lock: ClassVar = threading.Lock()
    used = 0
    most = 0


def be_busy(place: Workplace) -> int:
    with Busy.lock:
        Busy.used += place.cores
        Busy.most = max(Busy.most, Busy.used)
    time.sleep(0.02)
    with Busy.lock:
        Busy.used -= place.cores
    return place.cores


def test_tasks_of_several_chains_do_not_take_more_cores_than_there_are(tmp_path):
    tasks = [
        Task(str(at), name_function(be_busy), cores=cores) for at, cores in enumerate([1, 4, 2, 9, 1, 2, 1])
    ]
    given = [outcome.record for outcome in LocalExecutor(4).map(tasks, tmp_path)]
    assert sorted(given) == [1, 1, 1, 2, 2, 4, 4]
    assert Busy.most == 4


def test_tasks_are_taken_as_there_is_room(tmp_path):
    taken = []

    def make():
        for task in work.make_tasks(50):
            taken.append(task.key)
            yield task

    outcomes: Any = LocalExecutor(2).map(make(), tmp_path)
    next(outcomes)
    assert len(taken) <= 5
    outcomes.close()


def test_a_function_without_a_name_is_refused():
    with pytest.raises(ValueError, match="cannot be found by its name"):
        name_function(lambda place: None)


def test_results_of_threads_come_in_order():
    assert list(map_here(lambda item: item * 2, range(20), 4)) == list(range(0, 40, 2))


def test_an_interrupt_ends_tasks_and_leaves_no_failure_as_a_result(tmp_path):
    tasks = [Task(str(at), name_function(work.wait_for_process), (str(tmp_path / "on"),)) for at in range(2)]
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    sender = threading.Timer(1, os.kill, (os.getpid(), signal.SIGINT))
    sender.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            list(LocalExecutor(2).map(tasks, tmp_path))
    finally:
        signal.signal(signal.SIGINT, previous)
        sender.join()
    assert [path.name for path in tmp_path.iterdir()] == ["on"]
