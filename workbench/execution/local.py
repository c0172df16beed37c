"""Work on this machine's cores: threads, each of which waits for processes of Stan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from workbench import process
from workbench.execution.executor import is_kept
from workbench.execution.task import Task, TaskOutcome, Workplace, run_task
from workbench.files import make_scratch

T = TypeVar("T")
R = TypeVar("R")

_POLL_SECONDS = 0.05
"""How often the processes of interrupted tasks are ended, until none is left [s]."""


class LocalExecutor:
    """Runs tasks on this machine.

    Parameters
    ----------
    cores
        Processes at a time.
    """

    def __init__(self, cores: int = 1) -> None:
        self.cores = max(1, cores)

    def map(self, tasks: Iterable[Task], folder: Path) -> Iterator[TaskOutcome]:
        """Run tasks in threads; yield what comes of each as it finishes."""
        waiting = iter(tasks)
        running: dict[Future[TaskOutcome], _Started] = {}
        task = next(waiting, None)
        with make_scratch() as scratch, ThreadPoolExecutor(self.cores) as pool:
            try:
                while running or task is not None:
                    while task is not None and self._has_room(task, running.values()):
                        if is_kept(task, folder):
                            yield TaskOutcome(task.key, was_kept=True)
                        else:
                            place = Workplace(folder, scratch, min(task.cores, self.cores))
                            shared = {value.key: value.value for value in task.shared}
                            work = process.Work()
                            running[pool.submit(self._run, work, task, place, shared)] = _Started(
                                work, place.cores
                            )
                        task = next(waiting, None)
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        del running[future]
                        yield future.result()
            except KeyboardInterrupt:
                _end(running)
                raise

    def _run(
        self, work: process.Work, task: Task, place: Workplace, shared: Mapping[str, Any]
    ) -> TaskOutcome:
        """Run a task in this thread."""
        return _run(work, task, place, shared)

    def _has_room(self, task: Task, running: Iterable[_Started]) -> bool:
        """Return whether a task can start beside those that run; one that wants every core runs alone."""
        used = sum(started.cores for started in running)
        return used + min(task.cores, self.cores) <= self.cores


@dataclass(frozen=True)
class _Started:
    """A task that runs."""

    work: process.Work
    cores: int


def _run(work: process.Work, task: Task, place: Workplace, shared: Mapping[str, Any]) -> TaskOutcome:
    with work.begin():
        return run_task(task, place, shared)


def map_here(function: Callable[[T], R], items: Iterable[T], cores: int) -> Iterator[R]:
    """Apply a function to items in threads of this process; results come in the order of the items.

    It is for work on values that are here already, in NumPy or SciPy, which let other threads run: to send
    the values elsewhere would take longer.
    """
    with ThreadPoolExecutor(max(1, cores)) as pool:
        yield from pool.map(function, items)


def _end(running: Mapping[Future[TaskOutcome], _Started]) -> None:
    """End all tasks, and their processes, until none is left."""
    for future, started in running.items():
        started.work.end()
        future.cancel()
    while not all(future.done() for future in running):
        process.kill_running()
        wait(running, timeout=_POLL_SECONDS)
